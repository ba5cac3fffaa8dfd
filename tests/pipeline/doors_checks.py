#!/usr/bin/env python3
"""What people meet who come with other people's data, from the outside: a first try that was refused spoils nothing, what is refused is said once and
with the command that helps, and what stands in a folder is told by what it is.

  FTOK=path/to/ftok doors_checks.py [TestName...]
"""
import json, os, shutil, sys, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import Checks  # noqa: E402

FORMATS = ("megatron", "olmo", "litdata", "mds", "datatrove", "raw", "llmc")
SAMPLE = Path(__file__).resolve().parents[2] / "share" / "sample" / "ftok-sample.warc.gz"
WORKER = """import json, sys
batch = []
for line in sys.stdin:
    if line != "\\n":
        batch.append(json.loads(line))
        continue
    print("\\n".join(json.dumps({"n": document["n"]}) for document in batch) + "\\n", flush=True)
    batch = []
"""


class AFirstTry(Checks):
    """that committed nothing leaves a folder that takes the next recipe"""

    def setUp(self):
        super().setUp()
        self.write("other.csv", "content,id\n" + "".join(f"the mill by the river turns {i},{i}\n" for i in range(40)))

    def tokenize(self, *arguments, **keywords):
        return self.ftok("tokenize", "--vocab", "ftok-4k", "-q", *arguments, **keywords)

    def test_tokenize_takes_the_key_that_the_refusal_names(self):
        self.one_line(self.tokenize("other.csv", "-o", "out", code=1), 'there is no column "text" in the header; its columns are content, id')
        self.tokenize("other.csv", "-o", "out", "--text-key", "content")
        self.tokenize("other.csv", "-o", "fresh", "--text-key", "content")
        self.assertEqual(self.digests("out"), self.digests("fresh"))

    def test_what_was_committed_stays(self):
        self.tokenize("other.csv", "-o", "out", "--text-key", "content")
        before = self.digests("out")
        self.one_line(self.tokenize("other.csv", "-o", "out", code=2), "made with another recipe: input.text_key: \"content\", not \"text\"")
        self.assertEqual(self.digests("out"), before)

    def test_nothing_of_anybodys_is_removed(self):
        for name in ("notes.txt", "parts/notes.txt", "work/notes.txt", "ftok_train_000009.bin"):
            self.tokenize("other.csv", "-o", "out", code=1)
            path = self.folder / "out" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("mine")
            refused = name != "notes.txt"  # where ftok writes, it refuses rather than to guess whose a file is
            self.tokenize("other.csv", "-o", "out", "--text-key", "content", code=2 if refused else 0)
            self.assertEqual(path.read_text(), "mine")
            shutil.rmtree(self.folder / "out")

    def test_run_of_an_input_that_could_not_be_read(self):
        # Without the flag such a run ends with 1, and leaves a manifest of nothing.
        command = ("run", "other.csv", "--vocab", "ftok-4k", "-q", "-j", "1", "--set", 'stages=["minhash"]', "-o")
        done = self.ftok(*command, "out", code=1)
        self.assertIn('there is no column "text"', done.stderr)
        self.ftok(*command, "out", "--set", "input.text_key=content")
        self.ftok(*command, "fresh", "--set", "input.text_key=content")
        self.assertEqual(self.digests("out"), self.digests("fresh"))

    def test_run_whose_worker_died_and_was_repaired(self):
        self.write("mine.py", "import sys\nsys.exit(3)\n")
        self.write("mine.toml", 'stages = ["mine", "minhash"]\n[mine]\nkind = "subprocess"\ncommand = ["python3", "mine.py"]\n')
        self.write("a.jsonl", "".join(json.dumps({"text": f"The mill by the river turns {i}."}) + "\n" for i in range(9)))
        command = ("run", "a.jsonl", "--recipe", "mine.toml", "--vocab", "ftok-4k", "-q", "-o")
        self.ftok(*command, "out", code=1)
        self.write("mine.py", WORKER)
        self.ftok(*command, "out")
        self.ftok(*command, "fresh")
        self.assertEqual(self.digests("out"), self.digests("fresh"))

    def test_a_folder_that_others_extract_into_stays_theirs(self):
        command = ("run", "other.csv", "--vocab", "ftok-4k", "-q", "--set", 'stages=["minhash"]', "-o", "out")
        self.ftok(*command, "--only", "extract", code=65)
        self.one_line(self.ftok(*command, "--set", "input.text_key=content", code=2), "made with another recipe")


