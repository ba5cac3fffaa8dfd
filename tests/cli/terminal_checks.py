"""What people see on terminals of 80 and 120 columns, through a pseudo-terminal: nothing wider than the terminal, nothing left behind.

  FTOK=path/to/ftok terminal_checks.py [TestName...]
"""
import fcntl, os, pty, re, struct, sys, termios, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pipeline"))
from checks import FTOK, Checks
from run_checks import write_warc

ROOT = Path(__file__).resolve().parent.parent.parent


def on_terminal(columns, folder, *arguments):
    """-> all that the program wrote on a terminal so wide; its exit code"""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.chdir(folder)
        os.environ.pop("NO_COLOR", None)
        os.environ["FTOK_SHARE"] = str(ROOT / "share")
        os.execv(FTOK, ["ftok", *arguments])
    written = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        written += data
    os.close(terminal)
    return written.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def lines_of(text):
    """each line that was ever written, without colours and moves of the cursor"""
    return [re.sub("\x1b\\[[0-9;]*[A-Za-z]", "", line) for line in re.split("[\r\n]+", text)]


def screen_of(text):
    """the lines that stand there in the end"""
    lines = [""]
    for piece in re.findall("\x1b\\[\\d+F\x1b\\[J|\x1b\\[[\\d;]*m|\r\n|[^\x1b\r\n]+", text):
        if piece.endswith("J"):
            lines[-1 - int(piece[2 : piece.index("F")]) :] = [""]
        elif piece == "\r\n":
            lines.append("")
        elif piece[0] != "\x1b":
            lines[-1] += piece
    return lines


class Terminal(Checks):
    def test_a_run_draws_within_the_terminal_and_ends_with_its_funnel(self):
        write_warc(self.folder / "in.warc.gz", range(400))
        for columns in (80, 120):
            with self.subTest(columns):
                text, code = on_terminal(columns, self.folder, "run", "in.warc.gz", "-o", f"out{columns}", "-v", "ftok-4k", "-j", "1")
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
            text, code = on_terminal(columns, self.folder, "train", "--data", "shards", "-o", f"model{columns}", "--steps", "30",
                                     *[word for key in small for word in ("--set", key)])
            self.assertEqual(code, 0, text)
            drawn = [line for line in lines_of(text) if line.startswith("step 30/30") or "\u2588" in line]
            self.assertTrue(drawn)
            self.assertLessEqual(max(map(len, drawn)), columns - 1)

    def test_help_is_the_same_on_every_terminal(self):
        wide, code = on_terminal(120, self.folder, "help")
        self.assertEqual((wide, code), on_terminal(80, self.folder, "help"))
        self.assertLessEqual(max(map(len, lines_of(wide))), 80)


if __name__ == "__main__":
    unittest.main()
