"""Token shards of any of ftok's formats as documents and as windows to train on, mapped into memory (docs/formats.md has the layouts)."""
import json
import operator
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

_SIDECAR_HEADER_BYTES = 56
_ROW = np.dtype([("begin", "<u8"), ("skipped", "<u8"), ("tokens", "<u8"), ("id_end", "<u8")])
_LLMC_HEADER_BYTES = 1024


class _Shard:
    """One shard: its tokens, and the rows of its sidecar."""

    def __init__(self, folder, entry, shard_format, token_bytes):
        self.path = folder / entry["shard"]["name"]
        self.size = entry["tokens"]
        if self.path.stat().st_size != entry["shard"]["bytes"]:
            raise ValueError(f"{self.path} has {self.path.stat().st_size} bytes, and manifest.json lists {entry['shard']['bytes']}")
        sidecar = (folder / entry["sidecar"]["name"]).read_bytes()
        rows = int.from_bytes(sidecar[24:32], "little")
        if sidecar[:8] != b"FTOKDOCS" or int.from_bytes(sidecar[16:24], "little") != self.size:
            raise ValueError(f"{folder / entry['sidecar']['name']} is not the sidecar of {self.path}")
        self.rows = np.frombuffer(sidecar, _ROW, rows, _SIDECAR_HEADER_BYTES)
        ids = _SIDECAR_HEADER_BYTES + rows * _ROW.itemsize
        self._ids = sidecar[ids:len(sidecar) - 16]
        self._bytes = np.memmap(self.path, np.uint8, "r")
        self._dtype = np.dtype("<u2" if token_bytes == 2 else "<u4")
        self._offsets = None  # of each row's first token, where tokens are not in a row
        if shard_format == "mds":
            self._offsets = self._sample_offsets()
            return
        begin = {"llmc": _LLMC_HEADER_BYTES, "litdata": 4 * (int(self._bytes[:4].view("<u4")[0]) + 2) if shard_format == "litdata" else 0}.get(shard_format, 0)
        self._tokens = self._bytes[begin:begin + self.size * token_bytes].view(self._dtype)

    def _sample_offsets(self):
        samples = int(self._bytes[:4].view("<u4")[0])
        offsets = self._bytes[4:4 + 4 * samples].view("<u4").astype(np.int64)
        heads = self._bytes[offsets + 4] & 3  # a uint32, then ndim << 2 | code of the length's width, then the length
        return offsets + 5 + (1 << heads.astype(np.int64))

    def id_of(self, row):
        return self._ids[int(self.rows["id_end"][row - 1]) if row else 0:int(self.rows["id_end"][row])].decode()

    def end_of(self, row):
        return int(self.rows["begin"][row + 1]) if row + 1 < len(self.rows) else self.size

    def read(self, begin, end):
        """tokens [begin, end): a view where they lie in a row"""
        if self._offsets is None:
            return self._tokens[begin:end]
        pieces = []
        row = bisect_right(self.rows["begin"], begin) - 1
        while begin < end:
            stop = min(end, self.end_of(row))
            at = int(self._offsets[row]) + (begin - int(self.rows["begin"][row])) * self._dtype.itemsize
            piece = self._bytes[at:at + (stop - begin) * self._dtype.itemsize]
            pieces.append(np.frombuffer(piece.tobytes(), self._dtype))
            begin, row = stop, row + 1
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces) if pieces else np.empty(0, self._dtype)


class Shards(Sequence):
    """The documents of a finished output folder of `ftok run`, `ftok tokenize` or `ftok shards convert`, in order, mapped into memory.

    `shards[i]` is a document's ids as a numpy array of uint16 or uint32, the end-of-text token with them, an array of its own;
    a document that two shards divide is joined. `shards.ids` are the documents' ids. `split` is "train" or "val". Pickles as its path.

    Raises FileNotFoundError where there is no manifest.json, ValueError where a file is not what it lists.
    """

    def __init__(self, path, split="train"):
        if split not in ("train", "val"):
            raise ValueError(f"split: {split!r} is neither 'train' nor 'val'")
        self.path, self.split = Path(path), split
        manifest = json.loads((self.path / "manifest.json").read_text())
        self.format = manifest.get("shard_format", "llmc")
        self.vocabulary = manifest["vocabulary"]["name"]
        self.end_of_text = manifest["vocabulary"]["end_of_text"]
        self.token_bytes = manifest.get("token_bytes", 2 if manifest["vocabulary"]["size"] <= 65536 else 4)
        self._shards = [_Shard(self.path, entry, self.format, self.token_bytes) for entry in manifest["shards"] if entry["split"] == split]
        # The first row of each document; what continues one is not a document of its own, unless its beginning is not here.
        self._rows = []
        for number, shard in enumerate(self._shards):
            for row in range(len(shard.rows)):
                if shard.rows["skipped"][row] == 0 or not self._rows:
                    self._rows.append((number, row))

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number, row = self._rows[index]
        shard = self._shards[number]
        pieces = [shard.read(int(shard.rows["begin"][row]), shard.end_of(row))]
        missing = int(shard.rows["tokens"][row]) - int(shard.rows["skipped"][row]) - len(pieces[0])
        while missing > 0 and number + 1 < len(self._shards):
            number += 1
            pieces.append(self._shards[number].read(0, self._shards[number].end_of(0)))
            missing -= len(pieces[-1])
        return np.concatenate(pieces)  # an array of its own, which may be written to: torch warns of others

    @property
    def ids(self):
        """The documents' ids, in their order."""
        return [self._shards[number].id_of(row) for number, row in self._rows]

    @property
    def tokens(self):
        """How many tokens the split has."""
        return sum(shard.size for shard in self._shards)

    def windows(self, length, *, seed=None):
        """The split as windows of `length` tokens: a `Windows`. With a seed every epoch has an order of its own."""
        return Windows(self, length, seed=seed)

    def __reduce__(self):
        return Shards, (str(self.path), self.split)

    def __repr__(self):
        return f"<ftok.Shards {str(self.path)!r} {self.split}: {len(self)} documents, {self.tokens} tokens, {self.format}, {self.vocabulary}>"


