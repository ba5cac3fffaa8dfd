#!/usr/bin/env python3
"""What comes from streams and goes to them: outputs that are not regular files, standard streams that are full or closed,
inputs that can be read only once, signals during every wait.

  FTOK=path/to/ftok streams_checks.py [TestName...]
"""
import fcntl, gzip, http.server, json, os, signal, socket, stat, subprocess, sys, termios, threading, time, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pipeline"))
from checks import FTOK, Checks, faults, starts_often
from run_checks import page, write_warc

SECONDS_MAX = 60  # of a wait that a signal, or the end of an input, has ended
LINE = "the quick brown fox jumps over the lazy dog\n"


class Outputs(Checks):
    """Outputs that a person names."""

    def setUp(self):
        super().setUp()
        self.write("page.html", page(1))
        self.write("text.txt", LINE * 200)
        write_warc(self.folder / "in.warc.gz", range(4))

    def commands(self):
        """-> {name: arguments before the output's}"""
        return {"extract --report": ["extract", "page.html", "--report"],
                "encode --page": ["encode", "--vocab", "ftok-4k", "some", "words", "--page"],
                "vocab count": ["vocab", "count", "--quiet", "text.txt", "--output"],
                "run --measure": ["run", "--input", "in.warc.gz", "--quiet", "--measure"]}

    def test_a_device_a_fifo_and_a_link_stay_what_they_are(self):
        os.symlink("/dev/null", self.folder / "null")
        for name, command in self.commands().items():
            with self.subTest(name):
                self.ftok(*command, "regular")
                expected = (self.folder / "regular").read_bytes()
                self.assertTrue(expected)
                self.ftok(*command, "null")
                self.ftok(*command, "/dev/null")
                self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
                self.assertTrue((self.folder / "null").is_symlink())
                self.assertEqual(self.through_fifo(command), expected)
                self.write("real", "old")
                self.link("link", "real")
                self.ftok(*command, "link")
                self.assertTrue((self.folder / "link").is_symlink())
                self.assertEqual((self.folder / "real").read_bytes(), expected)
                self.one_line(self.ftok(*command, "/dev/full", code=1), "No space left on device")
                self.assertEqual(self.leftovers(), [])

    def link(self, name, target):
        (self.folder / name).unlink(missing_ok=True)
        os.symlink(target, self.folder / name)

    def through_fifo(self, command):
        fifo = self.folder / "fifo"
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        got = []
        reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
        reader.start()
        self.ftok(*command, "fifo")
        reader.join(SECONDS_MAX)
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))
        return got[0]

    def test_a_vocabulary_is_written_through_links(self):
        self.write("real.tiktoken", "old"), self.write("real.json", "old")
        self.link("v.tiktoken", "real.tiktoken"), self.link("v.json", "real.json")
        train = ["vocab", "train", "--quiet", "--size", "300", "--name", "v", "text.txt", "--output"]
        self.ftok(*train, "plain.tiktoken")
        self.ftok(*train, "v.tiktoken")
        for ending in ("tiktoken", "json"):
            self.assertTrue((self.folder / f"v.{ending}").is_symlink())
            self.assertEqual((self.folder / f"real.{ending}").read_bytes(), (self.folder / f"plain.{ending}").read_bytes())

    def test_standard_output_by_name_goes_where_it_points(self):
        with open(self.folder / "all", "wb") as out:
            out.write(b"before\n"), out.flush()
            done = subprocess.run([FTOK, *self.commands()["vocab count"], "/dev/stdout", "--json"], cwd=self.folder, stdout=out,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.ftok(*self.commands()["vocab count"], "regular")
        got, counts = (self.folder / "all").read_bytes(), (self.folder / "regular").read_bytes()
        self.assertTrue(got.startswith(b"before\n" + counts + b'{"output"'), got[:40])

    def test_leftovers_of_killed_attempts_are_swept_and_others_stay(self):
        for name, command in self.commands().items():
            with self.subTest(name):
                self.ftok(*command, "out", code=-signal.SIGKILL, env=faults.killed_at(FTOK, 1))
                left = self.leftovers()
                self.assertEqual(len(left), 1, left)
                theirs = ["out.ftok-tmp-notes", "out.ftok-tmp-elsewhere.4026531836-1-0123456789abcdef", left[0].replace("out.", "out2.", 1)]
                for other in theirs:
                    self.write(other, "someone's")
                self.ftok(*command, "out")
                self.assertEqual(self.leftovers(), sorted(theirs))
                for other in ["out", *theirs]:
                    (self.folder / other).unlink()


class StandardStreams(Checks):
    def setUp(self):
        super().setUp()
        self.write("page.html", page(1))
        self.write("text.txt", LINE * 20)
        self.write("texts.jsonl", json.dumps({"text": LINE}) + "\n")
        write_warc(self.folder / "in.warc.gz", range(3))
        self.ftok("tokenize", "--vocab", "ftok-4k", "--output", "shards", "texts.jsonl", "text.txt")

    PRINTING = [
        ["--help"], ["--version"], ["version"], ["run", "--help"], ["completion", "bash"],
        ["encode", "--vocab", "ftok-4k", "a"], ["encode", "--vocab", "ftok-4k", "--ids", "a"], ["encode", "--vocab", "ftok-4k", "--json", "a"],
        ["decode", "--vocab", "ftok-4k", "50", "51"], ["extract", "page.html"], ["extract", "--json", "page.html"],
        ["extract", "--jsonl", "--input", "in.warc.gz"], ["warc", "list", "in.warc.gz"], ["warc", "count", "in.warc.gz"],
        ["warc", "cat", "in.warc.gz", "0"], ["shards", "verify", "shards"], ["shards", "inspect", "shards/ftok_val_000000.bin"],
        ["shards", "cat", "shards/ftok_val_000000.bin"], ["language", "some", "words"], ["url", "check", "http://a.example/"],
        ["recipe", "list"], ["recipe", "kinds"], ["recipe", "show", "fineweb-2024-04"], ["vocab", "list"], ["vocab", "show", "ftok-4k"],
        ["filter", "texts.jsonl"], ["pii", "text.txt"], ["explain", "page.html"], ["models", "list"],
        ["tokenize", "--vocab", "ftok-4k", "--output", "shards2", "text.txt"],
        ["run", "--input", "in.warc.gz", "--vocab", "ftok-4k", "--output", "out"],
        ["run", "--input", "in.warc.gz", "--measure", "measures"],
        ["vocab", "count", "--json", "--quiet", "--output", "counts", "text.txt"],
        ["vocab", "train", "--json", "--quiet", "--size", "260", "--output", "v.tiktoken", "text.txt"]]

    def test_a_full_standard_output_is_an_error_of_every_command(self):
        for command in self.PRINTING:
            with self.subTest(" ".join(command)):
                expected = self.ftok(*command)
                self.assertTrue(expected.stdout)
                with open("/dev/full", "wb") as full:
                    done = subprocess.run([FTOK, *command], cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("cannot write to standard output: No space left on device", done.stderr)
                self.assertNotIn("internal error", done.stderr)

    def closed(self, command, *descriptors, **keywords):
        def close():
            for descriptor in descriptors:
                os.close(descriptor)
        return subprocess.run([FTOK, *command], cwd=self.folder, preexec_fn=close, **keywords)

    def test_closed_descriptors_end_up_in_no_file(self):
        command = ["run", "--input", "in.warc.gz", "--vocab", "ftok-4k", "--output"]
        self.ftok(*command, "whole")
        self.assertEqual(self.closed([*command, "no0"], 0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode, 0)
        self.assertEqual(self.closed([*command, "no2"], 2, stdout=subprocess.DEVNULL).returncode, 0)
        self.assertEqual(self.closed([*command, "none"], 0, 1, 2).returncode, 1)  # the result could not be printed
        for folder in ("no0", "no2", "none"):
            self.assertEqual(self.digests(folder), self.digests("whole"))

    def test_a_closed_stream_is_no_empty_one(self):
        done = self.closed(["encode", "--vocab", "ftok-4k", "a"], 1, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.one_line(done, "cannot write to standard output")
        done = self.closed(["tokenize", "--vocab", "ftok-4k", "--output", "out", "-"], 0, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot read standard input", done.stderr)

    def test_a_full_standard_error_is_none(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([FTOK, "vocab", "count", "--output", "c", "text.txt"], cwd=self.folder, stderr=full)
        self.assertEqual(done.returncode, 0)


class ReadOnce(Checks):
    """Standard input, FIFOs and process substitutions."""

    def setUp(self):
        super().setUp()
        write_warc(self.folder / "in.warc.gz", range(5))
        self.write("garbage.gz", bytes(range(256)) * 64)
        self.run_ = ["run", "--quiet", "--vocab", "ftok-4k"]

    def piped(self, path, *command, code=0):
        with open(self.folder / path, "rb") as file:
            cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
            done = self.ftok(*command, stdin=cat.stdout, code=code)
            cat.stdout.close()
            cat.wait()
        return done

    def fed(self, path, *command, code=0):
        """the same through a FIFO named `fifo`"""
        fifo = self.folder / "fifo"
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        feeder = subprocess.Popen(["sh", "-c", f"exec cat {path} > fifo"], cwd=self.folder)
        try:
            return self.ftok(*command, code=code, timeout=SECONDS_MAX)
        finally:
            feeder.kill()
            feeder.wait()

    def test_what_is_no_input_fails_the_run(self):
        for output, run in (("a", lambda o: self.piped("garbage.gz", *self.run_, "--input", "-", "--output", o, code=1)),
                            ("b", lambda o: self.fed("garbage.gz", *self.run_, "--input", "fifo", "--output", o, code=1))):
            done = run(output)
            self.one_line(done, "binary data, which is not read")
            self.assertNotIn("tried again", done.stderr)
            self.assertFalse((self.folder / output / "manifest.json").exists())

    def test_a_pipe_gives_what_the_file_gives(self):
        expected = self.ftok(*self.run_, "--json", "--input", "in.warc.gz", "--output", "file")
        for output, done in (("a", self.piped("in.warc.gz", *self.run_, "--json", "--input", "-", "--output", "a")),
                             ("b", self.fed("in.warc.gz", *self.run_, "--json", "--input", "fifo", "--output", "b"))):
            self.assertEqual(json.loads(done.stdout)["kept"], json.loads(expected.stdout)["kept"])
            self.assertGreater(json.loads(done.stdout)["kept"], 0)
            self.assertEqual(self.bytes_of(output, "ftok_val_000000.bin"), self.bytes_of("file", "ftok_val_000000.bin"))

    def test_a_text_in_a_fifo_is_counted_like_a_file(self):
        self.write("text.txt", LINE * 500)
        command = ["vocab", "count", "--quiet", "--output"]
        self.ftok(*command, "file.counts", "text.txt")
        self.fed("text.txt", *command, "fifo.counts", "fifo")
        self.assertEqual(self.bytes_of("file.counts"), self.bytes_of("fifo.counts"))
        train = ["vocab", "train", "--quiet", "--size", "300", "--name", "v", "--output"]
        self.ftok(*train, "file.tiktoken", "text.txt")
        self.fed("text.txt", *train, "fifo.tiktoken", "fifo")
        self.assertEqual(self.bytes_of("file.tiktoken"), self.bytes_of("fifo.tiktoken"))

    def test_a_failure_elsewhere_does_not_wait_for_it(self):
        os.mkfifo(self.folder / "fifo")
        command = [*self.run_, "--threads", "4", "--input", "in.warc.gz", "--input", "fifo", "--output", "out"]
        environment = faults.environment(FTOK, FAULTS_BELOW=self.folder, FAULTS_AT="rename:2:ENOSPC+")
        self.one_line(self.ftok(*command, code=1, env=environment, timeout=SECONDS_MAX), "No space left on device")

    def test_the_same_stream_twice_is_refused(self):
        done = self.ftok(*self.run_, "--input", "-", "--input", "-", "--output", "out", code=2, stdin=subprocess.DEVNULL)
        self.one_line(done, "standard input is given twice")
        done = self.ftok(*self.run_, "--input", "-", "--input-list", "-", "--output", "out", code=2, stdin=subprocess.DEVNULL)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertFalse((self.folder / "out").exists())

    @starts_often
    def test_a_run_that_was_killed_reads_the_stream_anew(self):
        self.piped("in.warc.gz", *self.run_, "--input", "-", "--output", "whole")
        for point in range(1, 30):
            with open(self.folder / "in.warc.gz", "rb") as file:
                cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
                killed = subprocess.run([FTOK, *self.run_, "--input", "-", "--output", "out"], cwd=self.folder, stdin=cat.stdout,
                                        env=faults.killed_at(FTOK, point), capture_output=True)
                cat.stdout.close(), cat.wait()
            if killed.returncode == 0:
                break
            self.piped("in.warc.gz", *self.run_, "--input", "-", "--output", "out")
            self.assertEqual(self.digests("out"), self.digests("whole"), point)
            subprocess.run(["rm", "-r", self.folder / "out"], check=True)
        self.assertGreater(point, 8)


class Silent(http.server.BaseHTTPRequestHandler):
    """/silent: never answers. /busy: 503, always."""

    def do_GET(self):
        self.server.asked.set()
        if self.path.startswith("/silent"):
            time.sleep(600)
        self.send_response(503), self.send_header("Retry-After", "600"), self.end_headers()

    def log_message(self, *_):
        pass


class Signals(Checks):
    """SIGINT, SIGTERM and a terminal that closes end every wait, with exit code 130 where a run can go on."""

    def setUp(self):
        super().setUp()
        write_warc(self.folder / "in.warc.gz", range(3))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
        self.server.daemon_threads, self.server.block_on_close, self.server.asked = True, False, threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.shutdown)

    def ends(self, command, number, ready, **keywords):
        process = subprocess.Popen([FTOK, *command], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **keywords)
        try:
            ready(process)
            process.send_signal(number)
            _, errors = process.communicate(timeout=SECONDS_MAX)
        finally:
            process.kill()
            process.wait()
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("stopped; the same command resumes", errors)

    def catches(self, process):
        """waits until the process has set its handlers, and a moment more"""
        while True:
            self.assertIsNone(process.poll())
            caught = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("SigCgt"))
            if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
                break
            time.sleep(0.01)
        time.sleep(0.3)

    def test_of_a_run(self):
        os.mkfifo(self.folder / "fifo")
        base = f"http://127.0.0.1:{self.server.server_address[1]}"

        def asked(process):
            self.assertTrue(self.server.asked.wait(SECONDS_MAX))
            self.server.asked.clear()
            self.catches(process)

        for number in (signal.SIGINT, signal.SIGTERM):
            for kind, ready in (("fifo", self.catches), ("-", self.catches), (f"{base}/silent/a.warc.gz", asked), (f"{base}/busy/a.warc.gz", asked)):
                for threads in ("1", "4"):
                    with self.subTest(number=number, input=kind, threads=threads):
                        reader, writer = os.pipe()
                        command = ["run", "--input", "in.warc.gz", "--input", kind, "--vocab", "ftok-4k", "--output", "out", "--threads", threads]
                        self.ends(command, number, ready, stdin=reader)
                        os.close(reader), os.close(writer)
                        self.assertEqual(self.leftovers(), [])

    def test_of_tokenize_and_extract(self):
        os.mkfifo(self.folder / "fifo")
        for number, command in ((signal.SIGHUP, ["tokenize", "--vocab", "ftok-4k", "--output", "out", "fifo"]), (signal.SIGTERM, ["extract", "--jsonl", "--input", "fifo"]),
                                (signal.SIGHUP, ["run", "--input", "fifo", "--measure", "measures"]), (signal.SIGTERM, ["run", "--input", "in.warc.gz", "--measure", "fifo"])):
            with self.subTest(" ".join(command)):
                self.ends(command, number, self.catches)

    def start_training(self, output, **keywords):
        """a training that never ends, once it has made its first steps"""
        self.write("text.jsonl", json.dumps({"text": LINE}) + "\n" + json.dumps({"text": LINE * 20}) + "\n")
        self.ftok("tokenize", "--vocab", "ftok-4k", "--quiet", "--output", "shards", "--validation-per-mille", "0", "text.jsonl")
        small = {"run.checkpoint_every": 10**9, "run.sample_every": 0, "run.threads": 1, "model.layers": 1, "model.heads": 1, "model.channels": 8, "model.length": 8,
                 "training.tokens_per_step": 8}
        command = ["train", "tiny", "--data", "shards", "--output", output, "--steps", "100000000", *(part for key, value in small.items() for part in ("--set", f"{key}={value}"))]
        process = subprocess.Popen([FTOK, *command], cwd=self.folder, **keywords)
        self.addCleanup(process.kill)
        log = self.folder / output / "log.jsonl"
        while not log.exists() or log.stat().st_size < 200:
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        return process

    def test_a_closed_terminal_leaves_the_checkpoint_of_a_training(self):
        own, terminal = os.openpty()
        # The session's first process hears of the closing from the system, and again as a shell's job does.
        process = self.start_training("out", stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(terminal)
        process.send_signal(signal.SIGHUP)
        os.close(own)
        self.assertEqual(process.wait(SECONDS_MAX), 130)
        self.assertEqual(len(list((self.folder / "out" / "checkpoints").iterdir())), 1)

    def test_a_stop_outlives_the_reader_of_its_messages(self):
        reader, writer = os.pipe()
        process = self.start_training("piped", stderr=writer, stdout=subprocess.DEVNULL)
        os.close(writer)
        process.send_signal(signal.SIGINT)
        os.close(reader)
        self.assertEqual(process.wait(SECONDS_MAX), 130)
        self.assertEqual(len(list((self.folder / "piped" / "checkpoints").iterdir())), 1)

    def test_nohup_is_respected(self):
        process = self.start_training("nohup", stderr=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        seen = (self.folder / "nohup" / "log.jsonl").stat().st_size
        while (self.folder / "nohup" / "log.jsonl").stat().st_size < seen + 2000:
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(SECONDS_MAX), 130)


class Refusals(Checks):
    def setUp(self):
        super().setUp()
        write_warc(self.folder / "in.warc.gz", range(3))
        self.run_ = ["run", "--quiet", "--vocab", "ftok-4k", "--input", "in.warc.gz", "--output", "out"]

    def test_numbers_out_of_bounds(self):
        self.write("text.txt", LINE * 20)
        nan = self.folder / "nan.toml"
        for flags, what in ((["--threads", "1025"], "threads: got '1025'"), (["--threads", "100000"], "threads: got '100000'"), (["--memory", "9" * 400], "--memory"),
                            (["--memory", "9" * 400 + "G"], "--memory"), (["--shard-tokens", "9" * 400], "--shard-tokens"),
                            (["--set", "language.languages={en=nan}"], "languages"), (["--set", "language.languages={en=inf}"], "languages"),
                            (["--set", "gopher_quality.stop_words_min=nan"], "stop_words_min"),
                            (["--set", "c4.curly_bracket=nan"], "c4")):
            with self.subTest(flags):
                self.one_line(self.ftok(*self.run_, *flags, code=2), what)
                self.assertFalse((self.folder / "out" / "manifest.json").exists())
        self.ftok(*self.run_, "--threads", "1024", "--memory", "0" * 400 + "512M")
        self.one_line(self.ftok("vocab", "count", "--threads", "1025", "--output", "c", "text.txt", code=2), "threads: got '1025'")
        self.one_line(self.ftok("tokenize", "--threads", "1025", "--vocab", "ftok-4k", "--output", "t", "text.txt", code=2), "threads: got '1025'")
        self.assertFalse(nan.exists())

    def test_a_failed_unlink_is_one_line(self):
        done = self.ftok(*self.run_, code=1, env=faults.environment(FTOK, FAULTS_BELOW=self.folder, FAULTS_AT="unlink:1:EPERM"))
        self.assertNotIn("internal error", done.stderr)
        self.one_line(done, "Operation not permitted")
        self.ftok(*self.run_)
        self.ftok("shards", "verify", "out")

    def test_an_input_given_up_shows_in_the_exit_code(self):
        self.write("bad.warc.gz", bytes(range(256)) * 64)
        command = [*self.run_, "--input", "bad.warc.gz"]
        done = self.ftok(*command, code=65)
        self.assertIn("1 of 2 inputs given up, the first bad.warc.gz", done.stderr)
        self.ftok("shards", "verify", "out")
        self.ftok(*command, "--max-failed-inputs", "1")
        self.ftok(*command[:-4], "--output", "one", "--input", "bad.warc.gz", "--max-failed-inputs", "0", code=1)
        extract = ["run", "--quiet", "--vocab", "ftok-4k", "--input", "in.warc.gz", "--input", "bad.warc.gz", "--output", "halves", "--only"]
        self.ftok(*extract, "extract", code=65)
        self.ftok(*extract, "extract", "--max-failed-inputs", "1")
        self.ftok(*extract, "commit", code=65)


if __name__ == "__main__":
    unittest.main(verbosity=2)
