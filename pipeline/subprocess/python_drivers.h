// What a stage of kind "python" runs: programs that hand documents to a function of a file and send its answers back. A
// function that raises ends the worker, with the exception as its last words.
#pragma once

namespace ftok {

// What each begins with: the function, of the file and by the name that are its arguments.
inline constexpr char kPythonFunction[] = R"python(
import importlib.util, os, sys
answers = os.dup(1)
os.dup2(2, 1)  # what the file and the function print goes to standard error
path, name = sys.argv[1:3]
sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
function = getattr(module, name)
)python";

// The function gets a document as a dict.
inline constexpr char kPythonDriver[] = R"python(
import json
answers = os.fdopen(answers, "w", encoding="utf-8")
def as_document(made):
    return {"text": made} if isinstance(made, str) else made
def answer_to(document):
    made = function(document)
    if made is None or made is True:
        return {}
    if isinstance(made, list):
        return {"documents": [as_document(one) for one in made]}
    return {"drop": "false"} if made is False else dict(as_document(made))
for line in open(0, encoding="utf-8"):
    if line == "\n":
        answers.write("\n")
        answers.flush()
        continue
    document = json.loads(line)
    n = document.pop("n")
    answers.write(json.dumps({"n": n, **answer_to(document)}) + "\n")
)python";

// The function gets a batch as a pyarrow.RecordBatch.
inline constexpr char kPythonArrowDriver[] = R"python(
import pyarrow
from pyarrow import ipc
answers = os.fdopen(answers, "wb")
def as_batch(made, batch):
    if made is None or made is True:
        return batch.select(["n"])
    if isinstance(made, dict):
        return pyarrow.record_batch(made)
    if isinstance(made, list):
        return pyarrow.RecordBatch.from_pylist(made)
    if isinstance(made, pyarrow.Table):
        return made.combine_chunks().to_batches()[0]
    return made
stream, schema = None, None
for batch in ipc.open_stream(os.fdopen(0, "rb")):
    made = as_batch(function(batch), batch)
    if made.schema != schema:
        if stream is not None:
            stream.close()
        schema = made.schema
        stream = ipc.new_stream(answers, schema)
    stream.write_batch(made)
    answers.flush()
)python";

}  // namespace ftok
