#!/usr/bin/env python3
"""The shard formats as their readers see them: the tokens and the documents of every shard, and what the files about a split say.

  trainer_readers.py path/to/ftok own          small readers of our own, written from docs/formats.md: needs nothing but Python
  trainer_readers.py path/to/ftok NAME         the real one (megatron, olmo, litdata, mds, nanogpt, modded-nanogpt), in its environment
                                               below $FTOK_PEERS (tools/setup --trainers); exit 77 where that is not there

Shards of 5,000 tokens are written by `ftok tokenize`, with ids of two bytes and of four, and once more by `ftok shards convert`, whose files
have to be the same. Where the program has a writer, it writes the same documents too: to the same bytes, and ftok reads them back.
"""
import csv, gzip, itertools, json, os, struct, subprocess, sys, tempfile
from pathlib import Path

SHARD_TOKENS = 5000
ENVIRONMENTS = {"megatron": "trainers", "litdata": "trainers", "nanogpt": "trainers", "modded-nanogpt": "trainers", "olmo": "olmo", "mds": "mosaic"}
SHARD_FORMATS = {"nanogpt": "raw", "modded-nanogpt": "llmc"}  # where it is not the reader's name


# Readers: a folder and the width -> shards, each a list of documents. Where the format keeps no boundaries, one document a shard.

def array(data, width, signed=False):
    return list(struct.unpack(f"<{len(data) // width}{('H' if width == 2 else 'i' if signed else 'I')}", data))


def cut(tokens, ends):
    return [tokens[begin:end] for begin, end in zip([0, *ends], ends)]


def own_raw(folder, width):
    return [[array(path.read_bytes(), width)] for path in sorted(folder.glob("ftok_train_*.bin"))]


def own_llmc(folder, width):
    shards = []
    for path in sorted(folder.glob("ftok_train_*.bin")):
        data = path.read_bytes()
        header = struct.unpack("<256i", data[:1024])
        assert header[:2] == ((20240520, 1) if width == 2 else (20240801, 7)) and not any(header[3:])
        assert len(data) == 1024 + header[2] * width
        shards.append([array(data[1024:], width)])
    return shards


def own_megatron_prefix(prefix, width):
    index, data = Path(f"{prefix}.idx").read_bytes(), Path(f"{prefix}.bin").read_bytes()
    assert index[:9] == b"MMIDIDX\0\0"
    version, code, sequences, documents = struct.unpack("<QBQQ", index[9:34])
    assert (version, code, documents) == (1, 8 if width == 2 else 4, sequences + 1)
    lengths = struct.unpack_from(f"<{sequences}i", index, 34)
    offsets = struct.unpack_from(f"<{sequences}q", index, 34 + 4 * sequences)
    firsts = struct.unpack_from(f"<{documents}q", index, 34 + 12 * sequences)
    assert len(index) == 34 + 12 * sequences + 8 * documents and firsts == tuple(range(documents))
    return [array(data[offset:offset + length * width], width, True) for offset, length in zip(offsets, lengths)]


def own_megatron(folder, width):
    return [own_megatron_prefix(path.with_suffix(""), width) for path in sorted(folder.glob("ftok_train_*.bin"))]


def own_datatrove(folder, width):
    return [cut(array(path.read_bytes(), width), struct.unpack(f"<{os.path.getsize(f'{path}.index') // 8}Q", Path(f"{path}.index").read_bytes()))
            for path in sorted(folder.glob("ftok_train_*.ds"))]


def own_olmo(folder, width):
    shards = []
    for path in sorted(folder.glob("ftok_train_*.npy")):
        with gzip.open(path.with_suffix(".csv.gz"), "rt", newline="") as lines:
            rows = list(csv.reader(lines))
        assert all(len(row) == 5 and row[2].startswith("d") for row in rows)
        tokens = array(path.read_bytes(), width)
        shards.append([tokens[int(row[0]):int(row[1])] for row in rows])
    return shards


def sample_table(data):
    samples, = struct.unpack_from("<I", data)
    offsets = struct.unpack_from(f"<{samples + 1}I", data, 4)
    assert offsets[-1] == len(data)
    return 4 * (samples + 2), offsets


