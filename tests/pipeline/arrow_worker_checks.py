"""Stages of kind subprocess and python that speak Arrow, from the command line, with workers of pyarrow: the same corpus as from JSON Lines, how
workers may fail, and what streams made to do harm come to."""
import json
import os
import subprocess
import sys
import textwrap
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

require("pyarrow", "pyarrow", "arrow")

from own_stage import FTOK, ROOT, TEXT, StageChecks  # noqa: E402

# One worker that speaks both: `answer(document)` gives the members of an answer.
BOTH = '''
import json, os, random, sys, time
FIELDS = [("charm", "float64"), ("topic", "string"), ("tags", "list")]
{prelude}
def answer(document):
{body}
def lines():
    batch = []
    for line in sys.stdin:
        if line != "\\n":
            batch.append(json.loads(line))
            continue
        print("\\n".join(json.dumps(dict(n=document["n"], **answer(document))) for document in batch) + "\\n", flush=True)
        batch = []
def record_batches():
    import pyarrow as pa
    types = dict(float64=pa.float64(), string=pa.string(), list=pa.list_(pa.string()))
    fields = pa.struct([(name, types[kind]) for name, kind in FIELDS])
    made = [("text", pa.string()), ("language", pa.string()), ("language_score", pa.float64()), ("fields", fields)]
    schema = pa.schema([("n", pa.int64()), ("drop", pa.string()), ("value", pa.float64()), ("threshold", pa.float64()), ("detail", pa.string()),
                        *made, ("documents", pa.list_(pa.struct([("id", pa.string()), *made])))])
    with pa.ipc.open_stream(sys.stdin.buffer) as batches, pa.ipc.new_stream(sys.stdout.buffer, schema) as answers:
        for batch in batches:
            documents = [dict((k, v) for k, v in row.items() if v is not None) for row in batch.to_pylist()]
            rows = [dict(n=document["n"], **answer(document)) for document in documents]
            {order}
            answers.write_batch(pa.RecordBatch.from_pylist(rows, schema))
            sys.stdout.flush()
dict(jsonl=lines, arrow=record_batches)[sys.argv[1]]()
'''

# A worker of Arrow alone, whose `body` has each batch and writes to `out`.
RAW = '''
import os, random, struct, sys, time
import pyarrow as pa
from pyarrow import ipc
out = sys.stdout.buffer
def message(batch, options=None):
    """The bytes of a stream of one batch, without its end."""
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()[:-8]
{prelude}
for number, batch in enumerate(ipc.open_stream(sys.stdin.buffer)):
    n = batch["n"]
    rows = batch.num_rows
{body}
    out.flush()
'''

