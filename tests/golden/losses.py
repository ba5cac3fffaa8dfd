"""Losses of two programs on one machine. They depend on the processor, so that they cannot be recorded."""
import json, shutil, tempfile
from pathlib import Path

import parts

SHAPE = {"model.layers": 2, "model.heads": 4, "model.channels": 64, "model.length": 64, "training.tokens_per_step": 512,
         "run.micro_batch": 4, "run.threads": 2, "run.sample_every": 10, "run.validation_windows": 8,
         "vocabulary": "''"}
WAYS = {"fp32": {}, "bf16": {"training.precision": "bf16"}, "document mask": {"training.document_mask": "true"},
        "recompute": {"run.recompute": "blocks"}}
STEPS = 20
TIMES = ("seconds", "per_second", "time", "mfu", "cost", "memory", "bytes")


def log_of(ftok, name, settings):
    sets = [part for key, value in {**SHAPE, **settings}.items() for part in ("--set", f"{key}={value}")]
    ftok.run("train", "tiny", "--data", "shards", "--output", name, "--steps", STEPS, "--device", "cpu", *sets)
    rows = [json.loads(line) for line in (ftok.work / name / "log.jsonl").read_text("utf-8").splitlines()]
    return [{key: value for key, value in row.items() if not any(time in key for time in TIMES)} for row in rows]


def compare(old_binary, new_binary):
    """-> 0 when all losses of both programs are the same"""
    work = Path(tempfile.mkdtemp(prefix="ftok-losses-"))
    status = 0
    try:
        old, new = (parts.Program(binary, work, 2) for binary in (old_binary, new_binary))
        parts.write_texts(work)
        old.run("tokenize", "--vocab", "ftok-4k", "--output", "shards", "--validation-per-mille", "50", "--quiet",
                "texts.jsonl")
        for number, (way, settings) in enumerate(WAYS.items()):
            before, after = log_of(old, f"old-{number}", settings), log_of(new, f"new-{number}", settings)
            different = [(a, b) for a, b in zip(before, after) if a != b]
            if len(before) != len(after) or different:
                status = 1
                first = different[0] if different else "the number of rows"
                print(f"{way}: {len(before)} rows before, {len(after)} now; first difference: {first}")
            else:
                print(f"{way}: {len(before)} rows of the log are the same, the last: {json.dumps(after[-1])}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return status
