#!/usr/bin/env python3
"""What is whose, and what is nobody's business: folders that hold someone's own files, inputs that were replaced,
vocabularies that are replaced by others, passwords in addresses, names that steer terminals, variables that a release
does not know.

  FTOK=path/to/ftok belongings_checks.py [TestName...]
"""
import base64, gzip, http.server, json, os, re, shutil, signal, subprocess, sys, threading, time, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from checks import FTOK, Checks, faults, starts_often
from run_checks import page, record, response, write_warc

LINE = "the quick brown fox jumps over the lazy dog\n"


def unescaped(text):
    """the bytes that the escape form (core/shown.h) stands for"""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())


class Folders(Checks):
    def setUp(self):
        super().setUp()
        write_warc(self.folder / "in.warc.gz", range(3))
        self.write("text.txt", LINE * 200)
        self.run_ = ["run", "--quiet", "--vocab", "ftok-4k", "--input", "in.warc.gz", "--output"]
        self.tokenize = ["tokenize", "--quiet", "--vocab", "ftok-4k", "text.txt", "--output"]

    def test_someones_own_files_are_refused_and_stay(self):
        for command in (self.run_, self.tokenize, [*self.run_[:-1], "--only", "extract", "--output"]):
            for name in ("ftok_train_000000.bin", "ftok_val_000003.bin.docs", "ftok_train_7.ds.index", "manifest.json", "journal", "parts/mine", "work/mine"):
                with self.subTest(command=command[0], name=name):
                    shutil.rmtree(self.folder / "theirs", ignore_errors=True)
                    path = self.folder / "theirs" / name
                    path.parent.mkdir(parents=True)
                    path.write_text("someone's")
                    before = self.digests("theirs")
                    self.one_line(self.ftok(*command, "theirs", code=2), f"holds {name.split('/')[0]}, which no run of this folder wrote")
                    self.assertEqual(self.digests("theirs"), before)

    def test_files_that_no_run_writes_may_lie_in_the_folder(self):
        (self.folder / "out").mkdir()
        names = ["slurm-1.log", "ftok_train_mine.bin", "ftok_train_000000.txt", "notes.ftok-tmp-x"]
        for name in names:
            self.write(f"out/{name}", "someone's")
        self.ftok(*self.run_, "out")
        self.ftok(*self.run_, "out")
        for name in names:
            self.assertEqual(self.bytes_of("out", name), b"someone's")

    TRAIN = ["train", "tiny", "--data", "shards", "--output", "model", "--steps", "1", "--device", "cpu", "--set", "model.layers=1",
             "--set", "model.heads=1", "--set", "model.channels=8", "--set", "model.length=8", "--set", "training.tokens_per_step=16",
             "--set", "run.sample_every=0"]

    def test_leftovers_of_training_are_swept(self):
        self.ftok(*self.tokenize, "shards")
        self.ftok(*self.TRAIN, code=-signal.SIGKILL, env=faults.killed_at(FTOK, 1))
        self.assertEqual(len(self.leftovers()), 1, self.leftovers())
        self.ftok(*self.TRAIN)
        self.assertEqual(self.leftovers(), [])

    def test_leftovers_of_a_vocabulary_are_swept(self):
        train = ["vocab", "train", "--quiet", "--size", "260", "--output", "v.tiktoken", "text.txt"]
        for point in (1, 3):
            self.ftok(*train, code=-signal.SIGKILL, env=faults.killed_at(FTOK, point))
            self.assertEqual(len(self.leftovers()), 1, self.leftovers())
            self.ftok(*train)
            self.assertEqual(self.leftovers(), [])
            for name in ("v.tiktoken", "v.json"):
                (self.folder / name).unlink()

    def test_a_log_that_is_not_of_training_stays(self):
        self.ftok(*self.tokenize, "shards")
        (self.folder / "model").mkdir()
        self.write("model/log.jsonl", '{"event":"mine"}\n')
        self.assertIn("log.jsonl is not a log of ftok train", self.ftok(*self.TRAIN, code=2).stderr)
        self.assertEqual(self.bytes_of("model", "log.jsonl"), b'{"event":"mine"}\n')

    def test_counts_of_someone_else_stay(self):
        (self.folder / "state").mkdir()
        self.write("state/run-000001.counts", "someone's")
        count = ["vocab", "count", "--quiet", "--checkpoint", "state", "--output", "c", "text.txt"]
        self.one_line(self.ftok(*count, code=2), "holds run-000001.counts, which no count of this folder wrote")
        self.assertEqual(self.bytes_of("state", "run-000001.counts"), b"someone's")

    def test_verify_misses_no_binding(self):
        self.ftok(*self.run_, "out")
        self.ftok("shards", "verify", "out")
        (self.folder / "out" / "binding.toml").unlink()
        self.assertIn("binding.toml: is missing", self.ftok("shards", "verify", "out", code=1).stdout)
        self.ftok(*self.run_, "again")
        self.ftok("shards", "convert", "--to", "raw", "again", "converted")  # has a manifest and no binding, rightly
        self.ftok("shards", "verify", "converted")