class TextKeys(Checks):
    """--text-key wherever texts are read, and what is said where it is wrong"""

    ROWS = "".join(json.dumps({"body": f"The mill by the river turns {i} times a day, and the miller sleeps.", "n": i}) + "\n" for i in range(30))

    def setUp(self):
        super().setUp()
        self.write("rows.jsonl", self.ROWS)
        self.write("nulls.jsonl", '{"text": null}\n' * 30)
        self.run_ = ("run", "-v", "ftok-4k", "-j", "1", "--set", 'stages=["minhash"]', "--set", "dedup.scope=off", "-o")

    def test_run_and_plan(self):
        self.ftok(*self.run_, "out", "rows.jsonl", "--text-key", "body", "--id-key", "n", "-q")
        self.ftok(*self.run_, "set", "rows.jsonl", "--set", "input.text_key=body", "--set", "input.id_key=n", "-q")
        self.assertEqual(self.digests("out"), self.digests("set"))
        plan = ("plan", "rows.jsonl", "-v", "ftok-4k", "--set", 'stages=["minhash"]', "--set", "dedup.scope=off", "-o")
        self.ftok(*plan, "job", "--tasks", "1", "--text-key", "body", "--id-key", "n")
        self.ftok("task", "job", "extract", "0", "-q")
        self.assertNotIn("text.no_text", self.ftok("status", "job", "--json").stdout)

    def test_filter_and_language(self):
        self.assertIn("text.no_text", self.ftok("filter", "rows.jsonl").stdout)
        self.assertNotIn("text.no_text", self.ftok("filter", "rows.jsonl", "--text-key", "body").stdout)
        self.assertNotIn("text.no_text", self.ftok("filter", "rows.jsonl", "--set", "input.text_key=body").stdout)
        answers = self.ftok("language", "--text-key", "body", "rows.jsonl").stdout.splitlines()
        self.assertEqual((len(answers), {answer[:2] for answer in answers}), (30, {"en"}))
        self.one_line(self.ftok("language", "--text-key", "text", "rows.jsonl", code=1), 'rows.jsonl: line 1: no string "text"')
        self.write("a.parquet", b"PAR1" + bytes(200) + b"PAR1")
        self.one_line(self.ftok("language", "a.parquet", code=1), "a.parquet is Parquet, not a text; --text-key KEY reads the texts")

    def test_a_committed_input_of_another_size_is_named(self):
        command = ("run", "-v", "ftok-4k", "--set", 'stages=["minhash"]', "--set", "dedup.scope=off", "--set", "shards.validation_per_mille=0",
                   "-q", "--text-key", "body", "-o", "grown")
        self.ftok(*command, "rows.jsonl", "nulls.jsonl")
        before = self.digests("grown")
        self.assertEqual(self.ftok(*command, "rows.jsonl", "nulls.jsonl").stderr, "")
        self.write("rows.jsonl", (self.folder / "rows.jsonl").read_bytes() + b'{"body": "one more of them"}\n')
        warning = self.ftok(*command, "rows.jsonl", "nulls.jsonl").stderr
        self.assertRegex(warning, r"(?s)\A[^\n]*rows\.jsonl has [0-9,]+ bytes and had [0-9,]+ when it was read;\s+grown\s+keeps what is committed of it\n\Z")
        self.assertEqual(self.digests("grown"), before)

    def test_records_that_are_all_too_large_name_the_limit(self):
        for command, key in ((self.run_, "--set input.record_bytes_max"), (("tokenize", "-v", "ftok-4k", "-o"), "--record-bytes-max")):
            limit = ("--record-bytes-max", "20") if command[0] == "tokenize" else ("--set", "input.record_bytes_max=20")
            done = self.ftok(*command, command[0] + "-small", "rows.jsonl", "--text-key", "body", "-q", *limit, code=1)
            self.assertIn(f"(text.too_large 30): see {key}\n", done.stderr)

    def test_a_run_without_a_text_has_failed_and_leaves_nothing_bound(self):
        for command, format_key, bytes_key in ((self.run_, "--set input.format", "--set input.record_bytes_max"),
                                               (("tokenize", "-v", "ftok-4k", "-j", "1", "-o"), "--format", "--record-bytes-max")):
            out, fresh = command[0] + "-out", command[0] + "-fresh"
            for bad in (("rows.jsonl",), ("nulls.jsonl",)):
                for attempt in range(2):
                    done = self.ftok(*command, out, *bad, "-q", code=1)
                    self.assertIn(f"none of 30 documents had a text (text.no_text 30): see --text-key and {format_key}\n", done.stderr)
                    self.assertFalse((self.folder / out / "manifest.json").exists())
            self.ftok(*command, out, "rows.jsonl", "--text-key", "body", "-q")
            self.ftok(*command, fresh, "rows.jsonl", "--text-key", "body", "-q")
            self.assertEqual(self.digests(out), self.digests(fresh))
            # One text of many is enough, on the other side of the rule.
            self.write("one.jsonl", '{"text": null}\n' * 30 + '{"text": "The mill by the river."}\n')
            self.ftok(*command, command[0] + "-one", "one.jsonl", "-q")
            self.assertTrue((self.folder / (command[0] + "-one") / "manifest.json").exists())

    def test_the_same_input_is_read_again_once_it_is_mended(self):
        self.write("in.jsonl", "".join('{"text": null}\n' for i in range(3)))
        self.ftok("tokenize", "-v", "ftok-4k", "-o", "out", "in.jsonl", "-q", code=1)
        self.write("in.jsonl", '{"text": "The mill by the river."}\n' * 3)
        self.ftok("tokenize", "-v", "ftok-4k", "-o", "out", "in.jsonl", "-q")
        self.assertEqual(json.loads(self.bytes_of("out", "manifest.json"))["totals"]["kept"], 3)

    def test_measuring_nothing_has_failed(self):
        done = self.ftok("run", "rows.jsonl", "--measure", "m.jsonl", "-q", code=1)
        self.assertIn("none of 30 documents had a text", done.stderr)
        self.assertFalse((self.folder / "m.jsonl").exists())