class Checks(StageChecks):
    def write(self, template, body, prelude="", order="", name="worker.py"):
        body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        (self.folder / name).write_text(template.format(prelude=textwrap.dedent(prelude), body=body, order=order))

    def recipe(self, mode="arrow", after="", stages='"own", "minhash"', **options):
        options = {"command": [sys.executable, "worker.py", mode], "format": mode, **options}
        lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
        (self.folder / "recipe.toml").write_text(f'stages = [{stages}]\n[dedup]\nscope = "off"\n[own]\nkind = "subprocess"\n' + "\n".join(lines) + "\n" + after)

    def raw(self, body, prelude="", **options):
        self.write(RAW, body, prelude)
        self.recipe(**options)

    def corpus(self, output):
        """The bytes of shards, texts and rejects."""
        folder = self.folder / output
        files = {str(p.relative_to(folder)): p.read_bytes() for p in [*folder.glob("ftok_*"), *(folder / "parts").glob("*.jsonl.zst")]}
        self.assertGreater(len(files), 1)
        return files

    ANSWERS = """
        i = int(document["id"][1:]) if document["id"][1:].isdigit() else 0
        fields = {"charm": i / 8, "topic": f"M\\u00fchle {i % 3}", "tags": [f"tag {j}" for j in range(i % 4)]}
        if i % 10 == 0: return {}
        if i % 10 == 1: return {"text": "Another text: \\u00fc, \\U0001f600, \\x00 and\\na second line."}
        if i % 10 == 2: return {"drop": "too_dull", "value": 0.25, "threshold": i, "detail": "so dull", "fields": fields}
        if i % 10 == 3: return {"fields": fields, "language": "de", "language_score": 1 / 3}
        if i % 10 == 4: return {"documents": []}
        if i % 10 == 5: return {"documents": [{"text": "only one"}]}
        if i % 10 == 6: return {"documents": [{"text": f"first {i}", "fields": fields}, {"id": f"mine {i}", "text": f"second {i}", "language": "fr"}, {"text": ""}]}
        if i % 10 == 7: return {"drop": "rest"}
        if i % 10 == 8: return {"fields": {"charm": None, "topic": None, "tags": []}, "text": document["text"] + document["text"]}
        return {"text": "".join(reversed(document["text"])), "fields": {"charm": float(len(document.get("fields", {}).get("tags", ())))}}"""
    FIELDS = dict(fields=["charm"], text_fields=["topic"], list_fields=["tags"])

    def test_the_same_corpus_as_from_json_lines(self):
        self.write(BOTH, self.ANSWERS)
        later = """
            fields = dict(document.get("fields") or {})
            if fields.get("charm") is not None: fields["charm"] = float(fields["charm"])
            if fields.get("topic") == "M\\u00fchle 2": return {"drop": "dull", "detail": ",".join(fields["tags"])}
            if fields.get("charm") is None and fields.get("tags") is None: return {}
            return {"text": document["text"] + json.dumps([fields.get("charm"), fields.get("topic"), fields.get("tags")])}"""
        self.write(BOTH, later, name="later.py")
        inputs = [{"id": f"d{i}", "text": TEXT.format(i), "url": f"https://mill.example/{i}" if i % 3 else "", "tags": ["given", str(i)]} for i in range(200)]
        (self.folder / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in inputs))
        runs = []
        for mode, threads, batch in (("jsonl", 1, 32), ("arrow", 1, 32), ("arrow", 4, 32), ("arrow", 2, 7)):
            after = f'[input]\nlist_fields = ["tags"]\n[later]\nkind = "subprocess"\nformat = "{mode}"\ncommand = ["{sys.executable}", "later.py", "{mode}"]\n'
            self.recipe(mode, after, stages='"own", "minhash", "dedup", "later"', batch=batch, **self.FIELDS)
            self.run_ftok(f"{mode}-{threads}-{batch}", "--threads", str(threads))
            runs.append(self.corpus(f"{mode}-{threads}-{batch}"))
        for other in runs[1:]:
            self.assertEqual(other, runs[0])
        kept = {line["id"]: line for line in self.lines("text", "arrow-4-32")}
        self.assertEqual((kept["d3"]["charm"], kept["d3"]["topic"], kept["d3"]["tags"], kept["d3"]["language"]), (0.375, "M\u00fchle 0", ["tag 0", "tag 1", "tag 2"], "de"))
        self.assertEqual(kept["d9"]["charm"], 2)  # its first stage saw the input's tags
        self.assertIn('["given", "0"]', kept["d0"]["text"])
        self.assertTrue({"d5#1", "d6#1", "mine 6"} <= kept.keys())
        reasons = {line["reason"] for line in self.lines("rejects", "arrow-4-32")}
        self.assertEqual(reasons, {"own.too_dull", "own.none", "own.rest", "text.empty", "later.dull"})

    def test_a_job_gives_the_same(self):
        self.write(BOTH, self.ANSWERS)
        self.recipe(**self.FIELDS)
        self.run_ftok("one")
        (self.folder / "list").write_text("in.jsonl\n")
        command = [FTOK, "plan", "--recipe", "recipe.toml", "--vocab", "ftok-4k", "--input-list", "list", "--output", "job", "--tasks", "1", "--rejects", "ids", "--quiet"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        subprocess.run([FTOK, "task", "job", "--all", "--quiet"], cwd=self.folder, check=True, capture_output=True)
        self.assertEqual({p.name: p.read_bytes() for p in (self.folder / "job").glob("ftok_*")}, {p.name: p.read_bytes() for p in (self.folder / "one").glob("ftok_*")})

    def test_rows_in_any_order_and_workers_of_random_delay(self):
        self.write(BOTH, 'time.sleep(random.random() * 0.01); return {"text": document["text"] + " Seen."}', order="random.shuffle(rows)")
        self.recipe(workers=4, batch=7)
        self.run_ftok("four", "--threads", "8")
        self.recipe("jsonl", workers=1, batch=7)
        self.run_ftok("one", "--threads", "1")
        self.assertEqual(self.corpus("four"), self.corpus("one"))

    def test_payloads(self):
        def record(kind, body):
            http = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n" + body
            return (b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:%d>\r\nWARC-Target-URI: http://mill.example/\r\n"
                    b"Content-Length: %d\r\n\r\n" % (len(body), len(http)) + http + b"\r\n\r\n")
        pdf = b"%PDF-1.4 " + bytes(range(256))
        (self.folder / "in.warc").write_bytes(record(b"application/pdf", pdf) + record(b"text/html", b"<p>A page with a text.</p>") +
                                              record(b"image/png", b"\x89PNG...") + record(b"application/pdf", b"%PDF-2"))
        self.write(BOTH, """
            import base64
            data = document["payload"] if isinstance(document["payload"], bytes) else base64.b64decode(document["payload"])
            assert document["type"] == "application/pdf" and "text" not in document
            return {"text": f"{len(data)} bytes, {sum(data)}"} if len(data) > 10 else {"drop": "needs_ocr"}""")
        for mode in ("arrow", "jsonl"):
            self.recipe(mode, stages='"own", "http", "extract", "minhash"', accepts=["application/pdf"])
            self.run_ftok(mode, inputs=("in.warc",))
        self.assertEqual([line["text"] for line in self.lines("text", "arrow")][0], f"{len(pdf)} bytes, {sum(pdf)}")
        self.assertEqual([line["reason"] for line in self.lines("rejects", "arrow")], ["own.needs_ocr"])
        self.assertEqual(self.corpus("arrow"), self.corpus("jsonl"))

    def test_what_streams_may_be(self):
        """Other widths, dictionaries that stay from batch to batch, compressed buffers, a stream for each batch, a schema before the first request."""
        column = '{"n": n, "text": pa.array([t + " Seen." for t in batch["text"].to_pylist()], pa.string())}'
        self.raw(f"out.write(message(pa.record_batch({column})) + b'\\xff\\xff\\xff\\xff\\0\\0\\0\\0')", batch=16)
        self.run_ftok("each")
        wanted = self.corpus("each")
        start = f"schema = pa.schema([('n', pa.int64()), ('text', pa.string())])\nstream = ipc.new_stream(out, schema{{}})"
        for name, prelude, body in (
                ("one", start.format(""), f"stream.write_batch(pa.record_batch({column}))"),
                ("zstd", start.format(", options=ipc.IpcWriteOptions(compression='zstd')"), f"stream.write_batch(pa.record_batch({column}))"),
                ("lz4", start.format(", options=ipc.IpcWriteOptions(compression='lz4')"), f"stream.write_batch(pa.record_batch({column}))"),
                ("wide", "schema = pa.schema([('n', pa.uint8()), ('text', pa.large_string())])\nstream = ipc.new_stream(out, schema)",
                 f"stream.write_batch(pa.record_batch({column}).cast(schema))"),
                ("early", "head = pa.schema([('n', pa.int64()), ('text', pa.string())]).serialize().to_pybytes()\nout.write(head)\nout.flush()",
                 f"out.write(pa.record_batch({column}).serialize().to_pybytes())"),
                ("words", "", f"out.write(message(pa.record_batch({{**{column}, 'text': pa.record_batch({column})['text'].dictionary_encode()}})))\n"
                              "out.write(b'\\xff\\xff\\xff\\xff\\0\\0\\0\\0')"),
                ("unnumbered", "", f"made = pa.record_batch({column}).select(['text'])\nout.write(message(made) + b'\\xff\\xff\\xff\\xff\\0\\0\\0\\0')")):
            with self.subTest(name):
                self.raw(body, prelude, batch=16)
                self.run_ftok(name)
                self.assertEqual(self.corpus(name), wanted)

    def test_dictionaries_and_lists(self):
        self.raw("""
            words = pa.DictionaryArray.from_arrays(pa.array([i % 3 if i % 4 else None for i in range(rows)], pa.int8()), pa.array(["rye", "oats", None]))
            tags = pa.array([["a", "b"][:i % 3] for i in range(rows)], pa.large_list(pa.large_string()))
            made = pa.record_batch({"n": n, "fields": pa.StructArray.from_arrays([words, tags, pa.nulls(rows)], ["topic", "tags", "charm"])})
            if number == 0: stream = ipc.new_stream(out, made.schema)
            stream.write_batch(made)""", batch=20, **self.FIELDS)
        self.run_ftok("out", "--threads", "1")
        kept = self.lines("text")
        self.assertEqual([line.get("topic") for line in kept[:8]], [None, "oats", None, "rye", None, None, "rye", "oats"])
        self.assertEqual([line["tags"] for line in kept[18:22]], [[], ["a"], [], ["a"]])
        self.assertFalse(any("charm" in line for line in kept))

    def test_a_worker_that_dies_is_started_again(self):
        self.raw("""
            made = message(pa.record_batch({"n": n, "text": pa.array([t + " Seen." for t in batch["text"].to_pylist()])}))
            for name, written in (("d40", b""), ("d120", made[:len(made) // 2])):
                if name in batch["id"].to_pylist() and not os.path.exists(name):
                    open(name, "w").close()
                    sys.stderr.write("out of luck\\n")
                    out.write(written)
                    out.flush()
                    os.kill(os.getpid(), 9)
            out.write(made + b"\\xff\\xff\\xff\\xff\\0\\0\\0\\0")""", batch=16)
        result = self.run_ftok("died", "--threads", "1")
        self.assertIn("own: the worker died (signal 9): out of luck, in the batch from document d32; the batch is repeated (restart 1)", result.stderr)
        self.assertIn("own: the worker died (signal 9) in the middle of its answer: out of luck, in the batch from document d112", result.stderr)
        self.run_ftok("lived", "--threads", "1")  # the files are there: nobody dies
        self.assertEqual(self.corpus("died"), self.corpus("lived"))
        self.raw('sys.exit("no more of this")', tries=2)
        self.fails("the worker died (exit code 1): no more of this, in the batch from document d", output="dead")

    def test_a_worker_that_hangs_stops_the_run_and_the_batch_is_repeated_later(self):
        self.raw("""
            made = message(pa.record_batch({"n": n}))
            if not os.path.exists("passed"):
                out.write(made[:-16])
                out.flush()
                time.sleep(600)
            out.write(made + b"\\xff\\xff\\xff\\xff\\0\\0\\0\\0")""", batch=16, timeout_s=1)
        self.fails("the worker has not answered for 1 s (timeout_s), in the batch from document d", output="hung")
        (self.folder / "passed").touch()
        self.recipe(batch=16)
        self.run_ftok("hung")
        self.run_ftok("whole")
        self.assertEqual(self.corpus("hung"), self.corpus("whole"))

    HOSTILE = {
        "text": ("out.write(b'I am well, thank you')", "not a stream of Arrow's record batches: \"I am well, thank you\""),
        "lines": ("out.write(b'{\"n\": 0}\\n\\n')", "not a stream of Arrow's record batches"),
        "metadata": ("out.write(b'\\xff\\xff\\xff\\xff' + struct.pack('<I', 1 << 30))", "a message whose metadata claim to have 1073741824 bytes"),
        "negative": ("out.write(b'\\xff\\xff\\xff\\xff' + struct.pack('<i', -8))", "a message whose metadata claim to have 4294967288 bytes"),
        "garbage": ("out.write(b'\\xff\\xff\\xff\\xff' + struct.pack('<I', 64) + bytes(range(64)))", "not what Arrow's streams hold"),
        "no schema": ("out.write(pa.record_batch({'n': n}).serialize().to_pybytes())", "a stream that does not begin with a schema"),
        "two schemas": ("out.write(2 * batch.schema.serialize().to_pybytes())", "a second schema in one stream"),
        "no rows": ("out.write(message(pa.record_batch({'n': n.slice(0, 0)})))", "an answer of 0 rows to 8 documents"),
        "few rows": ("out.write(message(pa.record_batch({'n': n.slice(1)})))", "an answer of 7 rows to 8 documents"),
        "many rows": ("out.write(message(pa.record_batch([pa.Array.from_buffers(pa.null(), 1 << 40, [None])], ['text']), ipc.IpcWriteOptions(allow_64bit=True)))", "an answer of 1099511627776 rows to 8 documents"),
        "twice": ("out.write(message(pa.record_batch({'n': pa.array([0] * rows)})))", "a second answer to document 0"),
        "unknown": ("out.write(message(pa.record_batch({'n': pa.array(range(1, rows + 1))})))", "an answer to document 8, which the batch does not have"),
        "below": ("out.write(message(pa.record_batch({'n': pa.array(range(-1, rows - 1))})))", 'an answer without a number "n"'),
        "null": ("out.write(message(pa.record_batch({'n': pa.nulls(rows, pa.int64())})))", 'an answer without a number "n"'),
        "words": ("out.write(message(pa.record_batch({'n': pa.array(['a'] * rows)})))", 'an answer without a number "n": row 0 of n: string'),
        "type": ("out.write(message(pa.record_batch({'n': n, 'text': pa.array([1.5] * rows)})))", '"text" is not a string: row 0 of n: int64, text: double'),
        "binary": ("out.write(message(pa.record_batch({'n': n, 'text': pa.array([b'x'] * rows)})))", '"text" is not a string'),
        "reason": ("out.write(message(pa.record_batch({'drop': pa.array(['No Reason'] * rows)})))", '"drop" is not a reason'),
        "number": ("out.write(message(pa.record_batch({'language_score': pa.array(['much'] * rows)})))", '"language_score" is not a number'),
        "truth": ("out.write(message(pa.record_batch({'language_score': pa.array([True] * rows)})))", '"language_score" is not a number'),
        "infinite": ("out.write(message(pa.record_batch({'language_score': pa.array([float('inf')] * rows)})))", '"language_score" is not a finite number'),
        "fields": ("out.write(message(pa.record_batch({'fields': pa.array([1] * rows)})))", '"fields" is not an object'),
        "field": ("out.write(message(pa.record_batch({'fields': pa.array([{'beauty': 1.0}] * rows)})))", 'a field "beauty", which the recipe does not name'),
        "tags": ("out.write(message(pa.record_batch({'fields': pa.array([{'tags': ['a', None]}] * rows)})))", '"tags" is not a list of strings'),
        "documents": ("out.write(message(pa.record_batch({'documents': pa.array([['a']] * rows)})))", '"documents" is not a list of documents'),
        "no document": ("out.write(message(pa.record_batch({'documents': pa.array([[{'text': 'a'}, None]] * rows)})))", '"documents" is not a list of documents'),
        "utf-8": ("made = pa.Array.from_buffers(pa.string(), rows, [None, *pa.array([b'\\xff'] * rows, pa.binary()).buffers()[1:]])\n"
                  "out.write(message(pa.record_batch({'text': made})))", "not what Arrow's streams hold", "UTF8"),
        "offsets": ("made = message(pa.record_batch({'text': pa.array(['four'] * rows)}))\n"
                    "out.write(made.replace(struct.pack('<2i', 4 * rows - 4, 4 * rows), struct.pack('<2i', 4 * rows - 4, 1 << 30)))", "not what Arrow's streams hold"),
        "index": ("made = pa.DictionaryArray.from_arrays(pa.array([7] * rows, pa.int8()), pa.array(['rye']), safe=False)\n"
                  "out.write(message(pa.record_batch({'text': made})))", "not what Arrow's streams hold"),
        "two batches": ("out.write(message(pa.record_batch({'n': n})) + pa.record_batch({'n': n}).serialize().to_pybytes())", "answered without being asked"),
        "behind": ("out.write(message(pa.record_batch({'n': n})) + b'\\n')", "not a stream of Arrow's record batches"),
        "endless": ("out.write(message(pa.record_batch({'text': pa.array(['x' * 300000] * rows)})))", "a message that claims to have"),
        "many messages": ("out.write(100 * (batch.schema.serialize().to_pybytes() + b'\\xff\\xff\\xff\\xff\\0\\0\\0\\0'))", "an answer of too many messages"),
        "dictionary": ("made = pa.array([str(i) * 20 for i in range(9000)]).dictionary_encode()\n"
                       "made = pa.DictionaryArray.from_arrays(pa.array([0] * rows), made.dictionary)\n"
                       "out.write(message(pa.record_batch({'text': made})))", "a dictionary of", "at most 131072 are read (a sixteenth of answer_bytes_max)"),
        "dictionaries": ("made = pa.array(['a'] * rows).dictionary_encode()\n"
                         "out.write(message(pa.record_batch([made] * 17, [f'c{i}' for i in range(17)])))", "17 columns with a dictionary; at most 16 are read"),
    }

    def test_streams_made_to_do_harm(self):
        for name, (body, *expected) in self.HOSTILE.items():
            with self.subTest(name):
                self.raw(body, batch=8, answer_bytes_max=2 << 20, **self.FIELDS)
                self.fails("in the batch from document d0", *expected, output=name, arguments=("--threads", "1"))

    def test_a_dictionary_that_grows(self):
        self.raw("""
            made = pa.record_batch({"n": n, "detail": pa.array([f"word {i + number * rows}" for i in range(rows)]).dictionary_encode()})
            if number == 0: words, stream = [], ipc.new_stream(out, made.schema, options=ipc.IpcWriteOptions(emit_dictionary_deltas=True))
            words += [f"word {i + number * rows}" for i in range(rows)]
            grown = pa.DictionaryArray.from_arrays(pa.array(range(rows), pa.int32()), pa.array(words))
            stream.write_batch(pa.record_batch({"n": n, "detail": grown}))""", batch=8)
        self.fails("in the batch from document d8: a dictionary that adds to an earlier one", arguments=("--threads", "1"))

    def test_bombs(self):
        """What unpacks, or is written out from a dictionary, to gigabytes: one line, and no gigabytes."""
        bombs = {
            "zstd": ("made = pa.record_batch({'text': pa.array(['x' * (1 << 20)] * rows)})\n"
                     "out.write(message(made, options=ipc.IpcWriteOptions(compression='zstd')))", "answers of more than 4194304 bytes once unpacked (answer_bytes_max)"),
            "claim": ("made = bytearray(message(pa.record_batch({'text': pa.array(['x' * 9999] * rows)}), options=ipc.IpcWriteOptions(compression='zstd')))\n"
                      "at = made.index(struct.pack('<q', 9999 * rows))\n"
                      "made[at:at + 8] = struct.pack('<q', 1 << 60)\n"
                      "out.write(made)", "answers of more than 4194304 bytes once unpacked (answer_bytes_max)"),
            "words": ("made = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array(['x' * 200000]))\n"
                      "out.write(message(pa.record_batch({'text': made})))", "answers of more than 4194304 bytes once dictionaries are written out (answer_bytes_max)"),
            "documents": ("many = pa.ListArray.from_arrays(pa.array([i << 24 for i in range(rows + 1)], pa.int32()),\n"
                          "    pa.StructArray.from_arrays([pa.nulls(rows << 24)], ['text']))\n"
                          "out.write(message(pa.record_batch({'documents': many})))", "answers of more than 4194304 bytes"),
        }
        for name, (body, expected) in bombs.items():
            with self.subTest(name):
                self.raw(body, batch=64, answer_bytes_max=4 << 20)
                command = [FTOK, "run", "--recipe", "recipe.toml", "--vocab", "ftok-4k", "--output", name, "--quiet", "--threads", "1", "--input", "in.jsonl"]
                with open(self.folder / "errors", "w+") as errors:
                    process = subprocess.Popen(command, cwd=self.folder, stderr=errors)
                    _, status, usage = os.wait4(process.pid, 0)
                    process.returncode = os.waitstatus_to_exitcode(status)
                    errors.seek(0)
                    said = errors.read()
                self.assertEqual((process.returncode, len(said.splitlines())), (1, 1), said)
                self.assertIn(expected, said)
                if "FTOK_SANITIZED" not in os.environ:
                    self.assertLess(usage.ru_maxrss, 300 << 10, said)  # KiB; of the workers too, whose pyarrow has 100 MB

    def test_answers_are_kept_where_a_store_is(self):
        self.raw("""
            made = pa.array([str(random.random()) for _ in range(rows)]).dictionary_encode()
            made = pa.record_batch({"n": n, "text": made})
            if number == 0: stream = ipc.new_stream(out, made.schema)
            stream.write_batch(made)""", store="store", batch=16)
        self.run_ftok("first")
        self.run_ftok("second", "--threads", "1")
        self.assertEqual(self.corpus("first"), self.corpus("second"))
        self.assertEqual({p.suffix for p in (self.folder / "store").rglob("*") if p.is_file()}, {".arrows"})
        (self.folder / "worker.py").write_text((self.folder / "worker.py").read_text() + "# another\n")
        self.run_ftok("other")
        self.assertNotEqual(self.corpus("first"), self.corpus("other"))

    def test_python(self):
        (self.folder / "own.py").write_text(textwrap.dedent('''
            import pyarrow as pa
            import pyarrow.compute as pc
            def process(batch):
                print("not an answer")
                first = int(batch["id"][0].as_py()[1:])
                if first == 0: return None
                if first == 8: return batch.select(["n"]).append_column("text", pc.utf8_upper(batch["text"]))
                if first == 16: return {"drop": pa.array(["even" if i % 2 == 0 else None for i in range(len(batch))])}
                if first == 24: return [{"n": n, "documents": [{"text": f"one {n}"}, {"text": f"two {n}"}]} for n in batch["n"].to_pylist()]
                return pa.Table.from_batches([batch.select(["n"])]).append_column("drop", pa.array(["late"] * len(batch)))
            def fails(batch):
                raise ValueError("not this one")'''))
        recipe = f'stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\nkind = "python"\nformat = "arrow"\nbatch = 8\nfile = "own.py"\npython = "{sys.executable}"\n'
        (self.folder / "recipe.toml").write_text(recipe)
        self.run_ftok("out", "--threads", "1")
        texts = [line["text"] for line in self.lines("text")]
        self.assertEqual(texts[:9], [TEXT.format(i) for i in range(8)] + ["DOCUMENT 8 OF THE MILL, AND A FEW MORE WORDS."])
        self.assertEqual(texts[16:], [TEXT.format(i) for i in range(17, 24, 2)] + [f"{word} {n}" for n in range(8) for word in ("one", "two")])
        self.assertEqual({line["reason"] for line in self.lines("rejects")}, {"own.even", "own.late"})
        (self.folder / "recipe.toml").write_text(recipe + 'function = "fails"\n')
        self.fails("ValueError: not this one", output="raised")

    def python_recipe(self, body, **options):
        (self.folder / "own.py").write_text(textwrap.dedent(body))
        options = {"kind": "python", "format": "arrow", "file": "own.py", "python": sys.executable, **options}
        (self.folder / "recipe.toml").write_text('stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\n' +
                                                 "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items()))

    def test_answers_as_dicts_of_different_members(self):
        self.documents([TEXT.format(i) for i in range(8)])
        self.python_recipe("""
            def process(batch):
                answers = [{}, {"drop": "dull", "value": 1}, {"fields": {"charm": 0.5}}, {"fields": {"topic": "rye"}}, {"text": "Another text of the mill."},
                           {"documents": [{"text": "The first of two."}, {"id": "mine", "text": "The second of two."}]}, {}, {"drop": "late", "value": 2.5}]
                return answers if batch["id"][0].as_py() == "d0" else [{} for _ in range(len(batch))]""", fields=["charm"], text_fields=["topic"])
        self.run_ftok()
        kept = {line["id"]: line for line in self.lines("text")}
        self.assertEqual(list(kept), ["d0", "d2", "d3", "d4", "d5#1", "mine", "d6"])
        self.assertEqual((kept["d2"]["charm"], kept["d3"]["topic"], kept["d4"]["text"]), (0.5, "rye", "Another text of the mill."))
        self.assertEqual([(line["id"], line["reason"], line["value"]) for line in self.lines("rejects")], [("d1", "own.dull", 1), ("d7", "own.late", 2.5)])
        self.documents(["Only one, of which nothing is said."])
        self.python_recipe("def process(batch): return [{}]")
        self.run_ftok("nothing")
        self.assertEqual(len(self.lines("text", "nothing")), 1)

    def test_what_a_function_may_not_return(self):
        for name, made, says in (("str", '"a text"', "process returned a value of type str, expected None, True, a RecordBatch, a Table, a dict or a list of dicts"),
                                 ("rows", '["a text"]', "process returned a value of type str, expected a dict in the list"),
                                 ("generator", "(answer for answer in [{}])", "process returned a value of type generator")):
            with self.subTest(name):
                self.python_recipe(f"def process(batch): return {made}", tries=1)
                self.fails(says, output=name)

    def test_refused(self):
        """A build without Arrow, and a format that there is not."""
        self.write(BOTH, "return {}")
        self.recipe()
        alone = self.folder / "bin" / "ftok"
        alone.parent.mkdir()
        alone.write_bytes(Path(FTOK).read_bytes())
        alone.chmod(0o755)
        for program, mode, says in ((alone, "arrow", 'own.format: "arrow" needs Arrow, and this ftok was built without it: build it with FTOK_ARROW=ON'),
                                    (FTOK, "arow", "own.format")):
            self.recipe(mode)
            done = self.run_ftok("none", code=2, program=program)
            self.assertIn(says, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertFalse((self.folder / "none").exists())
        self.recipe("jsonl")
        self.run_ftok("lines", program=alone)

    def test_what_is_bound(self):
        self.write(BOTH, "return {}")
        self.recipe()
        self.run_ftok()
        self.recipe(format="jsonl", command=[sys.executable, "worker.py", "arrow"])
        self.assertIn("format", self.run_ftok(code=2).stderr)

    def test_the_example(self):
        """examples/stages/digits.py, of either kind."""
        self.documents(["The mill grinds rye.", "10 20 30 40 50 60 rye", "Built in 1850 by two brothers, who came from the valley."])
        stage = str(ROOT / "examples" / "stages" / "digits.py")
        self.recipe(command=[sys.executable, stage], fields=["digits"])
        self.run_ftok("subprocess")
        self.assertEqual([(line["id"], round(line["digits"], 3)) for line in self.lines("text", "subprocess")], [("d0", 0), ("d2", 0.071)])
        self.assertEqual([(line["id"], line["reason"], line["threshold"]) for line in self.lines("rejects", "subprocess")], [("d1", "own.digits", 0.2)])
        (self.folder / "recipe.toml").write_text(
            f'stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\nkind = "python"\nformat = "arrow"\nfile = "{stage}"\npython = "{sys.executable}"\nfields = ["digits"]\n')
        self.run_ftok("python")
        self.assertEqual(self.corpus("python"), self.corpus("subprocess"))


if __name__ == "__main__":
    unittest.main()