class Inputs(Checks):
    """What was made of an input does not pass for what is made of another one."""

    def setUp(self):
        super().setUp()
        for number in range(2):
            write_warc(self.folder / f"in{number}.warc.gz", range(10 * number, 10 * number + 4))
        self.run_ = ["run", "--quiet", "--vocab", "ftok-4k", "--input", "in0.warc.gz", "--input", "in1.warc.gz", "--output"]

    def replace(self, name, seeds):
        size = (self.folder / name).stat().st_size
        write_warc(self.folder / name, seeds)
        return size

    def test_candidates_of_a_replaced_input_are_made_again(self):
        self.ftok(*self.run_, "out", "--only", "extract")
        self.replace("in1.warc.gz", range(50, 54))
        done = self.ftok(*self.run_, "out", "--only", "commit", code=75)
        self.assertIn("in1.warc.gz is not extracted yet", done.stderr)
        self.ftok(*self.run_, "out")
        self.ftok(*self.run_, "whole")
        self.assertEqual(self.digests("out"), self.digests("whole"))

    def test_of_one_that_has_the_same_size(self):
        content = self.bytes_of("in1.warc.gz")
        self.ftok(*self.run_, "out", "--only", "extract")
        other = gzip.decompress(content).replace(b"Content-Type: text/html; charset=utf-8", b"Content-Type: text/plain;charset=utf-8")
        self.write("in1.warc.gz", content[:-8] + bytes([content[-8] ^ 1]) + content[-7:])  # the checksum of the last member
        self.assertTrue(other)
        self.ftok(*self.run_, "out", "--only", "commit", code=75)

    def test_candidates_of_an_input_that_was_only_touched_are_used(self):
        self.ftok(*self.run_, "out", "--only", "extract")
        os.utime(self.folder / "in1.warc.gz", (1, 1))
        done = self.ftok(*self.run_, "out", "--only", "extract", "--json")
        self.assertEqual(json.loads(done.stdout)["there_already"], 2)
        self.ftok(*self.run_, "out", "--only", "commit")

    def test_a_count_does_not_go_on_with_a_replaced_input(self):
        self.write("a.txt", "one two three\n" * 2000)
        self.write("b.txt", "four five six\n" * 2000)
        count = ["vocab", "count", "--quiet", "--checkpoint", "state", "--checkpoint-every", "10K", "--output", "c", "a.txt", "b.txt"]
        self.ftok(*count, code=-signal.SIGKILL, env=faults.killed_at(FTOK, 6))
        self.write("b.txt", "four five SIX\n" * 2000)  # as many bytes
        self.one_line(self.ftok(*count, code=2), "is of other inputs")


