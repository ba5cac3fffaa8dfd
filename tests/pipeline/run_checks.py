#!/usr/bin/env python3
"""`ftok run` from the outside, on WARC files made here: the same bytes for any thread count, every record accounted for, inputs
that fail, folders that do not fit, full disks, interrupts. One unittest a promise.

  FTOK=path/to/ftok run_checks.py [TestName...]
"""
import gzip, hashlib, json, os, random, shutil, signal, struct, subprocess, sys, tempfile, time, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import faults

FTOK = os.environ.get("FTOK", "ftok")
WORDS = ("the river that runs through old town and to market with boats of every size have been there since people "
         "began trading wool salt iron grain honey timber stone cloth leather glass paper along its banks each spring").split()


def prose(seed, sentences=24):
    """English-looking text that passes the quality rules; different seeds share no 5-gram to speak of"""
    rng = random.Random(seed)
    paragraphs = []
    for _ in range(max(1, sentences // 6)):
        lines = []
        for _ in range(6):
            words = [rng.choice(WORDS) for _ in range(rng.randint(9, 15))]
            lines.append(" ".join(words).capitalize() + ".")
        paragraphs.append(" ".join(lines))
    return paragraphs


def page(seed, title="A page"):
    body = "".join(f"<p>{p}</p>" for p in prose(seed))
    return f"<html><head><title>{title} {seed}</title></head><body><article><h1>{title} {seed}</h1>{body}</article></body></html>"


def record(kind, headers, body):
    lines = ["WARC/1.0", f"WARC-Type: {kind}", "WARC-Date: 2024-05-01T00:00:00Z", f"Content-Length: {len(body)}", *headers]
    return gzip.compress("\r\n".join(lines).encode() + b"\r\n\r\n" + body + b"\r\n\r\n", mtime=0)


def response(seed, html, url=None):
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
    url = url or f"http://site{seed}.example/page"
    return record("response", [f"WARC-Record-ID: <urn:uuid:{seed}>", f"WARC-Target-URI: {url}",
                               "Content-Type: application/http; msgtype=response"], http)


def write_warc(path, seeds, extra=b""):
    with open(path, "wb") as out:
        out.write(record("warcinfo", [], b"software: test\r\n"))
        for seed in seeds:
            out.write(record("request", [], b"GET / HTTP/1.1\r\n\r\n"))
            out.write(response(seed, page(seed)))
        out.write(extra)


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(Path(folder).rglob("*")) if p.is_file() and p.name != ".lock"}


class RunChecks(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ftok-run-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def ftok(self, *arguments, code=0, **keywords):
        done = subprocess.run([FTOK, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder, **keywords)
        self.assertEqual(done.returncode, code, done.stderr[-3000:])
        return done

    def run_json(self, inputs, output, *flags, code=0, **keywords):
        arguments = [part for path in inputs for part in ("--input", path)]
        done = self.ftok("run", *arguments, "--output", output, "--vocab", "ftok-4k", "--quiet", "--json", *flags, code=code, **keywords)
        result = json.loads(done.stdout)
        self.account(result)
        return result

    def account(self, result):
        self.assertEqual(result["records"], result["documents"] + sum(result["skipped"].values()))
        self.assertEqual(result["documents"], result["kept"] + sum(result["dropped"].values()))

    def inputs(self, count=5, pages=12):
        paths = []
        for i in range(count):
            path = self.folder / f"in{i}.warc.gz"
            seeds = [i * 1000 + j for j in range(pages)] + [3]  # page 3 stands in every file: a duplicate in all but the first
            write_warc(path, seeds)
            paths.append(path)
        return paths

    def test_same_bytes_for_any_thread_count(self):
        inputs = self.inputs()
        expected = None
        for threads in (1, 2, 8):
            result = self.run_json(inputs, f"out{threads}", "--threads", threads, "--shard-tokens", "3000", "--rejects", "text")
            self.assertGreater(result["kept"], 40)
            self.assertGreaterEqual(result["dropped"].get("dedup.exact", 0) + result["dropped"].get("dedup.minhash", 0), 5)
            got = digests(self.folder / f"out{threads}")
            expected = expected or got
            self.assertEqual(expected, got)
        self.assertTrue(any(name.startswith("ftok_val_") for name in expected))
        self.assertGreater(sum(name.startswith("ftok_train_") and name.endswith(".bin") for name in expected), 2)

    @unittest.skipIf("FTOK_SANITIZED" in os.environ, "sanitizers have threads of their own")
    def test_no_thread_outlives_main(self):
        # libcrypto's clean-up at exit takes away what threads that end later give back.
        counts = self.folder / "threads"
        self.run_json(self.inputs(2), "out", "--threads", "2", env=faults.environment(FTOK, FAULTS_THREADS=counts))
        self.assertEqual(counts.read_text(), "1\n")

    def test_a_longer_input_list_continues_to_the_same_bytes(self):
        inputs = self.inputs()
        self.run_json(inputs, "whole", "--shard-tokens", "3000")
        for count in range(1, len(inputs) + 1):
            self.run_json(inputs[:count], "grown", "--shard-tokens", "3000")
        self.assertEqual(digests(self.folder / "whole"), digests(self.folder / "grown"))

    def test_a_finished_run_again_changes_nothing(self):
        inputs = self.inputs(2)
        self.run_json(inputs, "out")
        before = digests(self.folder / "out")
        result = self.run_json(inputs, "out")
        self.assertEqual(before, digests(self.folder / "out"))
        self.assertGreater(result["kept"], 0)

    def texts(self, name, texts):
        (self.folder / name).write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))

    def run_texts(self, inputs, output, *flags, **keywords):
        """no filters: what is kept is what the files hold"""
        arguments = [part for path in inputs for part in ("--input", path)]
        done = self.ftok("run", *arguments, "--output", output, "--vocab", "ftok-4k", "--quiet", "--json",
                         "--set", 'stages=["http","extract","minhash","dedup"]', *flags, **keywords)
        return json.loads(done.stdout), done.stderr

    def shard_tokens(self, output, split):
        return [struct.unpack("<3i", path.read_bytes()[:12])[2] for path in sorted((self.folder / output).glob(f"ftok_{split}_*.bin"))]

    def test_the_only_document_is_for_training(self):
        self.texts("a.jsonl", [" ".join(prose(1))])
        self.texts("b.jsonl", [" ".join(prose(2))])
        for form in ("llmc", "datatrove"):
            flags = ("--set", f"shards.format={form}")
            _, said = self.run_texts(["a.jsonl"], "one", *flags)
            self.assertIn("the only document is for training, and nothing validates", said)
            self.assertFalse(list((self.folder / "one").glob("ftok_val_*")))
            self.assertTrue(list((self.folder / "one").glob("ftok_train_000000.*")))
            self.assertIn("whole", self.ftok("shards", "verify", "one").stdout)
            self.assertFalse((self.folder / "one" / "journal").exists())
            before = digests(self.folder / "one")
            self.run_texts(["a.jsonl"], "one", *flags)
            self.assertEqual(before, digests(self.folder / "one"))
            _, said = self.run_texts(["a.jsonl", "b.jsonl"], "one", *flags)  # now it is the first of several
            self.assertNotIn("nothing validates", said)
            _, said = self.run_texts(["a.jsonl", "b.jsonl"], "both", *flags)
            self.assertEqual(digests(self.folder / "one"), digests(self.folder / "both"))
            self.assertTrue(list((self.folder / "both").glob("ftok_val_*")))
            for output in ("one", "both"):
                shutil.rmtree(self.folder / output)

    def test_the_only_document_survives_a_kill_anywhere(self):
        self.texts("a.jsonl", [" ".join(prose(1))])
        self.run_texts(["a.jsonl"], "expected")
        expected = digests(self.folder / "expected")
        command = [FTOK, "run", "--input", "a.jsonl", "--output", "out", "--vocab", "ftok-4k", "--quiet",
                   "--set", 'stages=["http","extract","minhash","dedup"]']
        for point in range(1, 1000):
            done = subprocess.run(command, cwd=self.folder, capture_output=True, env=faults.killed_at(FTOK, point))
            if done.returncode == 0:
                break
            self.assertEqual(done.returncode, -9, done.stderr)
            self.run_texts(["a.jsonl"], "out")
            self.assertEqual(digests(self.folder / "out"), expected, point)
            shutil.rmtree(self.folder / "out")
        self.assertGreater(point, 20)

    def test_one_half_after_the_other_gives_the_only_document_to_training(self):
        self.texts("a.jsonl", [" ".join(prose(1))])
        self.run_texts(["a.jsonl"], "whole")
        arguments = ("run", "--input", "a.jsonl", "--output", "halves", "--vocab", "ftok-4k", "--quiet",
                     "--set", 'stages=["http","extract","minhash","dedup"]')
        self.ftok(*arguments, "--only", "extract")
        self.assertIn("nothing validates", self.ftok(*arguments, "--only", "commit").stderr)
        self.assertEqual(digests(self.folder / "whole"), digests(self.folder / "halves"))

    def test_empty_documents_are_dropped_and_counted(self):
        self.texts("in.jsonl", ["", " ", "One.", "\u200b", "\n\u3000\u00a0", "Two."])  # a zero width space is no white space
        result, _ = self.run_texts(["in.jsonl"], "out", "--set", "shards.validation_per_mille=0")
        self.assertEqual((result["kept"], result["dropped"]), (3, {"text.empty": 3}))
        self.assertEqual(sum(self.shard_tokens("out", "val")), 0)

    def test_what_is_said_of_documents_is_counted_and_licences_stay_with_the_texts(self):
        link = '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"></head>'
        broken = "<p>Caf\u00c3\u00a9 au lait, and it\u00e2\u20ac\u2122s warm.</p></article>"
        pages = {1: page(1).replace("</head>", link), 2: page(2).replace("</article>", broken), 3: page(3),
                 4: "<html><head><title>x</title>" + link + "<p>Too short to be kept.</p></html>"}
        (self.folder / "in.warc.gz").write_bytes(b"".join(response(seed, html) for seed, html in pages.items()))
        result = self.run_json(["in.warc.gz"], "out")
        self.assertEqual((result["kept"], result["labelled"]), (3, {"license.rel": 2, "mojibake": 1}))
        (path,) = (self.folder / "out" / "parts").glob("*.text.jsonl.zst")
        texts = subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout.splitlines()
        licences = [(text.get("license"), text.get("license_source")) for text in map(json.loads, texts)]
        self.assertEqual(licences, [("CC-BY-4.0", "rel"), (None, None), (None, None)])
        shown = self.ftok("run", "--input", "in.warc.gz", "--output", "again", "--vocab", "ftok-4k").stdout
        self.assertRegex(shown, r"labelled: license\.rel +2 +50\.0 %\nlabelled: mojibake +1 +25\.0 %")

    def test_what_pages_and_hosts_reserve_is_counted_once_wherever_the_stage_stands(self):
        noai = '<meta name="robots" content="noai"></head>'
        pages = {1: page(1).replace("</head>", noai), 2: page(2).replace("</head>", noai), 3: page(3),
                 4: page(4).replace("</head>", '<meta name="tdm-reservation" content="1"></head>')}
        (self.folder / "in.warc.gz").write_bytes(b"".join(response(seed, html) for seed, html in pages.items()))
        (self.folder / "hosts").write_text("site1.example\nsite3.example\n")
        for name, stages in (("early", '"rights","http","url","extract","minhash","dedup"'),
                             ("late", '"rights","http","extract","minhash","dedup","url"')):
            flags = ("--set", f"stages=[{stages}]", "--set", 'url.optout_lists=["hosts"]')
            result = self.run_json(["in.warc.gz"], name, *flags)
            self.assertEqual((result["kept"], result["labelled"]), (4, {"rights_noai": 2, "rights_tdm": 1, "url_optout": 2}))
            result = self.run_json(["in.warc.gz"], name + "_dropped", *flags, "--set", "url.optout_drop=true")
            self.assertEqual((result["kept"], result["dropped"], result["labelled"].get("url_optout")), (2, {"url.optout": 2}, 2))

    def test_a_validation_shard_shorter_than_llmcs_batch_is_named(self):
        for tokens, warned in ((4096, True), (4097, False)):  # 4 x 1024 + 1 is a batch
            # The first document validates; its end-of-text token counts.
            self.texts("in.jsonl", ["a" + " a" * (tokens - 2), "Another text."])
            _, said = self.run_texts(["in.jsonl"], f"out{tokens}", "--set", "shards.validation_per_mille=1")
            self.assertEqual(self.shard_tokens(f"out{tokens}", "val"), [tokens])
            self.assertEqual(f"the validation shard holds {tokens} tokens: llm.c's reader wants 4097" in said, warned)
        self.texts("in.jsonl", ["a a", "b b"])
        _, said = self.run_texts(["in.jsonl"], "raw", "--set", "shards.format=raw")  # no reader of llm.c's
        self.assertNotIn("llm.c", said)
        _, said = self.run_texts(["in.jsonl"], "all", "--set", "shards.validation_per_mille=1000")
        self.assertIn("all documents are held out for validation", said)

    def test_inputs_may_not_be_reordered_or_removed(self):
        inputs = self.inputs(3)
        self.run_json(inputs, "out")
        before = digests(self.folder / "out")
        for wrong, message in ((list(reversed(inputs)), "not reordered"), (inputs[:2], "not removed")):
            arguments = [part for path in wrong for part in ("--input", path)]
            done = self.ftok("run", *arguments, "--output", "out", "--vocab", "ftok-4k", code=2)
            self.assertIn(message, done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertEqual(before, digests(self.folder / "out"))

    def test_another_recipe_is_refused(self):
        inputs = self.inputs(1)
        self.run_json(inputs, "out")
        done = self.ftok("run", "--input", inputs[0], "--output", "out", "--vocab", "ftok-4k", "--recipe", "fineweb-datatrove-0.10", code=2)
        self.assertIn("was made with another recipe", done.stderr)
        done = self.ftok("run", "--input", inputs[0], "--output", "out", "--vocab", "ftok-50k", code=2)
        self.assertIn("was made with another recipe", done.stderr)

    def killed(self, inputs, output, point):
        """a run that killed itself at this commit point"""
        done = subprocess.run([FTOK, "run", *[part for p in inputs for part in ("--input", str(p))], "--output", output, "--vocab", "ftok-4k",
                               "--shard-tokens", "3000", "--quiet"], cwd=self.folder, env=faults.killed_at(FTOK, point))
        self.assertEqual(done.returncode, -signal.SIGKILL)

    def refused(self, inputs, output, code, *messages):
        """one line, and not a byte touched but of temporary files"""
        before = {name: digest for name, digest in digests(self.folder / output).items() if "ftok-tmp" not in name}
        done = self.ftok("run", *[part for p in inputs for part in ("--input", p)], "--output", output, "--vocab", "ftok-4k",
                         "--shard-tokens", "3000", "--quiet", code=code)
        for message in messages:
            self.assertIn(message, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        after = digests(self.folder / output)
        self.assertEqual(before, {name: digest for name, digest in after.items() if "ftok-tmp" not in name})

    def test_a_folder_of_another_version_is_refused(self):
        inputs = self.inputs(2)
        self.killed(inputs, "out", 30)
        binding = self.folder / "out" / "binding.toml"
        text = binding.read_text()
        self.assertTrue(text.startswith("folder_version = 2\n"))
        binding.write_text(text.replace("folder_version = 2\n", ""))
        self.refused(inputs, "out", 2, "was made by ftok 0.1.0 (folder version 1)", "(folder version 2): use another folder, or finish it with")
        binding.write_text(text.replace("folder_version = 2\n", "folder_version = 3\n"))
        self.refused(inputs, "out", 2, "was made by a later ftok (folder version 3)")
        binding.write_text(text)
        self.run_json(inputs, "out", "--shard-tokens", "3000")

    def test_a_damaged_journal_is_refused(self):
        inputs = self.inputs(3)
        self.killed(inputs, "out", 45)
        journal = self.folder / "out" / "journal"
        good = journal.read_bytes()
        lines = good.splitlines(keepends=True)
        self.assertGreater(len(lines), 3)
        self.assertIn("out: a run is in progress here", self.ftok("shards", "verify", "out", code=1).stdout)
        bad = bytearray(good)
        bad[len(lines[0]) + 40] ^= 1
        journal.write_bytes(bad)
        self.refused(inputs, "out", 1, f"out/journal is damaged at byte {len(lines[0])}: ")
        journal.write_bytes(good + lines[-1][:50])  # torn: dropped
        self.run_json(inputs, "out", "--shard-tokens", "3000")
        self.run_json(inputs, "whole", "--shard-tokens", "3000")
        self.assertEqual(digests(self.folder / "whole"), digests(self.folder / "out"))

    def test_an_input_that_fails_is_given_up_and_the_rest_goes_on(self):
        inputs = self.inputs(3)
        (self.folder / "bad.warc.gz").write_bytes(bytes(range(256)) * 64)
        mixed = [inputs[0], self.folder / "bad.warc.gz", inputs[1], inputs[2]]
        result = self.run_json(mixed, "out", code=65)
        self.assertEqual(result["quarantined"], [str(self.folder / "bad.warc.gz")])
        clean = self.run_json(inputs, "clean")
        self.assertEqual(result["kept"], clean["kept"])
        done = self.ftok("run", *[part for p in mixed for part in ("--input", p)], "--output", "strict", "--vocab", "ftok-4k",
                         "--max-failed-inputs", "0", code=1)
        self.assertIn("1 inputs failed, more than the 0 allowed", done.stderr)

    def test_damage_is_counted_and_the_run_goes_on(self):
        good = response(1, page(1))
        torn = response(2, page(2))[:400]
        path = self.folder / "torn.warc.gz"
        path.write_bytes(good + torn + response(3, page(3)) + b"garbage between members" + response(4, page(4)))
        result = self.run_json([path], "out")
        self.assertGreaterEqual(result["damage"], 1)
        self.assertGreaterEqual(result["kept"], 3)

    def test_every_rejected_document_says_why(self):
        path = self.folder / "in.warc.gz"
        write_warc(path, [1, 2], response(9, "<html><body><p>Too short.</p></body></html>") + response(10, page(1)))
        result = self.run_json([path], "out", "--rejects", "text")
        files = list((self.folder / "out").rglob("*rejects*"))
        self.assertEqual(len(files), 1)
        lines = subprocess.run(["zstd", "-dc", files[0]], capture_output=True, check=True).stdout.decode().splitlines()
        rejects = [json.loads(line) for line in lines]
        self.assertEqual(len(rejects), sum(result["dropped"].values()))
        for reject in rejects:
            self.assertIn(reject["reason"], result["dropped"])
            self.assertIn("offset", reject)
        duplicates = [r for r in rejects if r["reason"].startswith("dedup.")]
        self.assertEqual([r["duplicate_of"] for r in duplicates], ["urn:uuid:1"])

    def test_interrupt_leaves_a_folder_that_resumes(self):
        inputs = self.inputs(4, pages=150)
        self.run_json(inputs, "whole")
        process = subprocess.Popen([FTOK, "run", *[str(part) for p in inputs for part in ("--input", p)], "--output", "out",
                                    "--vocab", "ftok-4k", "--quiet"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not (self.folder / "out" / "work").exists():
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
        self.assertIn(process.returncode, (0, 130), errors)
        if process.returncode == 130:
            self.assertIn("stopped; the same command resumes", errors)
        self.assertEqual([p for p in (self.folder / "out").rglob("*ftok-tmp*")], [])
        self.run_json(inputs, "out")
        self.assertEqual(digests(self.folder / "whole"), digests(self.folder / "out"))

    def test_a_locked_folder_is_refused(self):
        import fcntl
        inputs = self.inputs(1)
        (self.folder / "out").mkdir()
        with open(self.folder / "out" / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.ftok("run", "--input", inputs[0], "--output", "out", "--vocab", "ftok-4k", code=1)
        self.assertIn("is in use by another ftok process", done.stderr)

    def test_misuse_is_one_line_and_exit_2(self):
        inputs = self.inputs(1)
        for flags, message in ((["--recipe", "fineweb-2024"], "fineweb-2024-04"), (["--memory", "lots"], "--memory"),
                               (["--rejects", "all"], "--rejects"), (["--set", "c4.nonsense=1"], "c4.nonsense"),
                               (["--set", "extract.mode=3"], "extract.mode"), (["--slice", "9/3"], "--slice")):
            done = self.ftok("run", "--input", inputs[0], "--output", "out", "--vocab", "ftok-4k", *flags, code=2)
            self.assertIn(message, done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            self.assertFalse((self.folder / "out").exists(), flags)

    def test_what_is_missing_is_one_line(self):
        inputs = self.inputs(1)
        for flags, message, code in ((["--input", "missing.warc.gz"], "missing.warc.gz", 1),
                                     (["--vocab", "missing.tiktoken"], "missing.tiktoken", 2),
                                     (["--language-model", "missing.bin"], "missing.bin", 1)):
            done = self.ftok("run", "--input", inputs[0], "--output", "out", *flags, code=code)
            self.assertIn(message, done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            self.assertFalse((self.folder / "out").exists())

    def test_measure_records_every_rule_and_drops_nothing(self):
        path = self.folder / "in.warc.gz"
        write_warc(path, [1], response(9, "<html><body><p>Too short a page to be kept by anybody, it is.</p></body></html>"))
        self.ftok("run", "--input", path, "--measure", "m.jsonl", "--quiet")
        rows = [json.loads(line) for line in (self.folder / "m.jsonl").read_text().splitlines()]
        self.assertEqual(len(rows), 2)
        for row in rows:
            rules = {m["rule"] for m in row["measures"]}
            for stage in ("language", "gopher_repetition", "gopher_quality", "c4", "fineweb"):
                self.assertTrue(any(rule.startswith(stage + ".") for rule in rules), (stage, rules))
        self.assertEqual(rows[0]["outcome"], "keep")
        self.assertNotEqual(rows[1]["outcome"], "keep")

    def test_shards_verify_and_decode_to_the_kept_text(self):
        inputs = self.inputs(2)
        result = self.run_json(inputs, "out")
        self.ftok("shards", "verify", "out")
        shard = next(name for name in result["shards"] if "train" in name)
        data = bytearray((self.folder / "out" / shard).read_bytes())
        data[len(data) // 2] ^= 1
        (self.folder / "out" / shard).write_bytes(data)
        self.ftok("shards", "verify", "out", code=1)

    def test_a_full_disk_is_an_error_and_nothing_half_written(self):
        inputs = self.inputs(2, pages=40)
        mount = self.folder / "small"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", mount], capture_output=True).returncode != 0:
            self.skipTest("cannot mount a small file system here (needs root)")
        try:
            done = self.ftok("run", *[part for p in inputs for part in ("--input", p)], "--output", mount / "out", "--vocab", "ftok-4k", code=1)
            self.assertIn("No space left on device", done.stderr)
            self.assertEqual(list(mount.rglob("*ftok-tmp*")), [])
        finally:
            subprocess.run(["umount", mount], check=True)


if __name__ == "__main__":
    unittest.main()
