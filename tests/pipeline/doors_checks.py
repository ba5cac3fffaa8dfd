#!/usr/bin/env python3
"""What people meet who come with other people's data, from the outside: a first try that was refused spoils nothing, what is refused is said once and
with the command that helps, and what stands in a folder is told by what it is.

  FTOK=path/to/ftok doors_checks.py [TestName...]
"""
import json, shutil, sys, unittest
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


class WhatIsPrinted(Checks):
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
