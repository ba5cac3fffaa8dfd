"""What tests from the outside share: a folder of their own, and the program run in it."""
import hashlib, os, shutil, subprocess, sys, tempfile, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import faults

FTOK = os.path.abspath(os.environ.get("FTOK", "ftok"))
SANITIZED = bool(os.environ.get("FTOK_SANITIZED"))
if "ASAN_OPTIONS" in os.environ:  # lost memory is looked for in GoogleTest and tests/cli: at the end of every process it takes a quarter of a short one's time
    os.environ["ASAN_OPTIONS"] += ":detect_leaks=0"


def starts_often(test):
    """of tests that start the program a hundred times, for what it leaves behind: not again under the sanitizers"""
    return unittest.skipIf(SANITIZED, "starts the program too often for the sanitizers")(test)


class Checks(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ftok-checks-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def ftok(self, *arguments, code=0, **keywords):
        keywords.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([FTOK, *map(os.fspath, map(str, arguments))], capture_output=True, cwd=self.folder, text=True,
                              errors="surrogateescape", **keywords)
        if code is not None:
            self.assertEqual(done.returncode, code, f"{arguments}: {done.stderr[-3000:]}")
        return done

    def one_line(self, done, what):
        """standard error, warnings aside, is one line that says this"""
        self.assertEqual(len([line for line in done.stderr.splitlines() if not line.startswith("ftok: warning: ")]), 1, done.stderr)
        self.assertIn(what, done.stderr)

    def write(self, name, content):
        (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def bytes_of(self, *names):
        return self.folder.joinpath(*names).read_bytes()

    def digests(self, name):
        return {str(p.relative_to(self.folder / name)): hashlib.sha256(p.read_bytes()).hexdigest()
                for p in sorted((self.folder / name).rglob("*")) if p.is_file() and p.name != ".lock"}

    def leftovers(self):
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if ".ftok-tmp-" in p.name)
