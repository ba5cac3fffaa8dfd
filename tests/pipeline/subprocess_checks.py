"""Stages of kind subprocess and python, from the command line: what workers may answer, in what order and at what pace, how they may
fail, and that the bytes are the same however they do."""
import http.server
import json
import os
import struct
import subprocess
import tempfile
import textwrap
import threading
import unittest
from pathlib import Path

from own_stage import FTOK, StageChecks

# A worker: `answer(document)` gives the members of an answer; what stands before it is the test's.
WORKER = '''
import json, os, random, sys, time
{prelude}
def answer(document):
{body}
batch = []
for line in sys.stdin:
    if line != "\\n":
        batch.append(json.loads(line))
        continue
    answers = [json.dumps(dict(n=document["n"], **answer(document))) for document in batch]
    {order}
    print("\\n".join(answers) + "\\n", flush=True)
    batch = []
'''


class Subprocess(StageChecks):
    def worker(self, body, prelude="", order="", name="worker.py"):
        body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
        (self.folder / name).write_text(WORKER.format(prelude=textwrap.dedent(prelude), body=body, order=order))
        return ["python3", "-S", name]

    def recipe(self, command, after="", **options):
        lines = [f"{key} = {json.dumps(value)}" for key, value in {"command": command, **options}.items()]
        (self.folder / "recipe.toml").write_text('stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\nkind = "subprocess"\n' + "\n".join(lines) + "\n" + after)

    def shards(self, output):
        return {p.name: p.read_bytes() for p in sorted((self.folder / output).glob("ftok_*"))}

    def test_answers(self):
        self.recipe(self.worker("""
            i = int(document["id"][1:])
            if i == 0: return {}
            if i == 1: return {"text": "Another text: \\u00fc, \\U0001f600 and\\na second line."}
            if i == 2: return {"drop": "too_dull", "value": 0.25, "threshold": 0.5, "detail": "so dull"}
            if i == 3: return {"fields": {"charm": 0.75}, "language": "de", "language_score": 0.5}
            if i == 4: return {"documents": []}
            if i == 5: return {"documents": [{"text": "only one"}]}
            if i == 6: return {"documents": [{"text": "first"}, {"id": "mine", "text": "second", "fields": {"charm": 1}}, {"text": ""}]}
            return {"drop": "rest"}"""), fields=["charm"])
        self.run_ftok()
        kept = {line["id"]: line for line in self.lines("text")}
        self.assertEqual(list(kept), ["d0", "d1", "d3", "d5#1", "d6#1", "mine"])
        self.assertEqual(kept["d0"]["text"], "Document 0 of the mill, and a few more words.")
        self.assertEqual(kept["d1"]["text"], "Another text: \u00fc, \U0001f600 and\na second line.")
        self.assertEqual((kept["d3"]["charm"], kept["d3"]["language"], kept["d3"]["language_score"]), (0.75, "de", 0.5))
        self.assertNotIn("charm", kept["d0"])
        self.assertEqual((kept["mine"]["text"], kept["mine"]["charm"], kept["mine"]["file_path"]), ("second", 1, "in.jsonl"))
        rejects = {line["id"]: line for line in self.lines("rejects")}
        self.assertEqual([rejects["d2"][k] for k in ("reason", "value", "threshold", "detail")], ["own.too_dull", 0.25, 0.5, "so dull"])
        self.assertEqual(rejects["d4"]["reason"], "own.none")
        self.assertEqual(rejects["d6#3"]["reason"], "text.empty")
        totals = json.loads((self.folder / "out/manifest.json").read_text())["totals"]
        self.assertEqual((totals["records"], totals["kept"], totals["dropped"]["own.rest"]), (202, 6, 193))

    FIELDS = """
        i = int(document["id"][1:])
        fields = {"charm": i / 8, "topic": f"Mühle {i % 3}", "tags": [f"tag {j}" for j in range(i % 4)]}
        if i % 5 == 0: return {"fields": {"charm": None, "topic": None, "tags": None}}
        if i % 5 == 1: return {"documents": [{"text": f"First {i}.", "fields": fields}, {"text": f"Second {i}."}]}
        return {"fields": fields}"""

    def fields_recipe(self, more=""):
        """One stage gives fields, a later one sees them, changes one and drops some."""
        (self.folder / "later.py").write_text(textwrap.dedent('''
            def process(document):
                fields = document.get("fields", {})
                if fields.get("topic") == "Mühle 2":
                    return {"drop": "dull", "detail": ",".join(fields["tags"]), "fields": {"tags": ["dull"]}}
                return {"fields": {"tags": fields["tags"][::-1] + ["seen"]}} if "tags" in fields else None'''))
        command = json.dumps(self.worker(self.FIELDS))
        (self.folder / "recipe.toml").write_text(textwrap.dedent('''
            stages = ["own", "minhash", "dedup", "later"]
            [own]
            kind = "subprocess"
            command = COMMAND
            fields = ["charm"]
            text_fields = ["topic"]
            list_fields = ["tags"]
            [dedup]
            scope = "off"
            [later]
            kind = "python"
            file = "later.py"
            list_fields = ["tags"]
            ''').replace("COMMAND", command) + more)

    def part_bytes(self, output):
        return {p.name: p.read_bytes() for p in sorted((self.folder / output / "parts").glob("*.jsonl.zst"))}

    def test_fields_of_texts_and_lists(self):
        self.fields_recipe()
        self.run_ftok("one", "--threads", "1")
        kept = {line["id"]: line for line in self.lines("text", "one")}
        rejects = {line["id"]: line for line in self.lines("rejects", "one")}
        self.assertEqual({k: kept["d7"][k] for k in ("charm", "topic", "tags")}, {"charm": 0.875, "topic": "Mühle 1", "tags": ["tag 2", "tag 1", "tag 0", "seen"]})
        self.assertEqual(list(kept["d7"])[-4:], ["charm", "topic", "tags", "token_count"])
        self.assertEqual(kept["d4"]["tags"], ["seen"])
        self.assertFalse({"charm", "topic", "tags"} & set(kept["d15"]))  # null is no field
        self.assertEqual((kept["d1#1"]["topic"], "topic" in kept["d1#2"]), ("Mühle 1", False))
        dropped = rejects["d2"]  # with its fields, also those of the stage that dropped it
        self.assertEqual([dropped[k] for k in ("reason", "charm", "topic", "tags", "detail")], ["later.dull", 0.25, "Mühle 2", ["dull"], "tag 0,tag 1"])
        self.run_ftok("many", "--threads", "4")
        self.assertEqual(self.part_bytes("many"), self.part_bytes("one"))
        self.assertEqual(self.shards("many"), self.shards("one"))
        self.a_job_gives("one")
        for stage in ("own", "dedup"):
            self.run_ftok(f"first-{stage}", "--stop-after", stage)
            parts = [str(p) for p in sorted((self.folder / f"first-{stage}" / "parts").glob("*.text.jsonl.zst"))]
            self.run_ftok(f"second-{stage}", "--start-after", stage, inputs=parts)
            self.assertEqual(self.lines("text", f"second-{stage}"), self.lines("text", "one"), stage)

    def a_job_gives(self, output):
        (self.folder / "list").write_text("in.jsonl\n")
        command = [FTOK, "plan", "--recipe", "recipe.toml", "--vocab", "ftok-4k", "--input-list", "list", "--output", "job", "--tasks", "1",
                   "--rejects", "ids", "--quiet", "--json"]
        passes = json.loads(subprocess.run(command, cwd=self.folder, capture_output=True, check=True).stdout)["passes"]
        for each in passes:
            for index in range(each["tasks"]):
                subprocess.run([FTOK, "task", "job", each["name"], str(index), "--quiet"], cwd=self.folder, capture_output=True, check=True)
        for kind in ("text", "rejects"):
            self.assertEqual(self.part_bytes("job")[f"000000.{kind}.jsonl.zst"], self.part_bytes(output)[f"000000.{kind}.jsonl.zst"], kind)
        self.assertEqual(self.shards("job"), self.shards(output))

    def test_fields_of_the_inputs(self):
        self.fields_recipe()
        self.run_ftok("one")
        text = next((self.folder / "one" / "parts").glob("*.text.jsonl.zst"))
        (self.folder / "recipe.toml").write_text('stages = ["minhash"]\n[dedup]\nscope = "off"\n[input]\nfields = ["charm"]\ntext_fields = ["topic"]\nlist_fields = ["tags"]\n')
        self.run_ftok("again", inputs=[str(text)])
        fields = ("id", "text", "charm", "topic", "tags")
        self.assertEqual([{k: line.get(k) for k in fields} for line in self.lines("text", "again")],
                         [{k: line.get(k) for k in fields} for line in self.lines("text", "one")])
        odd = [{"charm": "a", "topic": 7, "tags": ["b", None, "c"]}, {"tags": ["b", 8], "topic": ["b"], "charm": None}, {"tags": [], "topic": "", "charm": 1}]
        (self.folder / "in.jsonl").write_text("".join(json.dumps({"id": f"o{i}", "text": f"Text {i} of the mill.", **line}) + "\n" for i, line in enumerate(odd)))
        self.run_ftok("odd")
        self.assertEqual([{k: line[k] for k in ("charm", "topic", "tags") if k in line} for line in self.lines("text", "odd")],
                         [{"topic": "7", "tags": ["b", "c"]}, {}, {"tags": [], "topic": "", "charm": 1}])

    def test_fields_that_are_refused(self):
        for more, says in (('[input]\ntext_fields = ["tags"]', "the field tags is both a list and a single value"),
                           ('[input]\nfields = ["topic"]', "the field topic is both a text and a number"),
                           ('[input]\nfields = ["a b"]', 'input.fields: got "a b", expected names of letters, digits and _ that no document has'),
                           ('text_fields = ["reason"]', 'later.text_fields: got "reason", expected names'),
                           ('fields = ["tags"]', "the field tags is both a list and a single value"),
                           ('[input]\ntext_fields = ["topic", "topic"]', 'input.text_fields: "topic" is listed twice')):
            with self.subTest(says):
                self.fields_recipe(more)
                done = self.run_ftok("none", code=2)
                self.assertIn(says, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)
                self.assertFalse((self.folder / "none").exists())

    def test_order_with_four_workers_of_random_delay(self):
        self.recipe(self.worker('time.sleep(random.random() * 0.01); return {"text": document["text"] + " Seen."}',
                                order="random.shuffle(answers)"), workers=4, batch=7)
        self.run_ftok("four", "--threads", "8")
        self.recipe(["python3", "-S", "worker.py"], workers=1, batch=7)
        self.run_ftok("one", "--threads", "1")
        self.assertEqual([line["id"] for line in self.lines("text", "four")], [f"d{i}" for i in range(200)])
        self.assertEqual(self.shards("four"), self.shards("one"))

    def test_a_worker_that_dies_is_started_again(self):
        die_once = """
            if document["id"] in ("d40", "d120") and not os.path.exists(document["id"]):
                open(document["id"], "w").close()
                sys.stderr.write("out of luck\\n")
                os.kill(os.getpid(), 9)
            return {"text": document["text"] + " Seen."}"""
        self.recipe(self.worker(die_once), batch=16)
        result = self.run_ftok("died", "--threads", "1")
        self.assertEqual(result.stderr.count("own: the worker died (signal 9): out of luck, in the batch from document"), 2, result.stderr)
        self.assertIn("(restart 2)", result.stderr)
        self.run_ftok("lived", "--threads", "1")  # the files are there: nobody dies
        self.assertEqual(self.shards("died"), self.shards("lived"))

        self.recipe(self.worker('sys.exit("no more of this")'), tries=2)
        self.fails("the worker died (exit code 1): no more of this, in the batch from document d", output="dead")
        self.recipe(["no-such-program"])
        subprocess_error = self.run_ftok("none", code=1).stderr
        self.assertIn("cannot start no-such-program: No such file", subprocess_error)

    def test_a_line_that_is_no_answer_is_told_at_once(self):
        # The worker never ends its answer, and would have an hour.
        speak = """
            print({line!r}, flush=True)
            time.sleep(3600)"""
        for line in ("Loading the model ...", '{"n": 0', "[1]"):
            self.recipe(self.worker(speak.format(line=line)), batch=16, timeout_s=3600)
            self.fails("an answer that is not a JSON object: " + line, output=f"out{len(line)}", seconds=60)

    def test_answers_without_the_empty_line(self):
        self.recipe(self.worker("return {}", order='sys.stdout.write("\\n".join(answers) + "\\n"); sys.stdout.flush(); time.sleep(3600)'),
                    batch=16, timeout_s=1)
        self.fails("has not answered for 1 s (timeout_s): 16 lines of an answer came, and no empty line to end it", output="open", seconds=60)

    def test_a_worker_that_hangs_stops_the_run_and_the_batch_is_repeated_later(self):
        hang = """
            if document["id"] == "d100" and not os.path.exists("passed"): time.sleep(600)
            return {"text": document["text"] + " Seen."}"""
        self.recipe(self.worker(hang), batch=16, timeout_s=1)
        self.fails("the worker has not answered for 1 s (timeout_s), in the batch from document d96", output="hung", seconds=30)
        (self.folder / "passed").touch()
        self.run_ftok("hung")
        self.run_ftok("whole")
        self.assertEqual(self.shards("hung"), self.shards("whole"))

    def test_answers_that_are_none(self):
        good = 'return {"text": "x"}'
        for name, order, expected in (
                ("twice", "answers.append(answers[0])", "a second answer to document 0"),
                ("missing", "answers.pop(3)", "no answer to document 3"),
                ("unknown", 'answers.append(json.dumps(dict(n=99)))', "an answer to document 99, which the batch does not have"),
                ("garbage", 'answers.append("I am well, thank you")', "an answer that is not a JSON object: I am well"),
                ("unnumbered", 'answers.append("{}")', 'an answer without a number "n"'),
                ("chatty", 'answers.append("\\n{}")', "answered without being asked"),
                ("endless", 'answers = ["x" * 5000]', "answered with more than 4000 bytes (answer_bytes_max)")):
            with self.subTest(name):
                self.recipe(self.worker(good, order=order), batch=8, answer_bytes_max=4000)
                self.fails(expected, output=name, arguments=("--threads", "1"))
        for name, body, expected in (
                ("number", '{"charm": "much"}', '"charm" is not a number'), ("words", '{"topic": ["mill"]}', '"topic" is not a string'),
                ("list", '{"tags": "mill"}', '"tags" is not a list of strings'), ("mixed", '{"tags": ["mill", 7]}', '"tags" is not a list of strings')):
            with self.subTest(name):
                self.recipe(self.worker(f'return {{"fields": {body}}}'), fields=["charm"], text_fields=["topic"], list_fields=["tags"])
                self.fails(expected, output=name)
        beyond = '"charm" is not a number, or none that 64 bits hold'
        for name, body, expected in (
                ("nan", '{"charm": float("nan")}', beyond), ("infinite", '{"charm": float("inf")}', beyond), ("large", '{"charm": 1 << 64}', beyond),
                ("no text", '{"topic": float("nan")}', '"topic" is not a string'), ("no list", '{"tags": float("nan")}', '"tags" is not a list of strings'),
                ("not in a list", '{"tags": ["mill", 1 << 64]}', '"tags" is not a list of strings')):
            with self.subTest(name):
                self.recipe(self.worker(f'return {{"fields": {body}}}'), fields=["charm"], text_fields=["topic"], list_fields=["tags"])
                self.fails(expected, output=name)
        for name, body, expected in (
                ("value", 'return {"drop": "dull", "value": float("nan")}', '"value" is not a number'), ("score", 'return {"language_score": 1 << 70}', '"language_score" is not a number'),
                ("reason", 'return {"drop": "No Reason"}', '"drop" is not a reason'), ("text", 'return {"text": 7}', '"text" is not a string'),
                ("field", 'return {"fields": {"charm": 1}}', 'a field "charm", which the recipe does not name in fields, text_fields or list_fields')):
            with self.subTest(name):
                self.recipe(self.worker(body))
                self.fails(expected, output=name)

    def test_members_that_nobody_reads_and_members_twice(self):
        """The last of one name counts, and what the protocol does not name may be anything."""
        self.recipe(self.worker('return {"mood": float("nan"), "count": 1 << 80}', order="""answers = [
        '{"text": "first", "n": 999, "fields": {"charm": 1, "charm": null}, ' + answer[1:-1] + ', "text": "Last."}' for answer in answers]"""), fields=["charm"])
        self.run_ftok()
        self.assertEqual({line["text"] for line in self.lines("text")}, {"Last."})
        self.assertFalse(any("charm" in line for line in self.lines("text")))

    def test_one_long_line_takes_time_in_proportion(self):
        size = 100_000_000
        self.documents(["one"])
        self.recipe(self.worker(f'return {{"mood": "x" * {size}}}'), answer_bytes_max=2 * size)
        before = os.times()
        self.run_ftok()
        after = os.times()
        if "FTOK_SANITIZED" not in os.environ:  # the worker's time too
            self.assertLess(after.children_user - before.children_user, 2.5)
        self.assertEqual(len(self.lines("text")), 1)

    def test_how_a_worker_ends(self):
        """It has timeout_s after its input's end; what it says of itself then is told, and changes nothing."""
        end = "import atexit\n"
        for name, prelude, options, says in (
                ("slowly", "atexit.register(lambda: (time.sleep(2), print('All said.' * 99999, flush=True), open('ended', 'w').close()))", {}, None),
                ("badly", "atexit.register(lambda: (sys.stderr.write('cannot save\\n'), os._exit(3)))", {}, "own: the worker died (exit code 3) after its last answer: cannot save"),
                ("killed", "atexit.register(lambda: os.kill(os.getpid(), 9))", {}, "own: the worker died (signal 9) after its last answer"),
                ("never", "atexit.register(lambda: time.sleep(600))", {"timeout_s": 1}, "own: the worker was killed: it has not ended for 1 s after its input did (timeout_s)")):
            with self.subTest(name):
                self.recipe(self.worker("return {}", prelude=end + prelude), workers=1, **options)
                result = self.run_ftok(name)
                self.assertEqual(len(self.lines("text", name)), 200)
                if says:
                    self.assertEqual(result.stderr.count(says), 1, result.stderr)
                else:
                    self.assertNotIn("worker", result.stderr)
                    self.assertTrue((self.folder / "ended").exists())
        self.fields_recipe()
        with open(self.folder / "later.py", "a") as file:
            file.write("\nimport atexit, os\natexit.register(lambda: os._exit(4))\n")
        self.assertIn("later: the worker died (exit code 4) after its last answer", self.run_ftok("late").stderr)

    def test_what_documents_made_of_a_page_keep(self):
        page = (b'<html lang="en"><head><title>The mill</title><meta name="author" content="Ann"><link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">'
                b'<link rel="canonical" href="http://mill.example/c"></head><body><article>' + b"<p>The mill by the river turns all day, and the miller sleeps well in his bed.</p>" * 3 +
                b"</article></body></html>")
        http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
        (self.folder / "in.warc").write_bytes(b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:1>\r\nWARC-Target-URI: http://mill.example/\r\n"
                                              b"Content-Length: %d\r\n\r\n" % len(http) + http + b"\r\n\r\n")
        self.recipe(self.worker('return {"documents": [{"text": "First of the mill."}, {"text": "Second of the river."}]} if "The" in document["text"] else {}'))
        recipe = (self.folder / "recipe.toml").read_text().replace('stages = ["own", ', 'stages = ["http", "extract", "own", ')
        (self.folder / "recipe.toml").write_text(recipe)
        self.run_ftok("out", "--stop-after", "own", inputs=("in.warc",))
        kept = self.lines("text")
        self.assertEqual([line["id"] for line in kept], ["urn:1#1", "urn:1#2"])
        for line in kept:
            self.assertEqual([line[name] for name in ("title", "author", "html_language", "canonical_url", "license", "license_source")],
                             ["The mill", "Ann", "en", "http://mill.example/c", "CC-BY-SA-4.0", "rel"])

    def test_a_flood_of_errors_blocks_nobody(self):
        self.recipe(self.worker('sys.stderr.write("noise " * 100000); return {}'), batch=50)
        self.run_ftok()
        self.assertEqual(len(self.lines("text")), 200)

    def test_what_is_bound(self):
        self.recipe(self.worker("return {}"))
        self.run_ftok()
        digests = json.loads((self.folder / "out/manifest.json").read_text())["digests"]
        self.assertIn("own: argument 2", digests)
        self.recipe(self.worker('return {"text": "changed"}'))
        changed = self.run_ftok(code=2)
        self.assertIn("out", changed.stderr)
        self.recipe(self.worker("return {}"), workers=3, timeout_s=5)  # decides no byte
        self.run_ftok()

    def test_answers_are_kept_where_a_store_is(self):
        self.recipe(self.worker('return {"text": str(random.random())}'), store="store")
        self.run_ftok("first")
        self.run_ftok("second")
        self.assertEqual(self.shards("first"), self.shards("second"))
        self.worker('return {"text": str(random.random()) + "!"}')  # another worker has answers of its own
        self.run_ftok("other")
        self.assertNotEqual(self.shards("first"), self.shards("other"))

    def test_payloads(self):
        def record(kind, body, encoding=b""):
            http = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\n" + encoding + b"\r\n" + body
            return (b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:%d>\r\nWARC-Target-URI: http://mill.example/\r\n"
                    b"Content-Length: %d\r\n\r\n" % (len(body), len(http)) + http + b"\r\n\r\n")
        pdf = b"%PDF-1.4 " + bytes(range(256))
        (self.folder / "in.warc").write_bytes(record(b"application/pdf", pdf) + record(b"text/html", b"<p>A page with a text.</p>") +
                                              record(b"image/png", b"\x89PNG...") + record(b"application/pdf", b"%PDF-2"))
        self.recipe(self.worker("""
            import base64
            data = base64.b64decode(document["payload"])
            assert document["type"] == "application/pdf" and "text" not in document
            return {"text": f"{len(data)} bytes, {sum(data)}"} if len(data) > 10 else {"drop": "needs_ocr"}"""),
                    accepts=["application/pdf"])
        recipe = (self.folder / "recipe.toml").read_text().replace('stages = ["own", ', 'stages = ["own", "http", "extract", ')
        (self.folder / "recipe.toml").write_text(recipe)
        self.run_ftok(inputs=("in.warc",))
        texts = [line["text"] for line in self.lines("text")]
        self.assertEqual(texts[0], f"{len(pdf)} bytes, {sum(pdf)}")
        self.assertEqual(len(texts), 2)
        self.assertEqual([line["reason"] for line in self.lines("rejects")], ["own.needs_ocr"])

    def test_python(self):
        (self.folder / "own.py").write_text(textwrap.dedent('''
            print("no answer either")
            def process(document):
                print("not an answer")
                i = int(document["id"][1:])
                if i % 5 == 0: return None
                if i % 5 == 1: return document["text"].upper()
                if i % 5 == 2: return False
                if i % 5 == 3: return [f"one {i}", {"text": f"two {i}"}]
                return {"drop": "fourth", "value": i}
            def fails(document):
                raise ValueError("not this one")'''))
        (self.folder / "recipe.toml").write_text('stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\nkind = "python"\nfile = "own.py"\n')
        self.run_ftok()
        kept = self.lines("text")
        self.assertEqual([line["text"] for line in kept[:4]], ["Document 0 of the mill, and a few more words.",
                                                               "DOCUMENT 1 OF THE MILL, AND A FEW MORE WORDS.", "one 3", "two 3"])
        reasons = {line["reason"] for line in self.lines("rejects")}
        self.assertEqual(reasons, {"own.false", "own.fourth"})
        (self.folder / "recipe.toml").write_text('stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\nkind = "python"\nfile = "own.py"\nfunction = "fails"\n')
        self.fails("ValueError: not this one", output="raised")
        (self.folder / "recipe.toml").write_text('stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\nkind = "python"\nfile = "none.py"\n')
        self.assertIn("own.file: none.py does not exist", self.run_ftok("none", code=2).stderr)

    def test_what_a_function_may_not_return(self):
        for name, made, says in (("generator", "(text for text in ['a'])", "process returned a value of type generator, expected None, a bool, a str, a list or a dict"),
                                 ("tuple", "('a', 'b')", "type tuple"), ("nothing", "()", "type tuple"), ("set", "set()", "type set"), ("number", "0", "type int"),
                                 ("documents", "['a', 5]", "process returned a value of type int, expected a str or a dict in the list")):
            with self.subTest(name):
                (self.folder / "own.py").write_text(f"def process(document): return {made}")
                (self.folder / "recipe.toml").write_text('stages = ["own", "minhash"]\n[own]\nkind = "python"\nfile = "own.py"\ntries = 1\n')
                self.fails(says, output=name)

    def test_the_file_is_a_module_as_any_other(self):
        """Dataclasses and pickle look for it in sys.modules; it may be called as a module of Python's own."""
        for file in ("own.py", "json.py"):
            with self.subTest(file):
                (self.folder / file).write_text(textwrap.dedent("""
                    from __future__ import annotations
                    import multiprocessing
                    from dataclasses import dataclass
                    @dataclass
                    class Judged:
                        text: str
                    def judge(text):
                        return Judged(text.upper())
                    pool = None
                    def process(document):
                        global pool
                        pool = pool or multiprocessing.get_context("fork").Pool(1)
                        return pool.apply(judge, (document["text"],)).text"""))
                (self.folder / "recipe.toml").write_text(f'stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n[own]\nkind = "python"\nfile = "{file}"\nworkers = 1\n')
                self.run_ftok(file + ".out")
                self.assertEqual(self.lines("text", file + ".out")[7]["text"], "DOCUMENT 7 OF THE MILL, AND A FEW MORE WORDS.")

    def example(self, name, **options):
        file = str(Path(__file__).resolve().parents[2] / "examples" / "stages" / name)
        options = {"file": file, **options}
        return "[own]\nkind = \"python\"\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items())

    def test_rephrasing_by_an_endpoint(self):
        """examples/stages/rephrase.py: a model that never answers alike twice, and a second run without it."""
        asked = []

        class Endpoint(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked.append((self.path, self.headers["Authorization"], request["model"]))
                text = f"{len(asked)}: {request['messages'][0]['content'].splitlines()[-1]}"
                body = json.dumps({"choices": [{"finish_reason": "stop", "message": {"content": text}}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ.update(OPENAI_BASE_URL=f"http://127.0.0.1:{server.server_address[1]}/v1", OPENAI_API_KEY="key", REPHRASE_MODEL="mill")
        self.documents([f"Document {i} of the mill, and a few more words." for i in range(20)])
        (self.folder / "recipe.toml").write_text('stages = ["own", "minhash"]\n[dedup]\nscope = "off"\n' + self.example("rephrase.py", store="answers", batch=5))
        self.run_ftok("first")
        self.assertEqual(len(asked), 20)
        self.assertEqual(set(asked), {("/v1/chat/completions", "Bearer key", "mill")})
        self.assertRegex(self.lines("text", "first")[7]["text"], r"^\d+: Document 7 of the mill")
        server.shutdown()
        server.server_close()
        self.run_ftok("second")
        self.assertEqual(self.shards("first"), self.shards("second"))

    def python_with(self, module, package):
        """The interpreter of $FTOK_PEERS/stages."""
        peers = Path(os.environ.get("FTOK_PEERS") or Path(tempfile.gettempdir()) / "ftok-peers")
        python = peers / "stages" / "bin" / "python"
        if not python.exists() or subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode != 0:
            self.skipTest(f"needs {package} in $FTOK_PEERS/stages")
        return str(python)

    def test_quality_by_scikit_learn(self):
        """examples/stages/quality_model.py: trained, then judging."""
        python = self.python_with("sklearn", "scikit-learn")
        stage = str(Path(__file__).resolve().parents[2] / "examples" / "stages" / "quality_model.py")
        good = [f"The mill by the river grinds rye for baker {i}, who bakes bread every morning." for i in range(40)]
        bad = [f"click here buy now cheap pills offer {i} click click subscribe" for i in range(40)]
        for name, texts in (("good", good), ("bad", bad)):
            (self.folder / f"{name}.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
        subprocess.run([python, stage, "train", "good.jsonl", "bad.jsonl", "model"], cwd=self.folder, check=True)
        self.documents(good[:10] + ["cheap pills, click here"] + ["The baker buys rye at the mill."])
        self.recipe([python, stage, "judge", "model", "0.4"], fields=["quality"], batch=256)
        self.run_ftok()
        self.assertEqual([line["id"] for line in self.lines("text")], [f"d{i}" for i in [*range(10), 11]])
        self.assertTrue(all(0.4 <= line["quality"] <= 1 for line in self.lines("text")))
        (dropped,) = self.lines("rejects")
        self.assertEqual((dropped["id"], dropped["reason"], dropped["threshold"]), ("d10", "own.low", 0.4))
        self.assertLess(dropped["value"], 0.4)

    def test_language_by_a_model_with_glotlids_labels(self):
        """examples/stages/glotlid.py, with a model of one word a language."""
        python = self.python_with("fasttext", "fasttext-predict")
        words = {"the": "eng_Latn", "der": "deu_Latn", "\u0438": "rus_Cyrl"}
        # fastText 0.9.2's format: dim 3, softmax, words alone; a word's vector is an axis, and so is its label's.
        entries = [(word, 0) for word in words] + [("__label__" + label, 1) for label in words.values()]
        model = struct.pack("<2i10i2id", 793712314, 12, 3, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100, 1e-4) + struct.pack("<3i2q", 6, 3, 3, 10, -1)
        model += b"".join(word.encode() + b"\0" + struct.pack("<qb", 5, kind) for word, kind in entries)
        for scale in (1, 12):
            model += b"\0" + struct.pack("<2q", 3, 3) + struct.pack("<9f", *(scale if row == column else 0 for row in range(3) for column in range(3)))
        (self.folder / "model.bin").write_bytes(model)
        self.documents(["the the the", "der der der", "\u0438 \u0438", "the der"])
        stage = str(Path(__file__).resolve().parents[2] / "examples" / "stages" / "glotlid.py")
        self.recipe([python, stage, "model.bin"], text_fields=["script"], list_fields=["languages"])
        self.run_ftok()
        self.assertEqual([(line["language"], line["script"], sorted(line["languages"])) for line in self.lines("text")],
                         [("eng", "Latn", ["eng_Latn"]), ("deu", "Latn", ["deu_Latn"]), ("rus", "Cyrl", ["rus_Cyrl"]),
                          *[(line["language"], "Latn", ["deu_Latn", "eng_Latn"]) for line in self.lines("text")[3:]]])
        self.assertTrue(all(0.4 < line["language_score"] <= 1 for line in self.lines("text")))

    def test_pdfs(self):
        """examples/stages/pdf_text.py, in an interpreter that has pypdfium2."""
        python = self.python_with("pypdfium2", "pypdfium2")

        def pdf(text):
            stream = b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % text.encode()
            objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                       b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
                       b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
                       b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
            out, places = b"%PDF-1.4\n", []
            for number, body in enumerate(objects, 1):
                places.append(len(out))
                out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
            table = b"".join(b"%010d 00000 n \n" % place for place in places)
            return out + b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)

        records = b""
        for number, body in enumerate((pdf("The mill by the river grinds rye and oats."), pdf(""), b"%PDF-1.4 and nothing")):
            response = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + body
            records += b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:%d>\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n" % (
                number, len(response), response)
        (self.folder / "in.warc").write_bytes(records)
        (self.folder / "recipe.toml").write_text('stages = ["own", "http", "extract", "minhash"]\n[dedup]\nscope = "off"\n' + self.example(
            "pdf_text.py", accepts=["application/pdf"], python=str(python)))
        self.run_ftok(inputs=("in.warc",))
        self.assertEqual([line["text"] for line in self.lines("text")], ["The mill by the river grinds rye and oats."])
        self.assertEqual([line["reason"] for line in self.lines("rejects")], ["own.needs_ocr", "own.not_readable"])

    def test_killed_and_resumed(self):
        self.documents([f"Document {i}: " + "words " * 20 for i in range(2000)])
        for part in range(6):
            (self.folder / f"{part}.jsonl").write_text("".join(
                json.dumps({"id": f"p{part}-{i}", "text": f"Document {i} of {part}. " + "words " * 20}) + "\n" for i in range(300)))
        inputs = [f"{part}.jsonl" for part in range(6)]
        self.recipe(self.worker('time.sleep(0.001); return {"text": document["text"] + " Seen."}'))
        self.run_ftok("whole", inputs=inputs)
        command = [FTOK, "run", "--recipe", "recipe.toml", "--vocab", "ftok-4k", "--output", "killed", "--quiet", "--rejects", "ids",
                   *[a for i in inputs for a in ("--input", i)]]
        for attempt in range(40):
            process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                process.communicate(timeout=0.5 + 0.1 * attempt)
                self.assertEqual(process.returncode, 0)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        self.assertEqual(self.shards("killed"), self.shards("whole"))


if __name__ == "__main__":
    unittest.main()