class Vocabularies(Checks):
    @starts_often
    def test_killed_while_it_replaces_another_one_leaves_one_of_them(self):
        self.write("old.txt", "aa bb aa bb cc\n" * 50)
        self.write("new.txt", "xx yy xx yy zz\n" * 50)
        train = lambda text, output: ["vocab", "train", "--quiet", "--size", "260", "--special", f"<|{text}|>", "--name", "v", "--output", output, f"{text}.txt"]
        for text in ("old", "new"):
            self.ftok(*train(text, f"{text}.tiktoken"))
        ids = {text: self.ftok("encode", "--vocab", f"{text}.tiktoken", "--ids", "aa xx").stdout for text in ("old", "new")}
        self.assertNotEqual(ids["old"], ids["new"])
        states = set()
        for described in (True, False):
            for point in range(1, 20):
                for ending in ("tiktoken", "json"):
                    self.write(f"v.{ending}", self.bytes_of(f"old.{ending}"))
                killed = subprocess.run([FTOK, *train("new", "v.tiktoken")], cwd=self.folder, env=faults.killed_at(FTOK, point), capture_output=True)
                got = self.ftok("encode", "--vocab", "v.tiktoken", "--ids", "aa xx").stdout
                shown = self.ftok("vocab", "show", "v.tiktoken").stdout
                self.assertIn(got, ids.values())
                state = "old" if got == ids["old"] else "new"
                self.assertIn(f"<|{state}|>", shown)
                states.add(state)
                if killed.returncode == 0:
                    break
            self.assertGreaterEqual(point, 6)
            self.ftok(*train("new", "v.tiktoken"))
            for ending in ("tiktoken", "json"):
                self.assertEqual(self.bytes_of(f"v.{ending}"), self.bytes_of(f"new.{ending}"))
        self.assertEqual(states, {"old", "new"})


