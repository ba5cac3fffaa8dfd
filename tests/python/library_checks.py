"""The package in the hands of the libraries that people use it with: datasets.map in several processes, torch's DataLoader with workers, Ray.
Each runs in the environment that tools/setup made for it (--engines, --trainers), with the package that the test python_package built.

  FTOK=path/to/ftok library_checks.py FOLDER    FOLDER: build/release/python-package; exit 77 where it or every library is missing
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PEERS = Path(os.environ.get("FTOK_PEERS") or Path(tempfile.gettempdir()) / "ftok-peers")
SKIPPED = 77

DATASETS = """
import datasets, ftok
encoding = ftok.Encoding.load("ftok-4k")
texts = [f"The mill by the river turns {i} times a day." for i in range(500)]
rows = datasets.Dataset.from_dict({"text": texts}).map(lambda row: {"ids": encoding.encode(row["text"])}, num_proc=2)
assert rows["ids"] == [encoding.encode(text) for text in texts]
"""

# Every worker gets the shards by pickling (spawn), and none may be told of an array that cannot be written to.
LOADER = """
import sys, warnings
import ftok, torch
warnings.simplefilter("error")
def joined(documents):
    return [document.tolist() for document in documents]
if __name__ == "__main__":
    shards = ftok.Shards(sys.argv[1])
    expected = [[int(token) for token in document] for document in shards]
    assert len(expected) > 100, len(expected)
    for context in ("fork", "spawn"):
        one = torch.utils.data.DataLoader(shards, batch_size=None, num_workers=2, multiprocessing_context=context)
        got = [document.tolist() for document in one]
        assert got == expected, context
        windows = shards.windows(16)
        batches = list(torch.utils.data.DataLoader(windows, batch_size=4, num_workers=2, multiprocessing_context=context))
        assert torch.cat([batch["input_ids"] for batch in batches]).tolist() == [window["input_ids"].tolist() for window in (windows[i] for i in range(len(windows)))]
"""

RAY = """
import ftok, ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
encoding = ftok.Encoding.load("ftok-4k")
@ray.remote
def encode(encoding, text):
    return encoding.encode(text)
texts = [f"The mill by the river turns {i} times a day." for i in range(20)]
assert ray.get([encode.remote(encoding, text) for text in texts]) == [encoding.encode(text) for text in texts]
ray.shutdown()
"""


class Libraries(unittest.TestCase):
    package = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ftok-libraries-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_in(self, environment, module, script, *arguments):
        python = PEERS / environment / "bin" / "python"
        if not python.exists() or subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode != 0:
            self.skipTest(f"needs {module} in $FTOK_PEERS/{environment}")
        (self.folder / "script.py").write_text(script)
        done = subprocess.run([python, "script.py", *arguments], cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(self.package), "HF_HOME": str(self.folder / "hf"), "HF_HUB_OFFLINE": "1"})
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        self.assertNotIn("not writable", done.stderr)

    def test_datasets_map_in_two_processes(self):
        self.run_in("datasets", "datasets", DATASETS)

    def test_torch_loader_with_two_workers(self):
        (self.folder / "in.jsonl").write_text("".join(json.dumps({"text": f"The mill by the river turns {i} times a day."}) + "\n" for i in range(200)))
        for form in ("llmc", "mds"):
            subprocess.run([os.environ["FTOK"], "tokenize", "in.jsonl", "-o", form, "-v", "ftok-4k", "-q", "--shard-format", form], cwd=self.folder, check=True)
            self.run_in("trainers", "torch", LOADER, form)

    def test_ray_task(self):
        self.run_in("ray", "ray", RAY)


if __name__ == "__main__":
    found = sorted(Path(sys.argv.pop(1)).glob("venv/lib/python3*/site-packages"))
    if not found or not (found[0] / "ftok").is_dir():
        print("SKIPPED: the package is not built (ctest -R python_package)")
        sys.exit(SKIPPED)
    # The package in front, and what it needs behind all else: the environments have libraries of their own.
    with tempfile.TemporaryDirectory(prefix="ftok-package-") as package:
        (Path(package) / "ftok").symlink_to(found[0] / "ftok")
        (Path(package) / "sitecustomize.py").write_text(f"import sys\nsys.path.append({str(found[0])!r})\n")  # for numpy, where there is none
        Libraries.package = package
        result = unittest.main(exit=False).result
    ran = result.testsRun - len(result.skipped)
    sys.exit(1 if not result.wasSuccessful() else SKIPPED if ran == 0 else 0)