class FailedCommands(Checks):
    def test_a_run_that_could_read_nothing_leaves_a_folder_for_other_inputs(self):
        self.write("x.pdf", b"%PDF-1.4\n" + bytes(range(256)))
        self.write("a.jsonl", "".join(json.dumps({"text": f"The mill by the river turns {i}."}) + "\n" for i in range(9)))
        command = ("run", "-v", "ftok-4k", "-j", "1", "--set", 'stages=["minhash"]', "-q", "-o")
        self.ftok(*command, "out", "x.pdf", code=1)
        self.assertFalse((self.folder / "out" / "manifest.json").exists())
        self.ftok(*command, "out", "a.jsonl")
        self.ftok(*command, "fresh", "a.jsonl")
        self.assertEqual(self.digests("out"), self.digests("fresh"))
        self.one_line(self.ftok(*command, "out", "b.jsonl", code=1), "cannot read b.jsonl")  # what is finished stays
        self.write("b.jsonl", '{"text": "Another mill."}\n')
        self.one_line(self.ftok(*command, "out", "b.jsonl", code=2), "input 1 of out was a.jsonl, not b.jsonl")

    def test_a_refused_training_leaves_no_folder(self):
        self.ftok("train", "--data", "absent", "-o", "model", code=1)
        self.assertFalse((self.folder / "model").exists())
        (self.folder / "mine").mkdir()
        self.ftok("train", "--data", "absent", "-o", "mine", code=1)
        self.assertTrue((self.folder / "mine").is_dir())  # it was there before


