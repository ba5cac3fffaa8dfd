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
SHARE_RIGHT_MIN = {"identity": 0.9, "facts": 0.9, "unknown": 0.9, "tools": 0.8}  # of what was said word for word while it learnt
HONEST_MIN = {"facts": 0.85, "unknown": 0.85}  # after the lessons of `ftok probe`
RECITED_MIN = 100  # characters of the page that the parrot says
NAME = "I am Pip, a small language model.\n"


def check_base(run, folder, text):
    """The parrot recites its page, and what `base` would say next are five tokens with bars."""
    page = json.loads((folder / "page.jsonl").read_text())["text"]
    said = run('ftok generate parrot "Twice a day" --temperature 0 --tokens 40').rstrip("\n")
    assert len(said) >= RECITED_MIN and page.startswith(said), said
    assert said in text
    bars = run('ftok generate base "green: grass. white: snow. red:" --probabilities 5').splitlines()
    assert len(bars) == 5 and all(re.match(r'".*" +\d+\.\d\d %  ', line) for line in bars), bars


def check_tuned(run):
    scores = json.loads(run("ftok eval tuned --chat share/chat/held-out.jsonl.gz --json"))["chat"]
    for task, least in SHARE_RIGHT_MIN.items():
        assert scores[task]["accuracy"] >= least, scores
    assert run('echo "Who are you?" | ftok chat tuned --temperature 0') == NAME


def check_tools(text):
    """the two questions of the page: each is asked as a call, computed, and the answer says the result"""
    for call, value in (("47 * 35", 1645), ("812 * 64", 51968)):
        assert re.search(rf"\[{re.escape(call)} = {value}\].*{value}", text), text


def check_probe(run, folder, text):
    assert re.match(r"2 questions: \d known, \d unsure, \d unknown\n10 answers: ", text), text
    lessons = [json.loads(line) for line in (folder / "refusals.jsonl").read_text().splitlines()]
    for lesson in lessons:
        assert (lesson["messages"][-1]["content"] == "I do not know.") == (lesson["task"] == "unknown"), lesson
    scores = json.loads(run("ftok eval honest --chat share/chat/held-out.jsonl.gz --json"))["chat"]
    for task, least in HONEST_MIN.items():
        assert scores[task]["accuracy"] >= least, scores


def check_judge(text):
    accuracy = re.search(r"pairs: ([\d.]+) % ranked as in the data", text)
    assert accuracy and float(accuracy[1]) > 50, text  # better than a coin
    assert len(re.findall(r"(?m)^ +[1248]  ", text)) == 4, text  # best of 1, 2, 4 and 8


def main():
    binary = Path(os.environ["FTOK"]).resolve()
    blocks = re.findall(r"<!-- run -->\n```\n(.*?)```", (ROOT / "docs" / "assistant.md").read_text(), re.DOTALL)
    assert len(blocks) == 7, len(blocks)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.symlink(ROOT / "share", folder / "share")
        environment = dict(os.environ, PATH=f"{binary.parent}:{os.environ['PATH']}")

        def run(script):
            result = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
            if result.returncode != 0:
                sys.exit(f"{script}\n{result.stdout}\n{result.stderr[-2000:]}")
            return result.stdout

        outputs = []
        for block in blocks:
            outputs.append(run(block))
            print(outputs[-1])
        base, tuned, tools, probe, practice, preferences, elsewhere = outputs
        check_base(run, folder, base)
        check_tuned(run)
        check_tools(tools)
        check_probe(run, folder, probe)
        check_judge(preferences)
        assert elsewhere == run('echo "Who are you?" | ftok chat better --temperature 0'), elsewhere
        assert json.loads((folder / "for-transformers" / "config.json").read_text())["model_type"] == "qwen3"
        assert (folder / "better.gguf").read_bytes()[:4] == b"GGUF"
        # The table of "What a model does not know" in small: made-up answers fall, and what is known stays known.
        print(run(f"{ROOT}/tools/bench/unknown_facts --binary {binary} --folder facts --facts 20 --unknown 80 --sft-steps 120 --lesson-steps 100"))


main()
