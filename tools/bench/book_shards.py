"""The books that train_tiny and nano_and_tiny train on, as shards: text/books.jsonl of $FTOK_PEERS, encoded with ftok-4k; every 20th
book is for validation."""
import os
import struct
import subprocess
from array import array
from pathlib import Path

PEERS = Path(os.environ.get("FTOK_PEERS") or Path(os.environ.get("TMPDIR") or "/tmp") / "ftok-peers")
END_OF_TEXT = 4092  # of ftok-4k


def write_shard(path, documents):
    ids = array("H")
    for document in documents:
        ids.append(END_OF_TEXT)
        ids.extend(document)
    path.write_bytes(struct.pack("<256i", 20240520, 1, len(ids), *[0] * 253) + ids.tobytes())


def prepare(args):
    data = args.folder / "data"
    if (data / "books_val.bin").exists():
        return data
    data.mkdir(parents=True, exist_ok=True)
    lines = subprocess.run([args.binary, "encode", "--vocab", "ftok-4k", "--ids", "--jsonl", PEERS / "text" / "books.jsonl"],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    documents = [[int(id) for id in line.split()] for line in lines]
    write_shard(data / "books_train.bin", [d for i, d in enumerate(documents) if i % 20 != 19])
    write_shard(data / "books_val.bin", documents[19::20])
    return data