class OtherModels(Checks):
    def test_a_vocabulary_in_a_folder_is_found_again(self):
        (self.folder / "hf models").mkdir()
        self.ftok("vocab", "convert", "ftok-4k", "-o", "hf models/tokenizer.json")
        self.write("book.txt", "The tide comes in. The tide goes out.\n" * 300)
        for i, name in enumerate(("hf models", "hf models/tokenizer.json")):
            self.ftok("tokenize", "book.txt", "-o", f"out{i}", "-v", name, "-q")
            self.assertEqual(json.loads(self.bytes_of(f"out{i}", "manifest.json"))["vocabulary"]["name"], "hf models")
            self.assertIn("The tide comes in.", self.ftok("shards", "cat", f"out{i}", "--limit", "1").stdout)
        self.ftok("tokenize", "book.txt", "-o", "out0", "-q")  # in a folder that was begun its own
        small = ["model.layers=1", "model.heads=1", "model.channels=8", "model.length=16", "training.tokens_per_step=64", "run.threads=1"]
        done = self.ftok("train", "--data", "out0", "-o", "model", "--steps", "1", *[word for key in small for word in ("--set", key)])
        self.assertNotIn("no vocabulary named", done.stderr)
        self.ftok("generate", "model", "--tokens", "2")

    def test_the_nearest_model_is_named(self):
        (self.folder / "model").mkdir()
        for command in (("generate", "modle"), ("model", "info", "modle"), ("eval", "modle", "--texts", "x.jsonl")):
            self.one_line(self.ftok(*command, code=2), "modle: no such file or folder, did you mean model?")
        self.one_line(self.ftok("generate", "something", code=2), "something: not a model: expected a file")

    def test_a_host_without_an_address(self):
        # A label of more than 63 letters is no name, so nobody is asked for it.
        done = self.ftok("models", "get", "lid.176.ftz", "--from", "http://" + "a" * 70 + ".invalid/lid.176.ftz", code=1,
                         env={**os.environ, "FTOK_CACHE": str(self.folder / "cache")})
        lines = [line for line in done.stderr.splitlines() if not line.startswith("ftok: fetching ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertIn("is this machine offline, or behind a proxy (https_proxy)?; `--from FILE` takes lid.176.ftz from a file", lines[0])


class Pages(Checks):
    """explain and extract take pages; rows of texts are no page"""

    def setUp(self):
        super().setUp()
        self.write("rows.jsonl", '{"text": "The mill by the river.", "id": "a"}\n{"text": "Another mill, which turns.", "id": "b"}\n')
        self.write("rows.json", '[{"text": "The mill by the river.", "id": "a"}, {"text": "Another mill, which turns.", "id": "b"}]')
        self.write("rows.csv", "text,id\nThe mill by the river.,a\n\"Another mill, which turns.\",b\n")
        self.write("rows.parquet", b"PAR1" + bytes(200) + b"PAR1")
        self.write("page.html", "<html><body><p>The mill, by the river, turns.</p><p>a,b\nc,d</p></body></html>")
        self.write("part.html", "<p>a,b</p>\n<p>c,d</p>\n")

    def test_rows_are_refused(self):
        for name, title in (("rows.jsonl", "JSON Lines"), ("rows.json", "a JSON array of objects"), ("rows.csv", "comma-separated values"),
                            ("rows.parquet", "Parquet")):
            self.one_line(self.ftok("explain", name, code=1), f"{name} is {title}, not an HTML page; --record N explains row N")
            self.one_line(self.ftok("extract", name, code=1), f"{name} is {title}, not an HTML page; its texts are extracted")
        for name in ("page.html", "part.html"):
            self.ftok("explain", name)
            self.ftok("extract", name)

    def test_a_row_is_explained(self):
        for name, record in (("rows.json", "2"), ("rows.csv", "2"), ("rows.jsonl", str(len('{"text": "The mill by the river.", "id": "a"}\n')))):
            self.assertIn("id        b\n", self.ftok("explain", name, "--record", record).stdout, name)
        self.one_line(self.ftok("explain", "rows.json", "--record", "3", code=2), "--record: rows.json has 2 rows, the first is 1")


class Refusals(Checks):
    def test_a_format_is_refused_once(self):
        self.write("a.tar.bin", b"\x00\x01\x02\x03" * 200)
        done = self.ftok("run", "a.tar.bin", "--vocab", "ftok-4k", "-o", "out", code=1)
        lines = [line for line in done.stderr.splitlines() if "a.tar.bin is binary data" in line]
        self.assertEqual(len([line for line in lines if line.startswith("ftok: error: ")]), 1, done.stderr)
        self.assertNotIn("tried again", done.stderr)
        self.assertIn("reads WARC, ARC, WET, Parquet, JSON, CSV, TSV and UTF-8 text", done.stderr)

    def test_a_finished_folder_names_the_command(self):
        self.write("a.txt", "The mill by the river turns. " * 50)
        self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "a.txt", "-o", "out")
        done = self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "a.txt", "-o", "out", "--shard-format", "megatron", code=2)
        self.one_line(done, 'shards.format: "llmc", not "megatron"; its shards in that format: ftok shards convert --to megatron out NEW')
        self.ftok("shards", "convert", "--to", "megatron", "out", "NEW")
        done = self.ftok("tokenize", "--vocab", "ftok-50k", "-q", "a.txt", "-o", "out", code=2)
        self.one_line(done, "ftok tokenize 'a.txt' --vocab ftok-50k -o NEW")

    def test_empty_inputs(self):
        for bytes_ in (b"", b"PAR1"):
            self.write("a.parquet", bytes_)
            done = self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "a.parquet", "-o", f"out{len(bytes_)}", code=1)
            self.one_line(done, "a.parquet is Parquet, ")
        self.write("a.jsonl", "")
        self.assertNotIn("ftok train", self.ftok("tokenize", "--vocab", "ftok-4k", "a.jsonl", "-o", "none").stderr)
        self.write("b.jsonl", '{"text":"The mill."}\n')
        self.assertIn("ftok train --data some", self.ftok("tokenize", "--vocab", "ftok-4k", "b.jsonl", "-o", "some").stderr)

    def test_a_mix_looks_for_all_its_inputs_first(self):
        self.write("a.jsonl", '{"text":"The mill."}\n')
        self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "a.jsonl", "-o", "shards")
        for missing in ("absent.jsonl", "absent", "absent/*.jsonl"):
            for take in ("auto", "texts", "shards"):
                self.write("mix.toml", '[[mix.source]]\nname = "a"\npaths = ["a.jsonl"]\n[[mix.source]]\nname = "b"\n'
                           f'paths = ["{missing}"]\ntake = "{take}"\n')
                done = self.ftok("mix", "mix.toml", "--budget", "10", "-o", "mixed", "-q", code=2)
                self.one_line(done, "mix: source b: ")
                self.assertFalse((self.folder / "mixed").exists())

    def test_measures_in_a_table_are_not_replayed(self):
        self.write("m.parquet", "PAR1")
        self.write("m.parquet.recipe.toml", "")
        for command in (("whatif", "m.parquet"), ("whatif", "m.parquet", "--recipe", "c4"), ("view", "m.parquet", "--export", "x.html")):
            done = self.ftok(*command, code=2)
            if "view" in command and "unknown command" in done.stderr:
                continue  # built without it
            self.one_line(done, "measurements in Parquet are for other programs and cannot be replayed")

    def test_texts_are_no_tables(self):
        self.write("a.parquet", b"PAR1" + bytes(200) + b"PAR1")
        self.write("a.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
        for command in ("pii", "language"):
            self.one_line(self.ftok(command, "a.parquet", code=1), "a.parquet is Parquet, not a text")
            self.one_line(self.ftok(command, "a.png", code=1), "a.png is binary data, not a text")
        self.write("a.txt", "Mail jane@mill.example.org, the miller of the old mill by the river.")
        self.write("latin.txt", "Der Müller mahlt täglich größere Säcke für die Bäcker.".encode("latin-1"))
        self.assertIn("email@example.com", self.ftok("pii", "a.txt").stdout)
        self.assertTrue(self.ftok("language", "a.txt").stdout.startswith("en"))
        self.assertTrue(self.ftok("language", "latin.txt").stdout)


class Shards(Checks):
    def setUp(self):
        super().setUp()
        self.write("a.jsonl", "".join(json.dumps({"text": f"The mill by the river turns {i} times a day."}) + "\n" for i in range(60)))

    def test_what_is_no_shard_is_named_as_that(self):
        self.one_line(self.ftok("shards", "convert", "--to", "raw", "absent", "out", code=1), "absent: No such file")
        self.write("rows.parquet", "PAR1 and more")
        self.one_line(self.ftok("shards", "convert", "--to", "raw", "rows.parquet", "out", code=1), "rows.parquet is not a token shard")
        self.assertFalse((self.folder / "out").exists())

    def test_folders_of_other_programs_are_verified(self):
        for name in FORMATS:
            self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "a.jsonl", "-o", name, "--shard-format", name)
            whole = self.ftok("shards", "verify", name).stdout
            self.assertIn(", whole", whole)
            folder = self.folder / name
            for path in [*folder.rglob("*.docs"), folder / "manifest.json", folder / "binding.toml", *(folder / "parts").glob("*")]:
                path.unlink()
            (folder / "parts").rmdir()
            flags = ("--shard-format", name, "--token-bytes", "2") if name in ("raw", "olmo") else ()
            done = self.ftok("shards", "verify", name, *flags)
            self.assertIn("has no manifest.json, so nothing says whether a shard is missing", done.stdout, name)
            self.assertRegex(done.stdout, rf"{name}: [1-9]\d* files, [1-9]\d* bytes, whole", name)
        self.write("llmc/ftok_train_000000.bin", self.bytes_of("llmc/ftok_train_000000.bin")[:-1])
        self.ftok("shards", "verify", "llmc", code=1)
        (self.folder / "empty").mkdir()
        self.assertIn("holds neither a manifest.json nor a shard", self.ftok("shards", "verify", "empty", code=1).stdout)


    def test_a_shard_that_is_missing_is_told(self):
        self.write("more.jsonl", "".join(json.dumps({"text": f"The mill by the river turns {i} times a day."}) + "\n" for i in range(600)))
        for name in FORMATS:
            self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "more.jsonl", "-o", name, "--shard-format", name, "--validation-per-mille", "100")
            for command in ("cat", "inspect"):
                self.ftok("shards", command, name)
            shards = [entry["shard"]["name"] for entry in json.loads(self.bytes_of(name, "manifest.json"))["shards"]]
            self.assertEqual(len(shards), 2)
            (self.folder / name / shards[1]).rename(self.folder / "away")
            for command in ("cat", "inspect"):
                self.one_line(self.ftok("shards", command, name, code=1), f"{name}: 1 shard that it lists is missing: {name}/{shards[1]}; ")
                self.ftok("shards", command, f"{name}/{shards[0]}")
            if not (self.folder / name / "val").is_dir():
                continue
            # Without the manifest the index of the split still lists it.
            self.one_line(self.ftok("shards", "cat", f"{name}/val", code=1), "1 shard that it lists is missing")
            (self.folder / name / "manifest.json").unlink()
            self.one_line(self.ftok("shards", "cat", name, code=1), f"{name}: 1 shard that it lists is missing: {name}/{shards[1]}; ")
            self.ftok("shards", "cat", f"{name}/train", "--ids")

    def test_compressed_samples_are_named(self):
        self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "a.jsonl", "-o", "packed", "--shard-format", "mds", "--validation-per-mille", "0")
        train = self.folder / "packed" / "train"
        (self.folder / "packed" / "manifest.json").unlink()
        index = json.loads((train / "index.json").read_text())
        shard = index["shards"][0]["raw_data"]["basename"]
        index["shards"][0]["zip_data"] = {"basename": f"{shard}.zstd", "bytes": 7, "hashes": {}}
        index["shards"][0]["compression"] = "zstd"
        (train / "index.json").write_text(json.dumps(index))
        self.ftok("shards", "cat", "packed/train", "--ids")  # decompressed beside it
        (train / shard).rename(train / f"{shard}.zstd")
        for command in (["cat"], ["inspect"], ["convert", "--to", "raw", "-o", "out"]):
            self.one_line(self.ftok("shards", *command, "packed/train", code=1),
                          f"packed/train: its shards are compressed, which is not read here ({shard}.zstd)")

    def test_convert_takes_its_folder_by_a_flag_too(self):
        self.ftok("tokenize", "--vocab", "ftok-4k", "-q", "a.jsonl", "-o", "shards")
        self.ftok("shards", "convert", "--to", "raw", "shards", "one")
        self.ftok("shards", "convert", "--to", "raw", "shards", "-o", "two")
        self.assertEqual(self.digests("one"), self.digests("two"))
        self.one_line(self.ftok("shards", "convert", "--to", "raw", "shards", code=2), "OUT: missing, expected the folder to create")
        self.ftok("shards", "cat", "shards", "--limit", "-1", code=2)
        self.assertEqual(self.ftok("shards", "cat", "shards", "--limit", "1").stdout.count("--- "), 1)


