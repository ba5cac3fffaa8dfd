"""What people see on terminals of 80 and 120 columns, through a pseudo-terminal: nothing wider than the terminal, nothing left behind.

  FTOK=path/to/ftok terminal_checks.py [TestName...]
REGENERATE=1 writes what came out into tests/cli/terminal/; look at the difference before committing it.
"""
import http.server, os, re, shutil, sys, threading, unittest
from pathlib import Path

for room in ("pipeline", "support"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / room))
from checks import FTOK, Checks
from pseudo_terminal import lines_of, on_terminal, screen_of
from run_checks import write_warc

ROOT = Path(__file__).resolve().parent.parent.parent


def ftok_on_terminal(columns, folder, *arguments):
    return on_terminal([FTOK, *arguments], columns, folder=folder, environment={"FTOK_SHARE": str(ROOT / "share"), "FTOK_CACHE": str(folder / "cache")})


# A model that 30 steps of are done in a blink.
SMALL = ["model.layers=1", "model.heads=1", "model.channels=8", "model.length=16", "training.tokens_per_step=64", "run.threads=1", "run.sample_tokens=4"]

CAPTURES = {
    "commands": [],
    "compare": ["encode", "--compare", "ftok-4k,ftok-100k", "The tide comes in and goes out, na\u00efvely, every 12 hours and 25 minutes; the gulls know it."],
    "download": ["models", "get", "lid.176.ftz", "--from", "http://127.0.0.1:9/lid.176.ftz"],
    "explain": ["explain", "page.html", "--url", "https://example.com/page"],
    "help": ["help", "tokenize"],
    "inspect": ["shards", "inspect", "shards"],
    "models": ["models", "list"],
    "recipes": ["recipe", "list"],
    "run": ["run", "sample.warc.gz", "-o", "corpus", "-v", "ftok-4k", "-j", "1"],
    "tokenize": ["tokenize", "book.txt", "-o", "corpus", "-j", "1"],
    "train": ["train", "--data", "shards", "-o", "corpus", "--steps", "30"] + [word for key in SMALL for word in ("--set", key)],
    "vocab-list": ["vocab", "list"],
    "vocab-train": ["vocab", "train", "book.txt", "--size", "300", "-o", "corpus.tiktoken", "-j", "1"],
    "whatif": ["whatif", "measures.jsonl", "--set", "gopher_quality.words_min=20", "--sample", "2", "--rule", "gopher_quality.too_short"],
}

# What differs from run to run. The CPU time of a stage is right-aligned: what stands for it is as wide.
MEASURED = [(r"[\d.]+ s wall, [\d.]+ s CPU, peak memory .*", "TIME s wall, TIME s CPU, peak memory SIZE"), (r"(?m)^CPU by stage: .*", "CPU by stage: SHARES"),
            (r"(?<= %)( +[\d.]+ s)(?=  )", lambda match: "TIME".rjust(len(match[1]))), (r"(?m)^(tokens +[\d,]+)( +[\d.]+ s)$", lambda match: match[1] + "TIME".rjust(len(match[2]))),
            (r"[\d.]+ [kMG]?B/s of text, .* tokens/s", "RATE of text, RATE tokens/s"), (r"in \d+\.\d\d s\b", "in TIME s"), (r"after \d+ ms", "after TIME ms"),
            (r"(?m)^ \d+\.\d+  ?[ \u2581-\u2588]+$", " LOSS CURVE"), (r"(?m)^ {7}[ \u2581-\u2588]+$", "      CURVE"), (r'sample: ".*"', 'sample: "TEXT"'),
            (r"loss [\d.]+  norm [\d.]+  lr ([\d.]+)  \d+ tokens/s  \d+ s left", r"loss N  norm N  lr \1  N tokens/s  TIME left")]