def own_litdata(folder, width):
    index = json.loads((folder / "train" / "index.json").read_text())
    assert index["config"]["data_format"] == ["no_header_tensor:16"] and index["config"]["item_loader"] == "TokensLoader"
    shards = []
    for chunk in index["chunks"]:
        data = (folder / "train" / chunk["filename"]).read_bytes()
        end, offsets = sample_table(data)
        assert (chunk["chunk_bytes"], chunk["chunk_size"], chunk["dim"], offsets[0]) == (len(data), len(offsets) - 1, (len(data) - end) // 4, end)
        shards.append([array(data[a:b], 4, True) for a, b in zip(offsets, offsets[1:])])
    return shards


def own_mds(folder, width):
    index = json.loads((folder / "train" / "index.json").read_text())
    assert index["version"] == 2
    shards = []
    for shard in index["shards"]:
        data = (folder / "train" / shard["raw_data"]["basename"]).read_bytes()
        end, offsets = sample_table(data)
        config = json.loads(data[end:offsets[0]])
        assert config.items() <= shard.items() and shard["samples"] == len(offsets) - 1 and shard["raw_data"]["bytes"] == len(data)
        assert config["column_encodings"] == ["ndarray:uint16" if width == 2 else "ndarray:int32"] and config["column_names"] == ["tokens"]
        documents = []
        for a, b in zip(offsets, offsets[1:]):
            size, head = struct.unpack_from("<IB", data, a)
            shape = {4: "<B", 5: "<H", 6: "<I"}[head]
            length, = struct.unpack_from(shape, data, a + 5)
            begin = a + 5 + struct.calcsize(shape)
            assert size == b - a - 4 and b - begin == length * width
            documents.append(array(data[begin:b], width, True))
        shards.append(documents)
    return shards


OWN = {"llmc": own_llmc, "megatron": own_megatron, "datatrove": own_datatrove, "olmo": own_olmo, "litdata": own_litdata, "mds": own_mds, "raw": own_raw}


# The real ones, each in an environment of its own: what they import is there only.

def read_megatron(folder, width, end):
    from megatron.core.datasets.indexed_dataset import IndexedDataset
    def documents(prefix):
        data = IndexedDataset(str(prefix), mmap=True)
        assert data.document_indices.tolist() == list(range(len(data) + 1))
        return [data[i].tolist() for i in range(len(data))]
    return {"shards": [documents(path.with_suffix("")) for path in sorted(folder.glob("ftok_train_*.bin"))], "joined": documents(folder / "joined" / "train")}


def write_megatron(folder, documents, width):
    import numpy, torch
    from megatron.core.datasets.indexed_dataset import DType, IndexedDatasetBuilder
    builder = IndexedDatasetBuilder(str(folder / "train.bin"), dtype=DType.optimal_dtype(4096 if width == 2 else 100000))
    for document in documents:
        builder.add_document(torch.tensor(document, dtype=torch.int64), [len(document)])
    builder.finalize(str(folder / "train.idx"))
    return {"train.bin": "joined/train.bin", "train.idx": "joined/train.idx"}


def read_olmo(folder, width, end):
    import numpy
    from olmo_core.data import NumpyFSLDataset
    from olmo_core.data.utils import iter_document_indices
    kind = numpy.uint16 if width == 2 else numpy.uint32
    paths, shards = sorted(folder.glob("ftok_train_*.npy")), []
    for path in paths:
        tokens = numpy.memmap(path, dtype=kind, mode="r")
        ends = list(iter_document_indices(path, use_array_if_local=False))
        # By the end-of-text token too, which a document that the cut divides has in the next shard.
        assert [pair for pair in ends if tokens[pair[1] - 1] == end] == list(iter_document_indices(path, eos_token_id=end, dtype=kind))
        shards.append([tokens[a:b].tolist() for a, b in ends])
    windows = NumpyFSLDataset(*paths, sequence_length=64, pad_token_id=0, eos_token_id=end, vocab_size=4096 if width == 2 else 102400,
                              dtype=kind)
    windows.work_dir = Path(tempfile.mkdtemp())
    windows.prepare()
    return {"shards": shards, "windows": [windows[i]["input_ids"].tolist() for i in range(len(windows))]}


def read_litdata(folder, width, end):
    from litdata import StreamingDataset
    from litdata.streaming.item_loader import TokensLoader
    data = StreamingDataset(str(folder / "train"), item_loader=TokensLoader(block_size=64), shuffle=False, drop_last=False)
    return {"windows": [data[i].tolist() for i in range(len(data))]}


def write_litdata(folder, documents, width):
    import torch
    from litdata.streaming.cache import Cache
    from litdata.streaming.item_loader import TokensLoader
    cache = Cache(str(folder), chunk_bytes="1GB", item_loader=TokensLoader(64))
    for number, document in enumerate(documents):
        cache[number] = torch.tensor(document, dtype=torch.int32)
    cache.done()
    cache.merge()
    return {"chunk-0-0.bin": "train/ftok_train_000000.bin"}


def read_mds(folder, width, end):
    from streaming import StreamingDataset
    data = StreamingDataset(local=str(folder), split="train", shuffle=False, batch_size=1)
    samples = iter(range(len(data)))
    return {"shards": [[data[next(samples)]["tokens"].tolist() for _ in range(shard.samples)] for shard in data.shards]}


def write_mds(folder, documents, width):
    import numpy
    from streaming import MDSWriter
    kind = numpy.uint16 if width == 2 else numpy.int32
    with MDSWriter(out=str(folder / "out"), columns={"tokens": f"ndarray:{kind.__name__}"}, size_limit=None) as writer:
        for document in documents:
            writer.write({"tokens": numpy.array(document, dtype=kind)})
    (folder / "out" / "shard.00000.mds").rename(folder / "train.mds")
    return {"train.mds": "train/ftok_train_000000.mds"}


def read_nanogpt(folder, width, end):  # get_batch of nanoGPT's train.py
    import numpy
    return {"shards": [[numpy.memmap(path, dtype=numpy.uint16 if width == 2 else numpy.uint32, mode="r").tolist()]
                       for path in sorted(folder.glob("ftok_train_*.bin"))]}


def read_modded_nanogpt(folder, width, end):
    """The rules of modded-nanogpt's _load_data_shard and its BOS finder: GPT-2's header, uint16, every document after its begin-of-sequence
    token, and more than one training shard."""
    import torch
    shards = []
    for path in sorted(folder.glob("ftok_train_*.bin")):
        header = torch.from_file(str(path), False, 256, dtype=torch.int32)
        assert header[0] == 20240520 and header[1] == 1, "magic, version"
        count = int(header[2])
        with path.open("rb", buffering=0) as file:
            tokens = torch.empty(count, dtype=torch.uint16)
            file.seek(256 * 4)
            assert file.readinto(tokens.numpy()) == 2 * count
        shards.append([tokens.tolist()])
    assert len(shards) >= 2 and shards[0][0][0] == end
    return {"shards": shards}


# The corpus, and what is expected of it.

def ftok(*arguments):
    done = subprocess.run([sys.argv[1], *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in (".lock", "binding.toml", "manifest.json") and "parts" not in path.parts}


def corpus(folder, vocabulary):
    texts = [f"Text {i}: " + "the mill by the river turns, " * (i * 7 % 40) for i in range(300)]
    (folder / "d.jsonl").write_text("".join(json.dumps({"id": f'd{i},"x"', "text": text}) + "\n" for i, text in enumerate(texts)))
    end = int(ftok("encode", "--vocab", vocabulary, "--specials", "allow", "--ids", "<|endoftext|>"))
    lines = ftok("encode", "--vocab", vocabulary, "--ids", "--jsonl", folder / "d.jsonl").splitlines()
    return [[*map(int, line.split())] for line in lines], end


def pieces(documents):
    """the documents as shards of SHARD_TOKENS divide them"""
    shards, room = [[]], SHARD_TOKENS
    for document in documents:
        while document:
            if room == 0:
                shards.append([])
                room = SHARD_TOKENS
            shards[-1].append(document[:room])
            room -= len(shards[-1][-1])
            document = document[len(shards[-1][-1]):]
    return shards


def write(folder, form, vocabulary):
    output = folder / form
    ftok("tokenize", "--quiet", "--vocab", vocabulary, "--shard-format", form, "--validation-per-mille", 0, "--shard-tokens", SHARD_TOKENS, "--output",
         output, folder / "d.jsonl")
    return output


def train(shards, model):
    ftok("train", "tiny", "--data", shards, "--output", model, "--steps", 1, "--set", "model.layers=1", "--set", "run.sample_every=0")
    return tuple(json.loads(line)["loss"] for line in (model / "log.jsonl").read_text().splitlines() if '"loss"' in line)


def check_own(folder, vocabulary, width):
    documents, end = corpus(folder, vocabulary)
    for form, read in OWN.items():
        with_end = [[end, *document] if form == "llmc" else [*document, end] for document in documents]
        expected = pieces(with_end)
        if form in ("llmc", "raw"):
            expected = [[list(itertools.chain(*shard))] for shard in expected]
        output = write(folder, form, vocabulary)
        assert read(output, width) == expected, form
        if form == "megatron":
            assert own_megatron_prefix(output / "joined" / "train", width) == with_end
        ftok("shards", "verify", output)
        source = folder / ("raw" if form == "llmc" else "llmc")
        if source.exists():
            ftok("shards", "convert", "--to", form, source, folder / f"{form}-converted")
            assert files_of(output) == files_of(folder / f"{form}-converted"), form
            ftok("shards", "verify", folder / f"{form}-converted")
        printed = ftok("shards", "cat", "--json", "--ids", output).splitlines()
        assert [json.loads(line)["tokens"] for line in printed] == with_end, form
    # The same tokens in the same windows: the same losses.
    losses = {form: train(folder / form, folder / f"model-{form}") for form in OWN if form != "llmc" and width == 2}
    assert len(set(losses.values())) <= 1, losses


def check_real(name, python, folder, vocabulary, width):
    documents, end = corpus(folder, vocabulary)
    form = SHARD_FORMATS.get(name, name)
    with_end = [[end, *document] if form == "llmc" else [*document, end] for document in documents]
    output = write(folder, form, vocabulary)

    def ask(what, *arguments):
        done = subprocess.run([python, __file__, what, name, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    got, shards = ask("--read", output, width, end), pieces(with_end)
    if "shards" in got:
        expected = [[list(itertools.chain(*shard))] for shard in shards] if form in ("llmc", "raw") else shards
        assert got["shards"] == expected, f"{name}: {len(got['shards'])} shards"
    if "windows" in got:
        tokens = [list(itertools.chain(*shard)) for shard in shards]
        assert got["windows"] == [shard[i:i + 64] for shard in tokens for i in range(0, len(shard) - 63, 64)]
    if "joined" in got:
        assert got["joined"] == with_end
    if f"write_{name}" not in globals():
        return
    theirs = folder / "theirs"
    theirs.mkdir()
    (folder / "documents.json").write_text(json.dumps(with_end))
    names = ask("--write", theirs, folder / "documents.json", 4 if name == "litdata" else width)
    ftok("tokenize", "--quiet", "--vocab", vocabulary, "--shard-format", form, "--validation-per-mille", 0, "--output", folder / "whole",
         folder / "d.jsonl")
    for their_name, our_name in names.items():
        assert (theirs / their_name).read_bytes() == (folder / "whole" / our_name).read_bytes(), their_name
    shard = next(path for path in theirs.iterdir() if path.suffix in (".bin", ".mds"))
    ftok("shards", "convert", "--to", form, "--split", "train", "--end-of-text-id", end, "--shard-tokens", SHARD_TOKENS, shard, folder / "back")
    assert OWN[form](folder / "back", 2 if width == 2 and name != "litdata" else 4) == shards


def main():
    if sys.argv[1] in ("--read", "--write"):
        name = sys.argv[2].replace("-", "_")
        if sys.argv[1] == "--read":
            result = globals()[f"read_{name}"](Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
        else:
            result = globals()[f"write_{name}"](Path(sys.argv[3]), json.loads(Path(sys.argv[4]).read_text()), int(sys.argv[5]))
        sys.stdout.flush()
        return print("\n" + json.dumps(result), flush=True)
    name = sys.argv[2]
    vocabularies = [("ftok-4k", 2), ("ftok-100k", 4)]
    if name == "modded-nanogpt":
        vocabularies = vocabularies[:1]  # it reads uint16 alone
    python = None
    if name != "own":
        python = Path(os.environ.get("FTOK_PEERS", Path(tempfile.gettempdir()) / "ftok-peers")) / ENVIRONMENTS[name] / "bin" / "python"
        if not python.exists():
            print(f"skipped: no {python} (tools/setup --trainers)")
            sys.exit(77)
    for vocabulary, width in vocabularies:
        with tempfile.TemporaryDirectory(prefix="ftok-readers-") as folder:
            if python is None:
                check_own(Path(folder), vocabulary, width)
            else:
                check_real(name, python, Path(folder), vocabulary, width)
    print(f"{name}: the same tokens and documents")


if __name__ == "__main__":
    main()
