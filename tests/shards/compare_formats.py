#!/usr/bin/env python3
"""The shard formats by their own programs: datatrove writes the same documents to the same bytes and reads ours back
(its data set of windows where PyTorch is installed too), numpy maps the headerless shards as nanoGPT does.

  compare_formats.py path/to/ftok       in this Python or $FTOK_PEERS/trainers (tools/setup --trainers); exit 77 where datatrove is in neither
"""
import json, subprocess, sys, tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

require("datatrove", "datatrove", "trainers")
import numpy  # noqa: E402
from datatrove.pipeline.tokens.tokenizer import TokenizedFile  # noqa: E402

def ftok(*arguments):
    done = subprocess.run([sys.argv[1], *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main():
    with tempfile.TemporaryDirectory(prefix="ftok-formats-") as folder:
        check(Path(folder))
    print("datatrove and numpy agree")


def check(folder):
    texts = [f"Text {i}: " + "the mill by the river turns, " * (i * 7 % 40) for i in range(300)]
    (folder / "d.jsonl").write_text("".join(json.dumps({"id": f"d{i}", "text": t}) + "\n" for i, t in enumerate(texts)))
    for vocabulary, width in (("ftok-4k", 2), ("ftok-100k", 4)):
        end = int(ftok("encode", "--vocab", vocabulary, "--specials", "allow", "--ids", "<|endoftext|>"))
        documents = [[*map(int, line.split()), end] for line in
                     ftok("encode", "--vocab", vocabulary, "--ids", "--jsonl", folder / "d.jsonl").splitlines()]
        for form in ("raw", "datatrove"):
            ftok("tokenize", "--quiet", "--vocab", vocabulary, "--shard-format", form, "--validation-per-mille", 0, "--output",
                 folder / f"{form}-{width}", folder / "d.jsonl")
        kind = numpy.uint16 if width == 2 else numpy.uint32
        raw = numpy.memmap(folder / f"raw-{width}" / "ftok_train_000000.bin", dtype=kind, mode="r")
        assert raw.tolist() == [token for document in documents for token in document]
        theirs = TokenizedFile(str(folder / f"theirs-{width}"), "theirs.ds", tokenizer_name_or_path=vocabulary,
                               save_final_metadata=True, token_size=width)
        for document in documents:
            theirs.write(document, None)
        theirs.close()
        ours = folder / f"datatrove-{width}" / "ftok_train_000000.ds"
        for suffix in ("", ".index", ".metadata"):
            got, expected = Path(f"{ours}{suffix}").read_bytes(), (folder / f"theirs-{width}" / f"theirs.ds{suffix}").read_bytes()
            assert got == expected, f"{ours}{suffix}: {got[-40:]!r}, datatrove writes {expected[-40:]!r}"
        read_windows(ours, width, [token for document in documents for token in document])
        # ... and what datatrove wrote, which has no sidecar, converts to the same shards.
        out = folder / f"back-{width}"
        ftok("shards", "convert", "--to", "raw", "--split", "train", "--end-of-text-id", end, folder / f"theirs-{width}" / "theirs.ds",
             out)
        assert (out / "ftok_train_000000.bin").read_bytes() == (folder / f"raw-{width}" / "ftok_train_000000.bin").read_bytes()


def read_windows(path, width, tokens):
    try:
        from datatrove.utils.dataset import DatatroveFileDataset
        import torch  # noqa: F401
    except ImportError:
        return print("without PyTorch: datatrove's data set is not read")
    windows = DatatroveFileDataset(str(path), 63, token_size=width, return_positions=True)
    for i in range(len(windows)):
        assert windows[i]["input_ids"].tolist() == tokens[i * 64:(i + 1) * 64]


if __name__ == "__main__":
    main()
