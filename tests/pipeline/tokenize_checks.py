#!/usr/bin/env python3
"""`ftok tokenize` from the outside, on texts made here: the same bytes for any thread count, kills and resumes, shuffles, every
input format, inputs that fail. One unittest a promise.

  FTOK=path/to/ftok tokenize_checks.py [TestName...]
"""
import gzip, hashlib, json, os, random, shutil, signal, struct, subprocess, sys, tempfile, time, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import faults
from checks import starts_often

FTOK = os.environ.get("FTOK", "ftok")
WORDS = ("river town market boats wool salt iron grain honey timber stone cloth leather glass paper spring the of and to with "
         "naïve Grüße 世界 привет 🙂 don't WE'LL 12345 3.14 (see)").split()


PHRASES = [" ".join(random.Random(i).choices(WORDS, k=10)) for i in range(997)]


def prose(seed, words=200):
    return f"Number {seed}: " + ", ".join(PHRASES[(seed * 31 + i * (seed % 89 + 1)) % len(PHRASES)] for i in range(words // 10))


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(Path(folder).rglob("*")) if p.is_file() and p.name != ".lock"}


def shard_tokens(path):
    data = Path(path).read_bytes()
    magic, _, count = struct.unpack("<3i", data[:12])
    kind = "H" if magic == 20240520 else "I"
    return list(struct.unpack(f"<{count}{kind}", data[1024:]))


def all_tokens(folder, split="train"):
    return [token for path in sorted(Path(folder).glob(f"ftok_{split}_*.bin")) for token in shard_tokens(path)]


def documents(folder, end_of_text, split):
    """the token lists of a split's documents, in order"""
    out = []
    for token in all_tokens(folder, split):
        if token == end_of_text:
            out.append([])
        else:
            out[-1].append(token)
    return out


class TokenizeChecks(unittest.TestCase):
    END = 4092  # <|endoftext|> of ftok-4k

    def ids(self, output):
        """the ids of each split's documents, in order"""
        return {split: [line.split()[-1] for path in sorted((self.folder / output).glob(f"ftok_{split}_*.bin"))
                        for line in self.ftok("shards", "inspect", path, "--documents").stdout.splitlines()
                        if "jsonl" in line.split()[-1] or "book" in line.split()[-1]] for split in ("train", "val")}

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ftok-tokenize-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def ftok(self, *arguments, code=0, **keywords):
        done = subprocess.run([FTOK, *map(str, arguments)], capture_output=True, cwd=self.folder, **keywords)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, done.stderr[-3000:])
        return done

    def tokenize(self, inputs, output, *flags, code=0, **keywords):
        done = self.ftok("tokenize", *inputs, "--output", output, "--vocab", "ftok-4k", "--quiet", "--json", *flags, code=code, **keywords)
        if code != 0:
            return done
        result = json.loads(done.stdout)
        self.assertEqual(result["records"], result["documents"] + sum(result["skipped"].values()))
        self.assertEqual(result["documents"], result["kept"] + sum(result["dropped"].values()))
        return result

    def jsonl(self, name, seeds, opener=open, ids=True, words=200):
        path = self.folder / name
        with opener(path, "wb") as out:
            for seed in seeds:
                document = {"text": prose(seed, words)}
                if ids:
                    document["id"] = f"doc-{seed}"
                out.write(json.dumps(document, ensure_ascii=seed % 2 == 0).encode() + b"\n")
        return path

    def test_same_bytes_for_any_thread_count(self):
        inputs = [self.jsonl(f"in{i}.jsonl", range(3000 * i, 3000 * i + 1000)) for i in range(3)]
        for flags in ((), ("--shuffle", "3")):
            expected = None
            for threads in (1, 2, 8):
                output = f"out{threads}{len(flags)}"
                result = self.tokenize(inputs, output, "--threads", threads, "--shard-tokens", "100K", *flags)
                self.assertEqual(result["kept"], 3000)
                got = digests(self.folder / output)
                expected = expected or got
                self.assertEqual(expected, got)
            self.assertGreater(sum(name.endswith(".bin") for name in expected), 4)
            self.assertIn("whole", self.ftok("shards", "verify", f"out8{len(flags)}").stdout)

    def test_tokens_are_those_of_encode(self):
        path = self.jsonl("in.jsonl", range(50))
        self.tokenize([path], "out", "--validation-per-mille", "0")
        lines = self.ftok("encode", "--vocab", "ftok-4k", "--jsonl", path, "--ids").stdout.splitlines()
        expected = [list(map(int, line.split())) for line in lines]
        self.assertEqual(documents(self.folder / "out", self.END, "train"), expected)
        self.assertEqual(all_tokens(self.folder / "out", "val"), [])  # none is held out

    def test_empty_documents_are_dropped_and_counted(self):
        full, empty = ["One.", "\u200b", " Two.\n"], ["", " ", "\n\t\r\v\f", "\u00a0\u3000\u2028\u0085"]  # a zero width space is no white space
        for name, texts in (("in.jsonl", [*empty, *full]), ("full.jsonl", full)):
            (self.folder / name).write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        result = self.tokenize(["in.jsonl"], "out", "--validation-per-mille", "0")
        self.assertEqual((result["kept"], result["dropped"]), (3, {"text.empty": 4}))
        (self.folder / "blank.txt").write_text(" \n\u3000\n")
        (self.folder / "none.txt").write_text("")
        for names, count in (("in.jsonl blank.txt none.txt", 6), ("full.jsonl", 0)):
            done = self.ftok("vocab", "count", "--json", "--output", f"{count}.counts", *names.split())
            self.assertEqual(json.loads(done.stdout)["empty_documents"], count)
            self.assertEqual("6 documents of white space alone left out" in done.stderr, count == 6, done.stderr)
        self.assertEqual((self.folder / "6.counts").read_bytes(), (self.folder / "0.counts").read_bytes())

    def test_inputs_given_twice_and_inputs_that_hold_nothing_are_named(self):
        one = self.jsonl("in.jsonl", range(3))
        for inputs, warned in ((["in.jsonl"], False), (["in.jsonl", "./in.jsonl"], True), ([one, "in.jsonl", "in.jsonl"], True)):
            done = self.ftok("tokenize", *inputs, "--output", f"out{len(inputs)}", "--vocab", "ftok-4k", "--quiet")
            self.assertEqual("in.jsonl is given more than once" in done.stderr, warned, done.stderr)
        (self.folder / "empty.jsonl").write_text("")
        for inputs, warned in ((["empty.jsonl"], True), (["empty.jsonl", "in.jsonl"], False)):
            done = self.ftok("tokenize", *inputs, "--output", f"empty{len(inputs)}", "--vocab", "ftok-4k", "--quiet")
            self.assertEqual("the inputs hold no document" in done.stderr, warned, done.stderr)

    def test_a_validation_shard_shorter_than_llmcs_batch_is_named(self):
        for tokens, warned in ((4096, True), (4097, False)):  # 4 x 1024 + 1 is a batch
            with open(self.folder / "in.jsonl", "w") as out:
                for words in (tokens - 1, 10):  # the first document validates; its end-of-text token counts
                    out.write(json.dumps({"text": "a" + " a" * (words - 1)}) + "\n")
            done = self.ftok("tokenize", "in.jsonl", "--output", f"out{tokens}", "--vocab", "ftok-4k", "--quiet",
                             "--validation-per-mille", "1")
            self.assertEqual(len(all_tokens(self.folder / f"out{tokens}", "val")), tokens)
            self.assertEqual(f"the validation shard holds {tokens} tokens: llm.c's reader wants 4097" in done.stderr, warned)

    def test_every_compression_and_standard_input(self):
        plain = self.jsonl("in.jsonl", range(300))
        with gzip.open(self.folder / "in.jsonl.gz", "wb") as out:
            out.write(plain.read_bytes())
        subprocess.run(["zstd", "-q", str(plain), "-o", str(self.folder / "in.jsonl.zst")], check=True)
        self.tokenize([plain], "plain")
        expected = all_tokens(self.folder / "plain")
        self.assertGreater(len(expected), 10000)
        for name in ("in.jsonl.gz", "in.jsonl.zst"):
            self.tokenize([name], name + ".out")
            self.assertEqual(all_tokens(self.folder / (name + ".out")), expected)
        self.tokenize([], "stdin", input=plain.read_bytes())
        self.assertEqual(all_tokens(self.folder / "stdin"), expected)

    def test_text_files_wet_and_keys(self):
        (self.folder / "a.txt").write_text("Plain text.\n")
        (self.folder / "b.txt").write_text("More of it.\n")
        result = self.tokenize(["a.txt", "b.txt"], "texts", "--validation-per-mille", "0")
        self.assertEqual(result["kept"], 2)
        body = "Converted text.\n".encode()
        head = ("WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: http://a.example/\r\n"
                f"WARC-Date: 2024-05-01T00:00:00Z\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        (self.folder / "c.warc.wet.gz").write_bytes(gzip.compress(head + body + b"\r\n\r\n"))
        self.assertEqual(self.tokenize(["c.warc.wet.gz"], "wet")["kept"], 1)
        self.assertIn("Converted text.", self.ftok("shards", "cat", "wet").stdout)
        (self.folder / "d.jsonl").write_text('{"body": "Under a key.", "name": 17}\n')
        self.tokenize(["d.jsonl"], "keys", "--text-key", "body", "--id-key", "name")
        self.assertIn("--- 17: ", self.ftok("shards", "cat", "keys").stdout)

    def test_kept_text_of_a_run_gives_the_same_shards(self):
        sample = Path(__file__).resolve().parent.parent.parent / "share/sample/ftok-sample.warc.gz"
        if not sample.exists():
            self.skipTest("no sample")
        self.ftok("run", "--input", sample, "--output", "run", "--vocab", "ftok-4k", "--quiet")
        self.tokenize(sorted((self.folder / "run" / "parts").glob("*.text.jsonl.zst")), "again")
        for split in ("train", "val"):
            self.assertEqual(all_tokens(self.folder / "run", split), all_tokens(self.folder / "again", split))

    @starts_often
    def test_kills_inside_a_file_and_resumes(self):
        inputs = [self.jsonl(f"in{i}.jsonl.gz", range(10000 * i, 10000 * i + 1500), gzip.open) for i in range(2)]
        for flags in ((), ("--shuffle", "5")):
            arguments = [FTOK, "tokenize", *map(str, inputs), "--vocab", "ftok-4k", "--shard-tokens", "200K", *flags]
            start = time.monotonic()
            subprocess.run([*arguments, "--output", "expected"], cwd=self.folder, check=True, capture_output=True)
            seconds = time.monotonic() - start
            expected = digests(self.folder / "expected")
            moments, kills, inside = random.Random(4), 0, 0
            while kills < 6:
                process = subprocess.Popen([*arguments, "--output", "killed"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                try:
                    process.communicate(timeout=moments.uniform(0, seconds))
                except subprocess.TimeoutExpired:
                    process.kill()
                    inside += b"resuming after record" in process.communicate()[1]
                    kills += 1
                    continue
                self.assertEqual(process.returncode, 0)
                self.assertEqual(digests(self.folder / "killed"), expected)
                shutil.rmtree(self.folder / "killed")
            subprocess.run([*arguments, "--output", "killed"], cwd=self.folder, check=True, capture_output=True)
            self.assertEqual(digests(self.folder / "killed"), expected)
            shutil.rmtree(self.folder / "killed")
            shutil.rmtree(self.folder / "expected")

    @starts_often
    def test_killed_at_every_commit_point(self):
        inputs = [self.jsonl(f"in{i}.jsonl", range(5000 * i, 5000 * i + 1000)) for i in range(2)]
        for flags in ((), ("--shuffle", "5")):
            self.tokenize(inputs, "expected", "--shard-tokens", "300K", *flags)
            expected = digests(self.folder / "expected")
            went_on = 0
            for point in [*range(1, 24), *range(24, 1000, 5)]:
                environment = faults.killed_at(FTOK, point)
                done = subprocess.run([FTOK, "tokenize", *map(str, inputs), "--output", "killed", "--vocab", "ftok-4k", "--quiet",
                                       "--shard-tokens", "300K", *flags], cwd=self.folder, env=environment, capture_output=True)
                if done.returncode == 0:
                    break
                self.assertEqual(done.returncode, -9, done.stderr)
                again = self.ftok("tokenize", *inputs, "--output", "killed", "--vocab", "ftok-4k", "--shard-tokens", "300K", *flags)
                went_on += "resuming after record" in again.stderr
                self.assertEqual(digests(self.folder / "killed"), expected, f"commit point {point}")
                shutil.rmtree(self.folder / "killed")
            self.assertGreater(point, 10)
            if not flags:
                self.assertGreater(went_on, 0)  # inside an input
            shutil.rmtree(self.folder / "expected")
            shutil.rmtree(self.folder / "killed", ignore_errors=True)

    def test_interrupt_goes_on_inside_the_file(self):
        path = self.jsonl("in.jsonl", range(6000))
        self.tokenize([path], "expected")
        process = subprocess.Popen([FTOK, "tokenize", "-", "--output", "out", "--vocab", "ftok-4k", "--threads", "1"], cwd=self.folder,
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        data = path.read_bytes()
        process.stdin.write(data[:len(data) // 2])
        process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            process.stdin.write(data[len(data) // 2:])
        except BrokenPipeError:
            pass
        stderr = process.communicate()[1].decode()
        self.assertEqual(process.returncode, 130, stderr)
        again = self.ftok("tokenize", "-", "--output", "out", "--vocab", "ftok-4k", input=data)
        self.assertIn("resuming after record", again.stderr)
        self.assertEqual(all_tokens(self.folder / "out"), all_tokens(self.folder / "expected"))

    def killed_after_a_checkpoint(self, inputs):
        """a folder `out` in shards of 300K that was killed inside an input"""
        for point in range(10, 100):
            done = subprocess.run([FTOK, "tokenize", *map(str, inputs), "--output", "out", "--vocab", "ftok-4k", "--shard-tokens", "300K"],
                                  cwd=self.folder, env=faults.killed_at(FTOK, point), capture_output=True)
            self.assertEqual(done.returncode, -9)
            if b'"position"' in (self.folder / "out" / "journal").read_bytes():
                return
            shutil.rmtree(self.folder / "out")
        self.fail("no checkpoint was written")

    def test_an_unfinished_folder_of_another_version_is_refused(self):
        inputs = [self.jsonl("in.jsonl", range(2000))]
        self.killed_after_a_checkpoint(inputs)
        self.assertFalse((self.folder / "out" / "manifest.json").exists())
        self.assertIn("in progress here", self.ftok("shards", "verify", "out", code=1).stdout)
        binding = self.folder / "out" / "binding.toml"
        text = binding.read_text()
        self.assertTrue(text.startswith("folder_version = 2\n"))
        for changed, message in (("", "was made by ftok 0.1.0 (folder version 1)"),
                                 ("folder_version = 3\n", "was made by a later ftok (folder version 3)")):
            binding.write_text(text.replace("folder_version = 2\n", changed))
            before = digests(self.folder / "out")
            refused = self.tokenize(inputs, "out", "--shard-tokens", "300K", code=2)
            self.assertIn(message, refused.stderr)
            self.assertEqual(len(refused.stderr.strip().splitlines()), 1, refused.stderr)
            self.assertEqual(before, digests(self.folder / "out"))
        binding.write_text(text)
        self.tokenize(inputs, "out", "--shard-tokens", "300K")
        self.tokenize(inputs, "whole", "--shard-tokens", "300K")
        self.assertEqual(digests(self.folder / "out"), digests(self.folder / "whole"))

    def test_an_input_that_changed_is_refused(self):
        inputs = [self.jsonl("in.jsonl", range(2000))]
        self.killed_after_a_checkpoint(inputs)
        self.jsonl("in.jsonl", range(1, 2001))
        failed = self.tokenize(inputs, "out", "--shard-tokens", "300K", code=1)
        self.assertIn("has changed since", failed.stderr)

    def test_inputs_may_be_appended_not_reordered(self):
        inputs = [self.jsonl(f"in{i}.jsonl", range(100 * i, 100 * i + 100)) for i in range(3)]
        self.tokenize(inputs, "whole", "--shard-tokens", "5K")
        for count in (1, 2, 3):
            self.tokenize(inputs[:count], "grown", "--shard-tokens", "5K")
        self.assertEqual(digests(self.folder / "whole"), digests(self.folder / "grown"))
        self.assertIn("not reordered", self.tokenize(inputs[::-1], "grown", "--shard-tokens", "5K", code=2).stderr)
        self.assertIn("not removed", self.tokenize(inputs[:2], "grown", "--shard-tokens", "5K", code=2).stderr)
        self.assertIn("made with another recipe", self.tokenize(inputs, "grown", "--shard-tokens", "6K", code=2).stderr)
        self.tokenize(inputs[:2], "shuffled", "--shuffle", "1")
        self.assertIn("cannot change", self.tokenize(inputs, "shuffled", "--shuffle", "1", code=2).stderr)

    def test_ids_and_split_do_not_depend_on_how_a_path_is_spelt(self):
        for name in ("a", "b"):
            (self.folder / name).mkdir()
            lines = [json.dumps({"text": f"{name} {prose(i, 10)}"}) for i in range(400)]
            (self.folder / name / "d.jsonl").write_text("\n".join(lines) + "\n")
        (self.folder / "a" / "book.txt").write_text("A whole text.")
        made = []
        for i, path in enumerate(("a/d.jsonl", "./a/d.jsonl", "b/../a/d.jsonl", self.folder / "a/d.jsonl")):
            book = Path(path).parent / "book.txt"
            self.ftok("tokenize", "--vocab", "ftok-4k", "--quiet", "--validation-per-mille", 100, "--output", f"o{i}", path, book)
            made.append({name: digest for name, digest in digests(self.folder / f"o{i}").items() if name.startswith("ftok_")})
        self.assertEqual(made, made[:1] * len(made))
        ids = self.ids("o0")
        self.assertIn("d.jsonl:1", ids["val"])
        self.assertEqual(len(ids["val"]) + len(ids["train"]), 401)
        self.assertIn("book.txt", ids["val"] + ids["train"])
        # Another file of the name: longer ids, the same split.
        self.ftok("tokenize", "--vocab", "ftok-4k", "--quiet", "--validation-per-mille", 100, "--output", "both", "a/d.jsonl", "b/d.jsonl")
        both = self.ids("both")
        for split in ("val", "train"):
            lines = [one for one in ids[split] if one != "book.txt"]
            self.assertEqual([one for one in both[split] if one.startswith("a/")], [f"a/{one}" for one in lines])

    def test_text_parts_of_a_conversation(self):
        def line(content):
            return json.dumps({"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "yes"}]}) + "\n"
        part = {"type": "text", "text": "Wool"}
        (self.folder / "parts.jsonl").write_text(line([part, {"type": "text", "text": " and salt?"}]))
        (self.folder / "strings.jsonl").write_text(line("Wool and salt?"))
        (self.folder / "image.jsonl").write_text(line("x") + line([part, {"type": "image_url", "image_url": {}}]))
        for name in ("parts", "strings", "image"):
            done = self.ftok("tokenize", "--vocab", "ftok-4k", "--chat", "chatml", "--output", name, f"{name}.jsonl")
        self.assertEqual(all_tokens(self.folder / "parts", "val"), all_tokens(self.folder / "strings", "val"))
        self.assertIn('chat.bad_message', done.stderr)
        self.assertIn('of type "image_url"', done.stderr)

    def test_ids_of_conversations_are_those_given(self):
        ids = ["7", "9223372036854775808", "123456789012345678901234567890", "1.50", "true"]
        messages = '"messages":[{"role":"user","content":"x"}]'
        (self.folder / "ids.jsonl").write_text("".join(f'{{"id":{one},{messages}}}\n' for one in [*ids, "null"]))
        self.tokenize(["ids.jsonl"], "ids", "--chat", "chatml", "--validation-per-mille", "0")
        inspected = self.ftok("shards", "inspect", "--documents", "ids/ftok_train_000000.bin").stdout.splitlines()[1:]
        self.assertEqual([line.split()[-1] for line in inspected], [*ids, "ids.jsonl:6"])

    def test_a_shuffle_is_a_permutation_and_independent_of_the_split(self):
        seeds = list(range(900))
        whole = self.jsonl("whole.jsonl", seeds, words=60)
        parts = [self.jsonl(f"part{i}.jsonl", seeds[i::4], words=60) for i in range(4)]
        self.tokenize([whole], "ordered", "--validation-per-mille", "20")
        self.tokenize([whole], "one", "--shuffle", "9", "--validation-per-mille", "20")
        self.tokenize(parts, "four", "--shuffle", "9", "--validation-per-mille", "20", "--threads", "3")
        self.tokenize([whole], "other", "--shuffle", "10", "--validation-per-mille", "20")
        for split in ("train", "val"):
            one, four, other = (documents(self.folder / name, self.END, split) for name in ("one", "four", "other"))
            self.assertEqual(one, four)
            self.assertNotEqual(one, other)
        everything = lambda name: sorted(documents(self.folder / name, self.END, "train") + documents(self.folder / name, self.END, "val"))
        self.assertEqual(everything("one"), everything("ordered"))
        self.assertEqual(everything("one"), everything("other"))
        shards = lambda name: {k: v for k, v in digests(self.folder / name).items() if k.startswith("ftok_")}
        self.assertEqual(shards("one"), shards("four"))  # the sidecars too
        order = documents(self.folder / "one", self.END, "train")
        plain = documents(self.folder / "ordered", self.END, "train")
        neighbours = lambda lists: {(tuple(a), tuple(b)) for a, b in zip(lists, lists[1:])}
        self.assertLess(len(neighbours(order) & neighbours(plain)), 10)

    def test_a_shuffle_without_ids_names_documents_by_their_text(self):
        whole = self.jsonl("whole.jsonl", range(200), ids=False, words=30)
        parts = [self.jsonl(f"part{i}.jsonl", range(200)[i::3], ids=False, words=30) for i in range(3)]
        self.tokenize([whole], "one", "--shuffle", "9")
        self.tokenize(parts, "three", "--shuffle", "9")
        shards = lambda name: {k: v for k, v in digests(self.folder / name).items() if k.startswith("ftok_")}
        self.assertEqual(shards("one"), shards("three"))

    def test_a_bucket_larger_than_memory(self):
        # One text many times: all in one bucket, which must be split down to the last byte of the key.
        path = self.folder / "same.jsonl"
        with open(path, "w") as out:
            for i in range(3000):
                out.write(json.dumps({"text": prose(1, 100), "id": f"{i * 7919 % 3000:05}"}) + "\n")
        record = ("--record-bytes-max", "2K")  # --memory is at least 24 times that
        self.tokenize([path], "small", "--shuffle", "1", "--memory", "64K", "--validation-per-mille", "0", *record)
        self.tokenize([path], "large", "--shuffle", "1", "--validation-per-mille", "0", *record)
        self.assertEqual(digests(self.folder / "small"), digests(self.folder / "large"))
        inspect = self.ftok("shards", "inspect", "--documents", "small/ftok_train_000000.bin").stdout.splitlines()[1:]
        ids = [line.split()[3] for line in inspect]
        self.assertEqual(ids, sorted(ids))
        self.assertEqual(len(ids), 3000)  # none is held out

    def test_bad_lines_are_counted_and_named(self):
        path = self.folder / "bad.jsonl"
        path.write_bytes(b'{"text": "good"}\n{"text": \n{"no": 1}\n\n{"text": "caf\xe9"}\n[1]\n{"text": "also good"}\n')
        done = self.ftok("tokenize", path, "--output", "out", "--vocab", "ftok-4k", "--json", "--quiet")
        result = json.loads(done.stdout)
        self.assertEqual((result["kept"], result["dropped"]), (3, {"text.bad_json": 2, "text.no_text": 1}))
        self.assertEqual(result["replacements"], 1)
        self.assertIn("bad.jsonl: byte 17: text.bad_json: ", done.stderr)
        self.assertIn("bad.jsonl:2", done.stderr)
        receipt = json.loads((self.folder / "out" / "parts" / "000000.receipt").read_text())
        self.assertEqual(len(receipt["report"]["damage"]), 3)
        strict = self.tokenize([path], "strict", "--strict", code=1)
        self.assertIn("text.bad_json", strict.stderr)
        self.assertEqual(len(strict.stderr.strip().splitlines()), 1, strict.stderr)
        only_bytes = self.folder / "latin.jsonl"
        only_bytes.write_bytes(b'{"text": "caf\xe9"}\n')
        self.assertIn("not UTF-8", self.tokenize([only_bytes], "latin", "--strict", code=1).stderr)

    def test_what_is_no_text_is_refused(self):
        (self.folder / "binary").write_bytes(bytes(range(256)) * 40)
        self.assertIn("is binary data", self.tokenize(["binary"], "out", code=1).stderr)
        self.assertIn("No such file", self.tokenize(["nothing.jsonl"], "out2", code=1).stderr)
        self.assertIn("--shuffle", self.tokenize(["binary"], "out3", "--shuffle", "x", code=2).stderr)
        (self.folder / "empty.jsonl").write_bytes(b"")
        self.assertEqual(self.tokenize(["empty.jsonl"], "out4")["records"], 0)

    @starts_often
    def test_every_shard_format_from_any_threads_kills_and_by_conversion(self):
        path = self.folder / "docs.jsonl"
        path.write_text("".join(json.dumps({"id": f"d{i}", "text": prose(i, i % 150)}) + "\n" for i in range(400)))
        size = ["--shard-tokens", "9000", "--validation-per-mille", "100"]
        reference = {}
        for form in ("llmc", "raw", "datatrove"):
            flags = [*size, "--shard-format", form]
            self.tokenize([path], form, *flags, "--threads", "1")
            reference[form] = digests(self.folder / form)
            self.tokenize([path], f"{form}-4", *flags, "--threads", "4")
            self.assertEqual(digests(self.folder / f"{form}-4"), reference[form], form)
            command = [FTOK, "tokenize", "--quiet", "--vocab", "ftok-4k", "--output", f"{form}-killed", *flags, path]
            for kill_at in (2, 7, 11, 16):
                subprocess.run(list(map(str, command)), capture_output=True, cwd=self.folder,
                               env=faults.killed_at(FTOK, kill_at))
            self.tokenize([path], f"{form}-killed", *flags)
            self.assertEqual(digests(self.folder / f"{form}-killed"), reference[form], form)
            self.ftok("shards", "verify", form)
        for form in ("raw", "datatrove"):
            self.ftok("shards", "convert", "--to", form, "llmc", f"{form}-converted")
            converted = digests(self.folder / f"{form}-converted")
            shards = {name: digest for name, digest in reference[form].items() if name.startswith("ftok_")}
            self.assertEqual({name: digest for name, digest in converted.items() if name.startswith("ftok_")}, shards)
            self.ftok("shards", "verify", f"{form}-converted")
        self.check_layouts()
        refused = self.ftok("tokenize", "--vocab", "ftok-100k", "--token-bytes", "2", "--output", "wide", path, code=2)
        self.assertEqual(len(refused.stderr.strip().splitlines()), 1, refused.stderr)
        self.assertFalse((self.folder / "wide").exists())

    def check_layouts(self):
        """raw and .ds read as their readers do: the documents of the .bin shards, end-of-text behind them"""
        for split in ("train", "val"):
            expected = documents(self.folder / "llmc", self.END, split)
            raw = b"".join(p.read_bytes() for p in sorted((self.folder / "raw").glob(f"ftok_{split}_*.bin")))
            tokens = list(struct.unpack(f"<{len(raw) // 2}H", raw))
            self.assertEqual(tokens, [token for document in expected for token in (*document, self.END)])
            pieces = []
            for path in sorted((self.folder / "datatrove").glob(f"ftok_{split}_*.ds")):
                data = path.read_bytes()
                tokens = struct.unpack(f"<{len(data) // 2}H", data)
                index = Path(f"{path}.index").read_bytes()
                ends = struct.unpack(f"<{len(index) // 8}Q", index)
                self.assertEqual(ends[-1], len(tokens))
                self.assertEqual(Path(f"{path}.metadata").read_text().splitlines()[:2], ["ftok-4k|2", str(len(tokens))])
                for begin, end in zip((0, *ends), ends):
                    if pieces and pieces[-1][-1] != self.END:
                        pieces[-1] += tokens[begin:end]
                    else:
                        pieces.append(list(tokens[begin:end]))
            self.assertEqual(pieces, [[*document, self.END] for document in expected])

    def test_arrays_and_tables_are_read_as_their_rows(self):
        rows = [{"id": f"d{i}", "text": f'{prose(i, 30)}, "so"\nand on'} for i in range(50)]
        (self.folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (self.folder / "d.json").write_text("\ufeff" + json.dumps(rows, indent=2))
        quoted = ["{},{}".format(row["id"], '"' + row["text"].replace('"', '""') + '"') for row in rows]
        (self.folder / "d.csv").write_text("id,text\n" + "\n".join(quoted) + "\n", newline="\n")
        (self.folder / "d.txt").write_text("id\ttext\n" + "\n".join(line.replace(",", "\t", 1) for line in quoted))
        for name in ("d.jsonl", "d.json", "d.csv", "d.txt"):
            self.tokenize([name], f"out-{name}")
        shards = [{name: digest for name, digest in digests(self.folder / f"out-{name}").items() if name.startswith("ftok_")}
                  for name in ("d.jsonl", "d.json", "d.csv", "d.txt")]
        for other in shards[1:]:
            self.assertEqual(other, shards[0])
        counted = [self.ftok("encode", "--vocab", "ftok-4k", "--count", "--jsonl", name).stdout
                   for name in ("d.jsonl", "d.json", "d.csv", "d.txt")]
        self.assertEqual(counted, counted[:1] * 4)
        trained = []
        for name in ("d.jsonl", "d.json", "d.csv", "d.txt"):
            self.ftok("vocab", "train", "--quiet", "--size", "300", "--min-frequency", "1", "--output", f"v-{name}", name)
            trained.append((self.folder / f"v-{name}").read_bytes())
        self.assertEqual(trained, trained[:1] * 4)

    def test_a_byte_order_mark_is_no_content(self):
        mark = b"\xef\xbb\xbf"
        lines = b"".join(json.dumps({"id": f"d{i}", "text": prose(i, 30)}).encode() + b"\r\n\r\n" for i in range(20))
        (self.folder / "plain.jsonl").write_bytes(lines)
        (self.folder / "marked.jsonl").write_bytes(mark + lines)
        (self.folder / "list.txt").write_bytes(mark + b"marked.jsonl\r\n\r\n")
        self.tokenize(["plain.jsonl"], "plain")
        self.tokenize(["--input-list", "list.txt"], "marked")
        shards = [(self.folder / out / "ftok_train_000000.bin").read_bytes() for out in ("plain", "marked")]
        self.assertEqual(*shards)
        for name in ("plain", "marked"):
            self.ftok("vocab", "train", "--quiet", "--size", "300", "--output", f"{name}.tiktoken", f"{name}.jsonl")
        vocabulary = (self.folder / "plain.tiktoken").read_bytes()
        self.assertEqual((self.folder / "marked.tiktoken").read_bytes(), vocabulary)
        (self.folder / "marked.tiktoken").write_bytes(mark + vocabulary)
        ids = [self.ftok("encode", "--vocab", f"{name}.tiktoken", "--ids", "--jsonl", f"{name}.jsonl").stdout
               for name in ("plain", "marked")]
        self.assertEqual(*ids)
        text = [self.ftok("encode", "--vocab", "ftok-4k", "--ids", input=start + b"a text").stdout for start in (b"", mark)]
        self.assertEqual(*text)
        (self.folder / "domains.txt").write_bytes(mark + b"bad-mill.com\r\n")
        self.assertIn("drop", self.ftok("url", "check", "--domains", "domains.txt", "http://bad-mill.com/").stdout)
        (self.folder / "recipe.toml").write_bytes(mark + b'preset = "fineweb-datatrove-0.10"\r\n')
        self.ftok("recipe", "show", "recipe.toml")

    def test_what_is_not_text_is_refused_by_every_reader(self):
        files = {"x.parquet": b"PAR1" + bytes(range(256)), "x.arrow": b"ARROW1\0\0" + bytes(64), "x.pkl": b"\x80\x04\x95" + bytes(64),
                 "x.tar": b"a" * 257 + b"ustar\x0000" + bytes(248), "x.html": b"<!doctype html><p>x", "x": random.Random(1).randbytes(5000),
                 "names.csv": b"id,body\n1,a\n2,b\n"}
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
            for command in (["tokenize", "--quiet", "--vocab", "ftok-4k", "--output", f"out-{name}", name],
                            ["vocab", "train", "--quiet", "--size", "300", "--output", f"v-{name}", name],
                            ["vocab", "count", "--quiet", "--output", f"c-{name}", name],
                            ["encode", "--vocab", "ftok-4k", "--count", "--jsonl", name]):
                refused = self.ftok(*command, code=1)
                self.assertIn(name, refused.stderr)
                self.assertEqual(len(refused.stderr.strip().splitlines()), 1, refused.stderr)
            for made in (f"v-{name}", f"c-{name}"):
                self.assertFalse((self.folder / made).exists(), made)
        (self.folder / "page").write_bytes(files["x.html"])
        self.assertEqual(self.tokenize(["page"], "as-text", "--format", "text")["documents"], 1)

    def test_a_full_disk_leaves_only_whole_files(self):
        if not Path("/dev/shm").is_dir() or os.geteuid() != 0:
            self.skipTest("no root to mount a small file system with")
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True).returncode != 0:
            self.skipTest("mounting is not allowed")
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)])
        path = self.jsonl("in.jsonl", range(8000))
        for flags in ((), ("--shuffle", "2")):
            failed = self.tokenize([path], disk / f"out{len(flags)}", "--shard-tokens", "50K", *flags, code=1)
            self.assertIn("No space left on device", failed.stderr)
            self.assertEqual(len(failed.stderr.strip().splitlines()), 1, failed.stderr)
            shutil.rmtree(disk / f"out{len(flags)}")


if __name__ == "__main__":
    unittest.main()