class Windows(Sequence):
    """Windows of `length` tokens to train on, as `ftok train` cuts them: in each shard one begins at every multiple of `length`, and has one token more, the last
    target. It is two things:

    - a sequence: `windows[i]` is {"input_ids", "labels"}, two int64 arrays of `length`, labels one token on. So torch's DataLoader takes it, in workers too, as a
      map-style dataset: the order and the place are then the loader's own (`shuffle`, its sampler), and neither the seed nor state_dict() has a part in them;
    - a stream, `for window in windows`, which never ends and goes on where it stood after `load_state_dict(state_dict())`: epoch after epoch, in the shards'
      order, or with a seed each in a random order of its own. `in`, index() and count() look through one epoch.
    """

    def __init__(self, shards, length, *, seed=None):
        if length < 1:
            raise ValueError(f"length: {length} is below 1")
        self.shards, self.length, self.seed = shards, length, seed
        self._ends, total = [], 0
        for shard in shards._shards:
            total += max(0, (shard.size - 1) // length)
            self._ends.append(total)
        self._epoch = self._position = 0

    def __len__(self):
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"window {index} of {len(self)}")
        index %= len(self)
        number = bisect_right(self._ends, index)
        begin = (index - (self._ends[number - 1] if number else 0)) * self.length
        tokens = self.shards._shards[number].read(begin, begin + self.length + 1).astype(np.int64)
        return {"input_ids": tokens[:-1], "labels": tokens[1:]}

    def _places(self, window):
        """where in an epoch a window stands that is this one"""
        if not isinstance(window, Mapping) or window.keys() != {"input_ids", "labels"}:
            return
        for index in range(len(self)):
            if all(np.array_equal(window[key], value) for key, value in self[index].items()):
                yield index

    def __contains__(self, window):
        return next(self._places(window), None) is not None

    def count(self, window):
        """How often an epoch has the window."""
        return sum(1 for _ in self._places(window))

    def index(self, window, start=0, stop=None):
        """The first place of the window. Raises ValueError where there is none."""
        among = range(*slice(start, stop).indices(len(self)))
        for place in self._places(window):
            if place in among:
                return place
        raise ValueError("no such window")

    def __iter__(self):
        if len(self) == 0:
            raise ValueError(f"{self.shards.path}: fewer tokens than one window of {self.length + 1}")
        while True:
            order = None if self.seed is None else np.random.Generator(np.random.PCG64([self.seed, self._epoch])).permutation(len(self))
            while self._position < len(self):
                index, self._position = self._position, self._position + 1
                yield self[index if order is None else int(order[index])]
            self._epoch, self._position = self._epoch + 1, 0

    def state_dict(self):
        """Where iteration stands: a dict of numbers."""
        return {"epoch": self._epoch, "position": self._position, "seed": self.seed, "length": self.length, "windows": len(self)}

    def load_state_dict(self, state):
        """Goes on from `state`. Raises ValueError where it is of other windows, or none."""
        if not isinstance(state, Mapping) or any(state.get(key) != value for key, value in (("seed", self.seed), ("length", self.length), ("windows", len(self)))):
            raise ValueError(f"the state is of other windows: {state!r}")
        epoch, position = state.get("epoch"), state.get("position")
        if not isinstance(epoch, int) or not isinstance(position, int) or epoch < 0 or not 0 <= position <= len(self):
            raise ValueError(f"not a state: {state!r}")
        self._epoch, self._position = epoch, position

    def __repr__(self):
        return f"<ftok.Windows {len(self)} of {self.length} tokens, seed {self.seed}, of {self.shards!r}>"
