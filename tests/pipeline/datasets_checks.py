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
    # Parquet has a column for what no line has, too: no page of the sample states a licence.
    assert by_json.column_names == list(lines[0]), by_json.column_names
    assert [name for name in by_parquet.column_names if not name.startswith("license")] == by_json.column_names, by_parquet.column_names
    assert str(by_parquet.features["language_score"]) == "Value('float64')" and str(by_parquet.features["token_count"]) == "Value('int64')", by_parquet.features
    # `json` makes times of what looks like them; the texts of both are the lines'.
    assert [{k: v for k, v in row.items() if v is not None} for row in by_parquet.to_list()] == lines
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


RECIPE = """stages = ["minhash"]
[dedup]
scope = "off"
[input]
fields = ["score"]
text_fields = ["topic"]
list_fields = ["tags"]
"""


def check_members_that_some_lack(folder):
    """A member that the first lines do not have, or have as a whole number, is a column all the same."""
    recipe = folder / "some.toml"
    recipe.write_text(RECIPE)
    inputs = [folder / "some0.jsonl", folder / "some1.jsonl"]
    inputs[0].write_text('{"text": "One of the mill.", "score": 1.0}\n{"text": "Two of the river."}\n')
    inputs[1].write_text('{"text": "Three of the dam.", "date": "2024-05-18T01:58:10Z", "score": 2.5, "topic": "water", "tags": ["a", "b"]}\n')
    for text_format in ("jsonl", "dolma"):
        output = folder / f"some-{text_format}"
        ftok("run", "--recipe", recipe, "--vocab", "ftok-4k", "--quiet", "--output", output, "--set", f"text.format={text_format}", *inputs)
        ftok("card", output)
        rows = datasets.load_dataset(str(output), split="train", cache_dir=str(folder / "cache")).to_list()
        assert [row["text"] for row in rows] == ["One of the mill.", "Two of the river.", "Three of the dam."], rows
        if text_format == "dolma":
            assert [row["created"] for row in rows] == [None, None, "2024-05-18T01:58:10.000Z"], rows
            rows = [row["metadata"] for row in rows]
        assert [row["score"] for row in rows] == [1.0, None, 2.5], rows
        assert [row["topic"] for row in rows] == [None, None, "water"] and rows[2]["tags"] == ["a", "b"], rows


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
        check_members_that_some_lack(folder)
        check_written(data, folder)
    print(f"datasets {datasets.__version__}: {len(data)} documents")


if __name__ == "__main__":
    main()
