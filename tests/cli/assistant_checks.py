"""docs/assistant.md does what it says: its commands run as they stand, one after the other, and lead to a model that answers.

  FTOK=build/release/ftok assistant_checks.py
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHARE_RIGHT_MIN = {"identity": 0.9, "facts": 0.9, "unknown": 0.9}  # of what was said word for word while it learnt


def main():
    binary = Path(os.environ["FTOK"]).resolve()
    blocks = re.findall(r"<!-- run -->\n```\n(.*?)```", (ROOT / "docs" / "assistant.md").read_text(), re.DOTALL)
    assert len(blocks) == 5, len(blocks)
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(ROOT / "share", Path(folder) / "share")
        environment = dict(os.environ, PATH=f"{binary.parent}:{os.environ['PATH']}")

        def run(script):
            result = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
            if result.returncode != 0:
                sys.exit(f"{script}\n{result.stdout}\n{result.stderr[-2000:]}")
            return result.stdout

        for block in blocks:
            print(run(block))
        scores = json.loads(run("ftok eval tuned --chat share/chat/held-out.jsonl.gz --json"))["chat"]
        for task, least in SHARE_RIGHT_MIN.items():
            assert scores[task]["accuracy"] >= least, scores
        assert run('echo "Who are you?" | ftok chat tuned --temperature 0') == "I am Pip, a small language model.\n"


main()
