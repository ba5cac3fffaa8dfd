#!/usr/bin/env python3
"""Reads a shard in llm.c's format and its sidecar, with Python's standard library alone (docs/formats.md has the layout).

  examples/read_shards.py SHARD.bin      each document's id, and how many of its tokens lie in the shard
"""
import array, struct, sys
from pathlib import Path

HEADER_BYTES = 1024
WIDTHS = {20240520: "H", 20240801: "I"}  # magic -> array's code for uint16 or uint32


def read_tokens(path):
    """All tokens of a shard, as an array."""
    data = Path(path).read_bytes()
    magic, _version, count = struct.unpack_from("<3i", data)
    tokens = array.array(WIDTHS[magic], data[HEADER_BYTES:])
    if sys.byteorder == "big":
        tokens.byteswap()
    assert len(tokens) == count, f"{path}: {len(tokens)} tokens, and its header says {count}"
    return tokens


def read_documents(path):
    """(id, first token in this shard) for each document of a shard, from the sidecar beside it."""
    data = Path(path).with_suffix(".docs").read_bytes()
    assert data[:8] == b"FTOKDOCS"
    rows, id_bytes = struct.unpack_from("<2Q", data, 24)
    ids_at, begin = 56 + 32 * rows, 0
    ids = data[ids_at:ids_at + id_bytes]
    for first, _earlier, _total, end in struct.iter_unpack("<4Q", data[56:ids_at]):
        yield ids[begin:end].decode(), first
        begin = end


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tokens = read_tokens(sys.argv[1])
    documents = list(read_documents(sys.argv[1]))
    ends = [first for _, first in documents[1:]] + [len(tokens)]
    for (name, first), end in zip(documents, ends):
        print(f"{end - first:6}  {name}")
    print(f"{len(tokens):6}  tokens in {len(documents)} documents")


if __name__ == "__main__":
    main()
