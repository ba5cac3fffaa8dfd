#!/usr/bin/env python3
"""Hugging Face's `datasets` and ftok read each other: kept texts in each of ftok's formats, a folder of a run by its data card, and what `datasets` writes."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

os.environ["HF_HUB_OFFLINE"] = "1"
datasets = require("datasets", "datasets", "datasets")
datasets.disable_progress_bars()

FTOK = os.environ["FTOK"]
SAMPLE = Path(__file__).resolve().parents[2] / "share" / "sample" / "ftok-sample.warc.gz"


def ftok(*arguments):
    done = subprocess.run([FTOK, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def run(output, text_format):
    ftok("run", "--recipe", "fineweb-2024-04", "--input", SAMPLE, "--vocab", "ftok-4k", "--quiet", "--output", output, "--set", f"text.format={text_format}")
    return sorted(str(path) for path in (output / "parts").glob("*.text.*"))


def load(kind, files, folder, **options):
    return datasets.load_dataset(kind, data_files=files, split="train", cache_dir=str(folder / "cache"), **options)


def check_texts(folder):
    files = {name: run(folder / name, name) for name in ("jsonl", "parquet", "dolma")}
    lines = [json.loads(line) for path in files["jsonl"] for line in subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout.splitlines()]
    assert len(lines) > 20
    by_json, by_parquet = load("json", files["jsonl"], folder), load("parquet", files["parquet"], folder)
    assert by_json.column_names == by_parquet.column_names == list(lines[0]), (by_json.column_names, by_parquet.column_names)
    assert str(by_parquet.features["language_score"]) == "Value('float64')" and str(by_parquet.features["token_count"]) == "Value('int64')", by_parquet.features
    # `json` makes times of what looks like them; the texts of both are the lines'.
    assert by_parquet.to_list() == lines
    for name in ("text", "id", "url", "language", "language_score", "token_count"):
        assert by_json[name][:] == [line[name] for line in lines], name
    by_dolma = load("json", files["dolma"], folder)
    assert by_dolma["text"][:] == [line["text"] for line in lines] and by_dolma["metadata"][0]["url"] == lines[0]["url"]
    streamed = load("parquet", files["parquet"], folder, streaming=True)
    assert [row["id"] for row in streamed] == [line["id"] for line in lines]
    return by_parquet


def check_folder(folder):
    """As it would be uploaded: the data card says where the texts are."""
    for name in ("jsonl", "parquet"):
        ftok("card", folder / name)
        whole = datasets.load_dataset(str(folder / name), split="train", cache_dir=str(folder / "cache"))
        assert len(whole) == json.loads((folder / name / "manifest.json").read_text())["totals"]["kept"], name


def check_written(data, folder):
    data.to_parquet(folder / "from.parquet")
    data.to_json(folder / "from.jsonl")
    data.to_csv(folder / "from.csv")
    shards = {}
    for path in sorted(folder.glob("from.*")):
        output = folder / f"shards-{path.suffix[1:]}"
        ftok("tokenize", "--vocab", "ftok-4k", "--quiet", "--output", output, path)
        shards[path.suffix] = {shard.name: shard.read_bytes() for shard in output.glob("ftok_*.bin")}
        totals = json.loads((output / "manifest.json").read_text())["totals"]
        assert totals["kept"] == len(data), (path, totals)
    assert shards[".parquet"] == shards[".jsonl"] == shards[".csv"]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = check_texts(folder)
        check_folder(folder)
        check_written(data, folder)
    print(f"datasets {datasets.__version__}: {len(data)} documents")


if __name__ == "__main__":
    main()
