"""Output folders that an old version wrote: finished ones must verify, decode and train; an unfinished one is continued
or refused."""
import hashlib, json, shutil, sys, tempfile
from pathlib import Path

import inputs, parts, places

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import faults

# What becomes of a folder when its command is given again: "continued" (to the bytes of a run that nobody disturbed),
# or "refused" once the program writes another version of such folders: exit code 2, one line that names the version,
# and not a byte touched.
EXPECTED = {"run": "refused", "grown": "refused", "unfinished": "refused", "tokenize": "refused",
            "tokenize_unfinished": "refused"}
VERSION = "0.1.0"

FLAGS = ["--vocab", "ftok-4k", "--shard-tokens", "500", "--quiet"]
RUN = ["run", "--recipe", "fineweb-2024-04", "--rejects", "text", "--threads", "1", *FLAGS,
       "--input", "inputs/0.warc.gz", "--input", "inputs/1.warc.gz"]
LONGER = [*RUN, "--input", "inputs/2.warc.gz"]
TOKENIZE = ["tokenize", "--threads", "1", *FLAGS, "inputs/texts.jsonl"]
COMMANDS = {"run": LONGER, "grown": LONGER, "unfinished": LONGER, "tokenize": TOKENIZE, "tokenize_unfinished": TOKENIZE}
WHOLE = {"run": "run", "grown": "run", "unfinished": "run", "tokenize": "tokenize", "tokenize_unfinished": "tokenize"}
RUN_KILLED_AT = 22  # commit points: of three inputs one is a part, one is being committed, one is not begun
TOKENIZE_KILLED_AT = 6  # some shards, no manifest
TRAIN = {"model.layers": 1, "model.heads": 2, "model.channels": 16, "model.length": 32, "training.tokens_per_step": 128,
         "run.micro_batch": 2, "run.threads": 1, "run.sample_every": 0, "vocabulary": "''"}


def write_inputs(folder):
    """three WARC files of two pages and a few texts, from the sample's texts"""
    folder.mkdir()
    texts = []
    for path in sorted((places.SAMPLE / "pages").glob("*.txt")):
        paragraphs = [piece.strip() for piece in path.read_text("utf-8").split("\n\n") if len(piece) > 200]
        texts.append("\n\n".join(paragraphs[:4]))
    for number in range(3):
        pages = {}
        for text in texts[2 * number:2 * number + 2]:
            paragraphs = "".join(f"<p>{piece}</p>" for piece in text.split("\n\n"))
            pages[f"page-{len(pages)}-{number}"] = f"<html><body><article>{paragraphs}</article></body></html>".encode()
        inputs.write_warc(folder / f"{number}.warc.gz", pages)
    with open(folder / "texts.jsonl", "w", encoding="utf-8") as out:
        for number, text in enumerate(texts[6:9]):
            out.write(json.dumps({"id": f"text {number}", "text": text[:1500]}) + "\n")


def record(binary):
    """writes places.FINISHED with an old program"""
    work = Path(tempfile.mkdtemp(prefix="ftok-finished-"))
    try:
        ftok = parts.Program(binary, work, 1)
        write_inputs(work / "inputs")
        ftok.run(*LONGER, "--output", "run")
        ftok.run(*RUN, "--output", "grown")  # finished, and then the list of inputs is longer
        ftok.run(*TOKENIZE, "--output", "tokenize")
        for name, point in (("unfinished", RUN_KILLED_AT), ("tokenize_unfinished", TOKENIZE_KILLED_AT)):
            killed = ftok.try_run(*COMMANDS[name], "--output", name, **faults.killed_at(binary, point))
            assert killed.returncode == -9, (name, killed.returncode, killed.stderr)
        shutil.rmtree(places.FINISHED, ignore_errors=True)
        for name in ("inputs", *COMMANDS):
            shutil.copytree(work / name, places.FINISHED / name, ignore=shutil.ignore_patterns(".lock"))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0


def contents(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock"}


def train(ftok, folder):
    sets = [part for key, value in TRAIN.items() for part in ("--set", f"{key}={value}")]
    ftok.run("train", "tiny", "--data", folder, "--output", f"model-{folder}", "--steps", "4", "--device", "cpu", *sets)
    log = (ftok.work / f"model-{folder}" / "log.jsonl").read_text("utf-8").splitlines()
    return sum("loss" in json.loads(line) for line in log)


def again(ftok, name):
    """-> what becomes of a folder when its command is given again, in words"""
    folder = ftok.work / name
    before = contents(folder)
    done = ftok.try_run(*COMMANDS[name], "--output", name)
    after, message = contents(folder), done.stderr.decode().replace("\n", " / ")
    if done.returncode == 0:
        return "continued" if after == contents(places.FINISHED / WHOLE[name]) else "continued to other bytes"
    one_line = done.returncode == 2 and done.stderr.count(b"\n") == 1 and VERSION in message
    if one_line and before == after:
        return "refused"
    return f"exit {done.returncode}, touched: {before != after}, message: {message}"


def check(ftok):
    """output folders of version 0.1.0"""
    for name in ("inputs", *COMMANDS):
        shutil.copytree(places.FINISHED / name, ftok.work / name)
    for name in ("run", "tokenize"):
        yield f"{name} verify", ftok.run("shards", "verify", name).decode().strip()
        lines = ftok.run("shards", "cat", "--json", name).splitlines()
        yield from ((f"{name} cat {json.loads(line)['id']}", parts.digest(line)) for line in lines)
        yield f"{name} training steps", str(train(ftok, name))
    for name, expected in EXPECTED.items():
        outcome = again(ftok, name)
        yield f"{name} again", "as expected" if outcome == expected else f"{outcome}, expected: {expected}"
