"""What people see on terminals of 80 and 120 columns, through a pseudo-terminal: nothing wider than the terminal, nothing left behind.

  FTOK=path/to/ftok terminal_checks.py [TestName...]
REGENERATE=1 writes what came out into tests/cli/terminal/; look at the difference before committing it.
"""
import os, re, shutil, sys, unittest
from pathlib import Path

for room in ("pipeline", "support"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / room))
from checks import FTOK, Checks
from pseudo_terminal import lines_of, on_terminal, screen_of
from run_checks import write_warc

ROOT = Path(__file__).resolve().parent.parent.parent


def ftok_on_terminal(columns, folder, *arguments):
    return on_terminal([FTOK, *arguments], columns, folder=folder, environment={"FTOK_SHARE": str(ROOT / "share"), "FTOK_CACHE": str(folder / "cache")})


CAPTURES = {
    "commands": [],
    "compare": ["encode", "--compare", "ftok-4k,ftok-100k", "The tide comes in and goes out, na\u00efvely, every 12 hours and 25 minutes; the gulls know it."],
    "explain": ["explain", "page.html", "--url", "https://example.com/page"],
    "run": ["run", "sample.warc.gz", "-o", "corpus", "-v", "ftok-4k", "-j", "1"],
    "whatif": ["whatif", "measures.jsonl", "--set", "gopher_quality.words_min=20", "--sample", "2", "--rule", "gopher_quality.too_short"],
}

# What differs from run to run.
MEASURED = [(r"[\d.]+ s wall, [\d.]+ s CPU, peak memory .*", "TIME s wall, TIME s CPU, peak memory SIZE"), (r"(?m)^CPU by stage: .*", "CPU by stage: SHARES")]


class Terminal(Checks):
    def test_what_stands_on_the_screen_is_what_was_captured(self):
        self.write("page.html", "<html><title>Tides</title><body><p>" + "The tide comes in. The tide goes out. " * 8 + "</p></body></html>")
        shutil.copyfile(ROOT / "share" / "sample" / "ftok-sample.warc.gz", self.folder / "sample.warc.gz")
        self.ftok("run", "sample.warc.gz", "--measure", "measures.jsonl", "-q")
        for name, arguments in CAPTURES.items():
            for columns in (80, 120):
                shutil.rmtree(self.folder / "corpus", ignore_errors=True)
                text, code = ftok_on_terminal(columns, self.folder, *arguments)
                screen = "\n".join(line.rstrip() for line in screen_of(text)).rstrip("\n") + f"\nexit code {code}\n"
                for pattern, stands_for in MEASURED:
                    screen = re.sub(pattern, stands_for, screen)
                path = ROOT / "tests" / "cli" / "terminal" / f"{name}-{columns}.txt"
                if os.environ.get("REGENERATE"):
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(screen)
                with self.subTest(name, columns=columns):
                    self.assertEqual(screen, path.read_text())

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
                self.assertEqual(bars, [columns - 73])  # a bar of all of them fills what the table leaves

    def test_training_draws_within_the_terminal(self):
        self.write("book.txt", "The tide comes in. The tide goes out. A gull sat on the wall.\n" * 400)
        self.ftok("tokenize", "book.txt", "-o", "shards", "--quiet")
        small = ["model.layers=1", "model.heads=1", "model.channels=8", "model.length=16", "training.tokens_per_step=64", "run.threads=1",
                 "run.sample_tokens=4"]
        for columns in (80, 120):
            text, code = ftok_on_terminal(columns, self.folder, "train", "--data", "shards", "-o", f"model{columns}", "--steps", "30",
                                     *[word for key in small for word in ("--set", key)])
            self.assertEqual(code, 0, text)
            drawn = [line for line in lines_of(text) if line.startswith("step 30/30") or "\u2588" in line]
            self.assertTrue(drawn)
            self.assertLessEqual(max(map(len, drawn)), columns - 1)

    def test_help_is_the_same_on_every_terminal(self):
        wide, code = ftok_on_terminal(120, self.folder, "help")
        self.assertEqual((wide, code), ftok_on_terminal(80, self.folder, "help"))
        self.assertLessEqual(max(map(len, lines_of(wide))), 80)


if __name__ == "__main__":
    unittest.main()