class Terminal(Checks):
    def test_what_stands_on_the_screen_is_what_was_captured(self):
        self.write("page.html", "<html><title>Tides</title><body><p>" + "The tide comes in. The tide goes out. " * 8 + "</p></body></html>")
        shutil.copyfile(ROOT / "share" / "sample" / "ftok-sample.warc.gz", self.folder / "sample.warc.gz")
        self.ftok("run", "sample.warc.gz", "--measure", "measures.jsonl", "-q")
        self.write("book.txt", "The tide comes in. The tide goes out. A gull sat on the wall.\n" * 400)
        self.ftok("tokenize", "book.txt", "-o", "shards", "--quiet")
        for name, arguments in CAPTURES.items():
            for columns in (80, 120):
                shutil.rmtree(self.folder / "corpus", ignore_errors=True)
                text, code = ftok_on_terminal(columns, self.folder, *arguments)
                screen = "\n".join(line.rstrip() for line in screen_of(text)).rstrip("\n") + f"\nexit code {code}\n"
                widest = max(map(len, screen.splitlines()))
                for pattern, stands_for in MEASURED:
                    screen = re.sub(pattern, stands_for, screen)
                path = ROOT / "tests" / "cli" / "terminal" / f"{name}-{columns}.txt"
                if os.environ.get("REGENERATE"):
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(screen)
                with self.subTest(name, columns=columns):
                    self.assertEqual(screen, path.read_text())
                    self.assertLessEqual(widest, columns)

    def test_a_run_draws_within_the_terminal_and_ends_with_its_funnel(self):
        write_warc(self.folder / "in.warc.gz", range(400))
        for columns in (80, 120):
            with self.subTest(columns):
                text, code = ftok_on_terminal(columns, self.folder, "run", "in.warc.gz", "-o", f"out{columns}", "-v", "ftok-4k", "-j", "1")
                self.assertEqual(code, 0, text)
                table = [line for line in screen_of(text) if re.match(r"(records|documents|kept|dedup|url|extract|language) ", line)]
                self.assertGreaterEqual(len(table), 5, text)
                self.assertEqual(max(map(len, table)) <= columns, True, table)
                drawn = [line for line in lines_of(text) if re.match(r"\d+/\d+ inputs", line)]
                self.assertLessEqual(max(map(len, drawn), default=0), columns - 1)
                self.assertEqual([line for line in screen_of(text) if re.match(r"\d+/\d+ inputs", line)], [])  # it is gone
                bars = [line.count("\u2588") for line in table if line.startswith("documents")]
                self.assertEqual(bars, [{80: 4, 120: 38}[columns]])  # a bar of all of them fills what the table leaves

    def test_training_draws_within_the_terminal(self):
        self.write("book.txt", "The tide comes in. The tide goes out. A gull sat on the wall.\n" * 400)
        self.ftok("tokenize", "book.txt", "-o", "shards", "--quiet")
        for columns in (80, 120):
            text, code = ftok_on_terminal(columns, self.folder, "train", "--data", "shards", "-o", f"model{columns}", "--steps", "30",
                                     *[word for key in SMALL for word in ("--set", key)])
            self.assertEqual(code, 0, text)
            drawn = [line for line in lines_of(text) if line.startswith("step 30/30") or "\u2588" in line]
            self.assertTrue(drawn)
            self.assertLessEqual(max(map(len, drawn)), columns - 1)

    def test_a_download_draws_within_the_terminal(self):
        class Served(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(4 << 20))
                self.end_headers()
                for _ in range(64):
                    self.wfile.write(bytes(1 << 16))

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Served)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for columns in (80, 120):
            text, code = ftok_on_terminal(columns, self.folder, "models", "get", "lid.176.ftz", "--from", f"http://127.0.0.1:{server.server_port}/lid.176.ftz")
            self.assertEqual(code, 1)  # it is not that model
            self.assertLessEqual(max(map(len, lines_of(text))), columns)
            screen = screen_of(text)
            self.assertIn("is not the lid.176.ftz expected: its SHA-256 is", " ".join(line.strip() for line in screen))
            self.assertEqual([line for line in screen if re.match(r"lid\.176\.ftz: ", line)], [])  # what was drawn is gone

    def test_help_is_the_same_on_every_terminal(self):
        wide, code = ftok_on_terminal(120, self.folder, "help")
        self.assertEqual((wide, code), ftok_on_terminal(80, self.folder, "help"))
        self.assertLessEqual(max(map(len, lines_of(wide))), 80)


if __name__ == "__main__":
    unittest.main()
