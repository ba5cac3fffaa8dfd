"""What checks of stages of one's own share (subprocess_checks.py, arrow_worker_checks.py): a folder with documents and a recipe.toml, `ftok run`
in it, what it keeps and drops, and how it must fail."""
import json
import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

FTOK = os.environ["FTOK"]
ROOT = Path(__file__).resolve().parents[2]
TEXT = "Document {} of the mill, and a few more words."


class StageChecks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.documents([TEXT.format(i) for i in range(200)])

    def documents(self, texts):
        (self.folder / "in.jsonl").write_text("".join(json.dumps({"id": f"d{i}", "text": t}) + "\n" for i, t in enumerate(texts)))

    def run_ftok(self, output="out", *arguments, code=0, inputs=("in.jsonl",), program=FTOK, timeout=120):
        command = [program, "run", "--recipe", "recipe.toml", "--vocab", ROOT / "share/vocab/ftok-4k.tiktoken", "--output", output, "--quiet", "--rejects", "ids",
                   *[a for i in inputs for a in ("--input", i)], *arguments]
        result = subprocess.run([*map(str, command)], cwd=self.folder, capture_output=True, text=True, timeout=timeout)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def lines(self, kind, output="out"):
        packed = sorted((self.folder / output / "parts").glob(f"*.{kind}.jsonl.zst"))
        data = b"".join(subprocess.run(["zstd", "-dc", str(p)], capture_output=True, check=True).stdout for p in packed)
        return [json.loads(line) for line in data.splitlines()]

    def fails(self, *expected, output="out", arguments=(), seconds=60):
        """One line, exit code 1, and no manifest."""
        start = time.monotonic()
        result = self.run_ftok(output, *arguments, code=1)
        self.assertLess(time.monotonic() - start, seconds)
        errors = [line for line in result.stderr.splitlines() if "the batch is repeated" not in line]
        self.assertEqual(len(errors), 1, result.stderr)
        for words in ("own: ", *expected):
            self.assertIn(words, errors[0])
        self.assertTrue(errors[0].isprintable(), errors[0])
        self.assertFalse((self.folder / output / "manifest.json").exists())
        return result.stderr