class Site(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/gone"):
            return self.send_error(404)
        if self.path.startswith("/refused"):
            return self.send_error(403)
        content = (Path(self.server.folder) / self.path.split("?")[0].lstrip("/")).read_bytes()
        self.send_response(200), self.send_header("Content-Length", str(len(content))), self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Privacy(Checks):
    def setUp(self):
        super().setUp()
        write_warc(self.folder / "in.warc.gz", range(3))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        self.server.daemon_threads, self.server.folder, self.server.seen = True, self.folder, []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.shutdown)
        self.base = f"http://joe:pass-word-1@127.0.0.1:{self.server.server_address[1]}"

    def holds_no_secret(self, done, folder):
        texts = [done.stdout.encode("utf-8", "surrogateescape"), done.stderr.encode("utf-8", "surrogateescape")]
        if (self.folder / folder).exists():
            for path in (self.folder / folder).rglob("*"):
                texts.append(str(path).encode())
                texts.append(path.read_bytes() if path.is_file() else b"")
                if path.name.endswith(".zst"):
                    texts.append(subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout)
        for text in texts:
            for secret in (b"pass-word-1", b"joe", b"t0ken"):
                self.assertNotIn(secret, text)

    def test_passwords_and_tokens_are_sent_and_written_nowhere(self):
        address = f"{self.base}/in.warc.gz?part=7&X-Amz-Signature=t0ken"
        run = ["run", "--vocab", "ftok-4k", "--rejects", "text", "--input"]
        self.holds_no_secret(self.ftok(*run, address, "--output", "out", "--progress-json", "out.progress"), "out")
        self.assertIn(("/in.warc.gz?part=7&X-Amz-Signature=t0ken", "Basic " + base64.b64encode(b"joe:pass-word-1").decode()), self.server.seen)
        manifest = self.bytes_of("out", "manifest.json").decode()
        self.assertIn("/in.warc.gz?part=7&X-Amz-Signature=***", manifest)
        self.ftok(*run, address.replace("t0ken", "t0ken-that-is-newer"), "--output", "out")  # the same input, signed anew
        self.holds_no_secret(self.ftok(*run, f"{self.base}/gone.warc.gz?token=t0ken", "--output", "gone", code=1), "gone")
        self.holds_no_secret(self.ftok(*run, f"{self.base}/refused.warc.gz?token=t0ken", "--output", "refused", code=1), "refused")
        self.holds_no_secret(self.ftok("run", "--vocab", "ftok-4k", "--input", "in.warc.gz", "--input", f"{self.base}/gone.warc.gz?sig=t0ken",
                                       "--output", "quarantined", "--rejects", "text", code=65), "quarantined")
        self.holds_no_secret(self.ftok("run", "--measure", "measures", "--input", address), ".")
        self.write("texts.jsonl", json.dumps({"text": LINE}) + "\n" + json.dumps({"id": 3, "text": LINE}) + "\n")
        self.holds_no_secret(self.ftok("tokenize", "--vocab", "ftok-4k", "--output", "tokens", f"{self.base}/texts.jsonl?key=t0ken"), "tokens")
        self.holds_no_secret(self.ftok("extract", "--jsonl", "--input", address), "out")

    def test_refusals_show_no_password(self):
        """every message that quotes an address or a place, on standard error as on standard output"""
        self.write("in.jsonl", json.dumps({"text": LINE}) + "\n")
        other, ours, store = "ftp://joe:pass-word-1@h/x", "https://joe:pass-word-1@h/v", "s3://joe:pass-word-1@bkt/x"
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "k"}
        run = ["run", "--quiet", "--vocab", "ftok-4k", "--output", "out"]
        for number, (command, environment) in enumerate((
                (["tokenize", other], {}), (["tokenize", other + "?token=t0ken"], {}), (["tokenize", "--output", other, "in.jsonl"], {}),
                (["run", "--vocab", "ftok-4k", "--input", "in.jsonl", "--output", ours], {}),
                (["run", "--input", "in.jsonl", "--output", "out", "--vocab", ours], {}),
                (["status", ours], {}), (["resubmit", other], {}), (["job", "clean", ours], {}), (["task", ours, "extract", "0"], {}),
                (["submit", "slurm", ours], {}), (["remove-ids", ours, "in.jsonl"], {}), (["model", "info", ours], {}), (["model", "info", other], {}),
                (["shards", "verify", ours], {}), (["shards", "inspect", store], keys), (["shards", "verify", store], keys),
                ([*run, "--input", store], keys), (["plan", "--vocab", "ftok-4k", "--output", "job", "--tasks", "1", "--input", store], keys),
                (["plan", "--vocab", "ftok-4k", "--output", store, "--tasks", "1", "--input", "in.jsonl"], keys),
                ([*run, "--input", "s3://bucket/x"], {**keys, "AWS_ENDPOINT_URL": other}),
                ([*run, "--input", "s3://bucket/x"], {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://joe:pass-word-1@h/x"}),
                (["recipe", "check", other], {}), (["run", "--recipe", ours, "--input", "in.jsonl", "--output", "out"], {}),
                ([*run, "--input", "in.jsonl", "--language-model", store], {}), ([*run, "--input", "in.jsonl", "--dedup-against", store], keys),
                ([*run, "--input", "in.jsonl", "--progress-json", other], {}), (["train", "tiny", "--data", ours, "--output", "model"], {}),
                (["crawl", "list", "--base-url", other], {}), (["encode", "--vocab", other, "a"], {}), (["extract", other], {}),
                (["warc", "list", other], {}), (["explain", other], {}), (["mix", other], {}), (["decontaminate", other], {}))):
            with self.subTest(command=command):
                plain = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
                done = self.ftok(*command, code=None, env={**plain, "AWS_EC2_METADATA_DISABLED": "true", **environment})
                self.assertIn(done.returncode, (1, 2, 78), done.stderr)
                self.holds_no_secret(done, "out")
                self.assertTrue(done.stderr)

    def test_downloads(self):
        get = ["crawl", "get", "--output", "got", "--json"]
        for flags, code in ((["--base-url", self.base, "in.warc.gz"], 0), (["--base-url", self.base, "gone.warc.gz"], 1), ([f"{self.base}/in.warc.gz?sig=t0ken"], 0)):
            done = subprocess.run([FTOK, *get, *flags], cwd=self.folder, capture_output=True, text=True)
            self.assertIn(done.returncode, (code, 2), done.stderr)
            self.holds_no_secret(done, "got")


class Terminals(Checks):
    NAME = b"a\x1b[31m\xff\\xff\x9b.warc.gz"

    def harmless(self, text):
        self.assertNotRegex(text, r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

    def test_names_are_shown_harmlessly_and_read_back(self):
        path = os.fsencode(self.folder) + b"/" + self.NAME
        write_warc(path, range(3))
        command = [FTOK, "run", "--vocab", "ftok-4k", "--input", self.NAME, "--output", "out", "--rejects", "text"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, errors="surrogateescape")
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = json.loads(self.bytes_of("out", "manifest.json").decode("utf-8", "strict"))
        self.assertEqual(unescaped(json.dumps(manifest["inputs"][0]["report"]["input"])[1:-1].encode().decode("unicode_escape")), self.NAME)
        command[command.index(self.NAME)] = b"gone\x1b]0;x\x07\xff.warc.gz"
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, errors="surrogateescape")
        self.assertEqual(done.returncode, 1)
        self.harmless(done.stderr)
        self.one_line(done, "gone\\x1b]0;x\\x07\\xff.warc.gz")
        done = subprocess.run([FTOK, "encode", "--vocab", b"v\x1b[2J\xff", "a"], cwd=self.folder, capture_output=True, text=True, errors="surrogateescape")
        self.harmless(done.stderr)
        done = subprocess.run([FTOK, b"comm\x1b[2Jand"], cwd=self.folder, capture_output=True, text=True, errors="surrogateescape")
        self.harmless(done.stderr)

    def test_fields_of_records(self):
        url = b"http://a.example/\x1b]0;title\x07\xff\\xff"
        head = [b"WARC/1.0", b"WARC-Type: response", b"WARC-Date: 2024-05-01T00:00:00Z", b"WARC-Record-ID: <urn:\xfe>", b"WARC-Target-URI: " + url,
                b"Content-Type: application/http; msgtype=response"]
        body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page(1).encode()
        self.write("in.warc.gz", gzip.compress(b"\r\n".join([*head, b"Content-Length: %d" % len(body)]) + b"\r\n\r\n" + body + b"\r\n\r\n"))
        done = self.ftok("warc", "list", "in.warc.gz")
        self.harmless(done.stdout.replace("\t", " "))
        self.assertEqual(unescaped(done.stdout.rstrip("\n").split("\t")[3]), url)
        done = self.ftok("warc", "list", "--json", "in.warc.gz")
        self.harmless(done.stdout)
        self.assertEqual(unescaped(json.loads(done.stdout)["url"]), url)
        self.harmless(self.ftok("explain", "in.warc.gz", "--record", "0").stdout)
        self.ftok("run", "--quiet", "--vocab", "ftok-4k", "--input", "in.warc.gz", "--output", "out")
        (text,) = (self.folder / "out" / "parts").glob("*.text.jsonl.zst")
        document = json.loads(subprocess.run(["zstd", "-dc", text], capture_output=True, check=True).stdout)
        self.assertEqual(unescaped(document["url"]), url)
        self.assertEqual(unescaped(document["id"]), b"urn:\xfe")

    def harmless_output(self, *command, code=0):
        done = subprocess.run([FTOK, *command], cwd=self.folder, capture_output=True, text=True, errors="surrogateescape")
        self.assertEqual(done.returncode, code, done.stderr)
        self.harmless(done.stdout.replace("\t", " "))
        self.harmless(done.stderr)
        return done.stdout

    def test_reports_on_standard_output(self):
        write_warc(os.fsencode(self.folder) + b"/" + self.NAME, range(3))
        shown = "a\\x1b[31m\\xff\\x5cxff\\x9b.warc.gz"
        self.assertEqual(unescaped(self.harmless_output("warc", "count", self.NAME).split("\t")[0]), self.NAME)
        self.assertEqual(unescaped(json.loads(self.harmless_output("warc", "count", "--json", self.NAME))["file"]), self.NAME)
        self.ftok("run", "--quiet", "--vocab", "ftok-4k", "--input", "*.warc.gz", "--output", "out")
        os.rename(self.folder / "out", os.fsencode(self.folder) + b"/o\x1b]0;x\x07\xff")
        folder = b"o\x1b]0;x\x07\xff"
        self.assertIn("whole", self.harmless_output("shards", "verify", folder))
        self.harmless_output("shards", "inspect", folder)
        (Path(os.fsdecode(os.fsencode(self.folder) + b"/" + folder)) / "binding.toml").unlink()
        self.assertIn("binding.toml: is missing", self.harmless_output("shards", "verify", folder, code=1))
        self.write("ids", b"no\x1b[2Jbody\xff\n")
        self.assertIn("  not found: no\\x1b[2Jbody\\xff\n", self.harmless_output("remove-ids", folder, "ids"))
        self.assertEqual(unescaped(json.loads(self.harmless_output("remove-ids", "--json", folder, "ids"))["not_found"][0]), b"no\x1b[2Jbody\xff")
        self.harmless_output("recipe", "check", b"gone\x1b[31m\xff.toml", code=2)
        self.write("recipe.toml", "stages = []\n")
        os.rename(self.folder / "recipe.toml", os.fsencode(self.folder) + b"/r\x1b[31m\xff.toml")
        self.harmless_output("recipe", "check", b"r\x1b[31m\xff.toml", code=2)

    def test_json_never_steers_a_terminal(self):
        self.write("page.html", page(1).replace("<p>", "<p>a\x7fb\x9b31m"))
        done = self.ftok("extract", "--jsonl", "page.html")
        self.harmless(done.stdout)
        self.assertIn("b\\u009b31m", done.stdout)


class Files(Checks):
    """What cannot be opened, written or read twice is told, before the work where that can be."""

    def setUp(self):
        super().setUp()
        write_warc(self.folder / "in.warc.gz", range(3))
        self.write("in.jsonl", json.dumps({"text": LINE}) + "\n")
        self.run_ = ["run", "--quiet", "--vocab", "ftok-4k", "--input", "in.warc.gz", "--output"]

    def test_progress_that_cannot_be_written(self):
        for number, command in enumerate(([*self.run_, "out"], ["tokenize", "--quiet", "--vocab", "ftok-4k", "in.jsonl", "--output", "tokens"])):
            self.one_line(self.ftok(*command, "--progress-json", "nowhere/progress", code=1), "cannot write progress to nowhere/progress: No such")
            done = self.ftok(*command, "--progress-json", "/dev/full")
            warnings = [line for line in done.stderr.splitlines() if "cannot write progress to /dev/full, so no more is written there: No space left" in line]
            self.assertEqual(len(warnings), 1, done.stderr)
            self.assertTrue(warnings[0].startswith("ftok: warning: "))
            self.ftok("shards", "verify", command[-1])
            shutil.rmtree(self.folder / command[-1])
            done = self.ftok(*command, "--progress-json", f"progress{number}")
            self.assertNotIn("progress", done.stderr)
            self.assertGreater(len((self.folder / f"progress{number}").read_text()), 10)

    def test_one_pipe_under_two_names(self):
        tokenize = ["tokenize", "--quiet", "--vocab", "ftok-4k", "--output", "tokens"]
        os.mkfifo(self.folder / "fifo")
        os.symlink("fifo", self.folder / "link")
        for first, second in (("-", "/dev/stdin"), ("/dev/fd/0", "-"), ("/dev/stdin", "/proc/self/fd/0"), ("fifo", "link"), ("fifo", "./fifo")):
            shown = [name if name != "-" else "standard input" for name in (first, second)]
            done = subprocess.run([FTOK, *tokenize, first, second], cwd=self.folder, stdin=subprocess.PIPE, capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.one_line(done, f"{shown[0]} and {shown[1]} are the same, which can be read only once")
        done = subprocess.run([FTOK, *tokenize, "-", "-"], cwd=self.folder, stdin=subprocess.PIPE, capture_output=True, text=True)
        self.one_line(done, "standard input is given twice")
        with open(self.folder / "in.jsonl") as file:  # a file that is standard input can be opened anew
            subprocess.run([FTOK, *tokenize, "-", "/dev/stdin", "in.jsonl"], cwd=self.folder, stdin=file, check=True)

    def test_start_after_wants_texts_of_a_stopped_run(self):
        stage = "language"
        self.write("table.csv", "id,text\n1,a\n2,b\n")
        for name, what in (("in.warc.gz", "is WARC, ARC or WET, not the texts of a run that stopped after language"),
                           ("table.csv", "is comma-separated values, not the texts of a run that stopped after language")):
            done = self.ftok("run", "--quiet", "--vocab", "ftok-4k", "--input", name, "--start-after", stage, "--output", f"second-{name}", code=1)
            self.assertIn(what, done.stderr)
        self.ftok(*self.run_, "first", "--stop-after", stage)
        texts = sorted((self.folder / "first" / "parts").glob("*.text.jsonl.zst"))
        self.ftok("run", "--quiet", "--vocab", "ftok-4k", "--start-after", stage, "--output", "second", *texts)

    def test_addresses_that_are_not_taken_are_refused_by_name(self):
        for flags, name in ((["--language-model", "s3://bucket/m.bin"], "s3://bucket/m.bin"), (["--vocab", "s3://bucket/v.tiktoken"], "s3://bucket/v.tiktoken"),
                            (["--recipe", "s3://bucket/r.toml"], "s3://bucket/r.toml")):
            self.one_line(self.ftok("run", "--quiet", "--input", "in.warc.gz", "--output", "out", *flags, code=2), f"{name}: expected a path, got an address: s3:")
            self.assertFalse((self.folder / "out").exists())
        self.one_line(self.ftok("run", "--quiet", "--input", "in.warc.gz", "--measure", "s3://bucket/m", code=2), "s3://bucket/m: expected a path, got an address")
        classifier = ["--recipe", "dclm-baseline", "--set", "classifier.model=s3://bucket/c.bin"]
        self.one_line(self.ftok("run", "--quiet", "--input", "in.jsonl", "--output", "out", *classifier, code=2), "s3://bucket/c.bin: expected a path, got an address")

    def test_a_file_system_without_locks(self):
        for command, what in (([*self.run_, "locked"], "cannot lock locked/.lock: No locks available"),):
            (self.folder / "locked").mkdir()
            environment = faults.environment(FTOK, FAULTS_BELOW=self.folder / "locked", FAULTS_AT="flock:1:ENOLCK+")
            self.one_line(self.ftok(*command, code=1, env=environment), what)
            self.ftok(*command)


class Release(Checks):
    def test_no_variable_kills_it_or_leaves_out_syncs(self):
        write_warc(self.folder / "in.warc.gz", range(3))
        run = ["run", "--quiet", "--vocab", "ftok-4k", "--input", "in.warc.gz", "--output"]
        for variable in ("FTOK_KILL_AT_COMMIT", "FTOK_NO_FSYNC"):
            counts = self.folder / f"counts-{variable}"
            environment = faults.environment(FTOK, FAULTS_BELOW=self.folder, FAULTS_COUNT=counts, **{variable: 1})
            self.ftok(*run, f"out-{variable}", env=environment)
            syncs = dict(line.split() for line in counts.read_text().splitlines())
            self.assertGreater(int(syncs["sync"]), 10)
        program = Path(FTOK).read_bytes()
        for variable in (b"KILL_AT", b"NO_FSYNC", b"FAULTS_"):
            self.assertNotIn(variable, program)


if __name__ == "__main__":
    unittest.main(verbosity=2)