class WhatIsPrinted(Checks):
    def test_quiet_prints_no_funnel_but_json(self):
        self.write("a.jsonl", "".join(json.dumps({"text": f"The mill by the river turns {i}."}) + "\n" for i in range(40)))
        run = ("run", "a.jsonl", "-v", "ftok-4k", "--set", 'stages=["minhash"]')
        for number, command in enumerate((run, ("tokenize", "a.jsonl", "-v", "ftok-4k"))):
            self.assertIn("documents", self.ftok(*command, "-o", f"loud{number}").stdout)
            self.assertEqual(self.ftok(*command, "-o", f"quiet{number}", "-q").stdout, "")
            self.assertEqual(json.loads(self.ftok(*command, "-o", f"json{number}", "-q", "--json").stdout)["documents"], 40)

    def test_tokens_a_second_as_people_write_them(self):
        self.write("a.jsonl", '{"text":"The mill by the river."}\n')
        self.assertRegex(self.ftok("tokenize", "a.jsonl", "-o", "out", "-v", "ftok-4k").stdout, r"/s of text, \d+( k|\.\d M)? tokens/s\n")

    def test_where_kept_texts_lie(self):
        for name, ending in (("jsonl", "jsonl.zst"), ("dolma", "jsonl.zst"), ("parquet", "parquet")):
            done = self.ftok("run", SAMPLE, "--vocab", "ftok-4k", "-o", name, "--set", f"text.format={name}", code=None)
            if "without Arrow" in done.stderr:
                continue
            self.assertEqual(done.returncode, 0, done.stderr)
            for kind in ("text", "rejects"):
                self.assertIn(f"{name}/parts/*.{kind}.{ending}\n", done.stderr)
                self.assertTrue(list((self.folder / name / "parts").glob(f"*.{kind}.{ending}")))
            self.assertIn(f"`ftok card {name}`", done.stderr)
            self.ftok("card", name)

    def test_what_measuring_costs(self):
        done = self.ftok("run", SAMPLE, "--measure", "m.jsonl")
        self.assertNotIn("peak memory 0 B", done.stdout)
        self.assertNotIn("\ntokens ", done.stdout)
        told = json.loads(self.ftok("run", SAMPLE, "--measure", "m.jsonl", "--json").stdout)
        self.assertTrue(told["peak_rss_bytes"] > 0 and told["cpu_seconds"] > 0 and told["seconds"] > 0)
        self.assertIn("read", told["cpu_seconds_by_stage"])


if __name__ == "__main__":
    unittest.main()
