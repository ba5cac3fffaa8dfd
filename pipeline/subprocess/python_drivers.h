// What a stage of kind "python" runs: programs that hand documents to a function of a file and send its answers back. A
// function that raises ends the worker, with the exception as its last words.
#pragma once

namespace ftok {

// What each begins with: the function, of the file and by the name that are its arguments.
inline constexpr char kPythonFunction[] = R"python(
import sys
folders, sys.path = sys.path, [folder for folder in sys.path if folder]  # a json.py where the run began is not Python's
import importlib.util, json, os
from collections.abc import Mapping
answers = os.dup(1)
os.dup2(2, 1)  # what the file and the function print goes to standard error
path, name = sys.argv[1:3]
sys.path = folders
sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
stem = os.path.splitext(os.path.basename(path))[0]
spec = importlib.util.spec_from_file_location("stage_" + stem if stem in sys.modules else stem, path)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module  # where pickle and dataclasses look for it
spec.loader.exec_module(module)
function = getattr(module, name)
def refuse(made, expected):
    raise TypeError(f"{name} returned a value of type {type(made).__name__}, expected {expected}")
)python";

// The function gets a document as a dict.
inline constexpr char kPythonDriver[] = R"python(
answers = os.fdopen(answers, "w", encoding="utf-8")
def as_document(made, expected):
    if isinstance(made, str):
        return {"text": made}
    return dict(made) if isinstance(made, Mapping) else refuse(made, expected)
def answer_to(document):
    made = function(document)
    if made is None or made is True:
        return {}
    if made is False:
        return {"drop": "false"}
    if isinstance(made, list):
        return {"documents": [as_document(one, "a str or a dict in the list") for one in made]}
    return as_document(made, "None, a bool, a str, a list or a dict")
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
    if isinstance(made, Mapping):
        return pyarrow.record_batch(dict(made))
    if isinstance(made, list):
        return of_answers(made, batch)
    if isinstance(made, pyarrow.Table):
        return pyarrow.RecordBatch.from_struct_array(made.to_struct_array().combine_chunks())
    return made if isinstance(made, pyarrow.RecordBatch) else refuse(made, "None, True, a RecordBatch, a Table, a dict or a list of dicts")
def of_answers(made, batch):
    for answer in made:
        if not isinstance(answer, Mapping):
            refuse(answer, "a dict in the list")
    names = dict.fromkeys(name for answer in made for name in answer)  # from_pylist() takes the first one's alone
    if not names and len(made) == batch.num_rows:
        return batch.select(["n"])
    return pyarrow.record_batch({name: [answer.get(name) for answer in made] for name in names})
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
