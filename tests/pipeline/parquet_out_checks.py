"""Parquet out, from the command line: kept texts, rejects and measurements say what JSON Lines say, pyarrow, DuckDB and ftok itself read
them, the bytes are the same for any number of threads, and a job, a run in two and a removal give the same rows."""
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

require("pyarrow", "pyarrow", "arrow")
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

FTOK = os.environ["FTOK"]
ROOT = Path(__file__).resolve().parents[2]
WORDS = "the mill by the river grinds rye and oats for the baker whose bread is known in the whole valley".split()
PARQUET = ("--set", "text.format=parquet", "--set", "text.row_group_bytes=64K")
RECIPE = f"""stages = ["language", "short", "minhash", "dedup", "pii"]
[language]
languages = {{en = 0.1}}
[short]
kind = "python"
file = "short.py"
fields = ["words", "half"]
text_fields = ["first"]
list_fields = ["longest"]
"""
FUNCTION = """def process(document):
    words = len(document["text"].split())
    longest = sorted(word for word in document["text"].split() if len(word) > 4)[:words % 8 // 2]
    fields = {"words": words, "longest": longest} if words % 2 else {"half": words / 2, "first": document["text"].split()[0]}
    return {"drop": "short", "value": words, "threshold": 16} if words < 16 else {"fields": fields}
"""


def text(i):
    rng = random.Random(i)
    return " ".join(rng.choice(WORDS) for _ in range(8 + i % 60)) + f'. Mail {i}: "a{i}@mill.example", 世界.\n\tEnd.'


def ftok(folder, *arguments, code=0):
    done = subprocess.run([FTOK, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, (arguments, done.stderr)
    return done


def run(folder, output, *arguments, inputs=("a.jsonl", "b.jsonl"), recipe="recipe.toml", **keywords):
    return ftok(folder, "run", "--recipe", recipe, "--vocab", "ftok-4k", "--output", output, "--quiet", "--rejects", "text",
                *[each for name in inputs for each in ("--input", name)], *arguments, **keywords)


def lines(folder, kind):
    packed = sorted((folder / "parts").glob(f"*.{kind}.jsonl.zst"))
    return [json.loads(line) for line in subprocess.run(["zstd", "-dcq", *packed], capture_output=True, check=True).stdout.splitlines()]


def rows(folder, kind):
    """As the lines have them: without nulls."""
    return [{k: v for k, v in row.items() if v is not None}
            for path in sorted((folder / "parts").glob(f"*.{kind}.parquet")) for row in pq.read_table(path).to_pylist()]


def shards(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("ftok_*.bin"))}


def parquet_bytes(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "parts").glob("*.parquet"))}


def check_says_what_lines_say(folder):
    run(folder, "lines")
    run(folder, "table", *PARQUET, "--threads", "1")
    for kind in ("text", "rejects"):
        assert rows(folder / "table", kind) == lines(folder / "lines", kind), kind
    kept, dropped = (len(lines(folder / "lines", kind)) for kind in ("text", "rejects"))
    assert kept > 300 and dropped > 100 and not list((folder / "table" / "parts").glob("*.jsonl.zst"))
    assert shards(folder / "table") == shards(folder / "lines")
    assert ", whole" in ftok(folder, "shards", "verify", "table").stdout
    # FineWeb's columns and types; row groups end at so many bytes of values; zstd.
    file = pq.ParquetFile(folder / "table/parts/000000.text.parquet")
    assert [(f.name, f.type) for f in file.schema_arrow] == [
        *((name, pa.string()) for name in ("text", "id", "dump", "url", "date", "file_path", "language")),
        *((name, pa.float64()) for name in ("language_score", "words", "half")), ("first", pa.string()), ("longest", pa.list_(pa.field("element", pa.string()))),
        ("license", pa.string()), ("license_source", pa.string()), ("token_count", pa.int64())]
    lists = [row.get("longest") for row in rows(folder / "table", "text")]
    assert None in lists and [] in lists and any(each and len(each) == 3 for each in lists)
    assert any("longest" in row for row in rows(folder / "table", "rejects")), "duplicates have what stages said of them"
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    assert len(groups) > 1 and {g.column(0).compression for g in groups} == {"ZSTD"}
    sizes = [sum(g.column(c).total_uncompressed_size for c in range(g.num_columns)) for g in groups]
    assert all(size < 96 << 10 for size in sizes) and all(size > 32 << 10 for size in sizes[:-1]), sizes
    # The same bytes for any number of threads.
    run(folder, "threads", *PARQUET, "--threads", "5")
    assert parquet_bytes(folder / "threads") == parquet_bytes(folder / "table") != {}


def check_readers(folder):
    """DuckDB, ftok and its Python module read what was written."""
    run(folder, "table", *PARQUET)
    wanted = rows(folder / "table", "text")
    import duckdb
    found = duckdb.sql(f"SELECT count(*), sum(token_count), sum(length(text)), max(language_score) FROM '{folder}/table/parts/*.text.parquet'").fetchall()[0]
    lists = duckdb.sql(f"SELECT count(longest), sum(len(longest)), count(first) FROM '{folder}/table/parts/*.text.parquet'").fetchall()[0]
    assert lists == (sum("longest" in r for r in wanted), sum(len(r.get("longest", [])) for r in wanted), sum("first" in r for r in wanted)), lists
    assert found == (len(wanted), sum(r["token_count"] for r in wanted), sum(len(r["text"]) for r in wanted), max(r["language_score"] for r in wanted)), found
    run(folder, "lines")
    for kind, ending in (("lines", "jsonl.zst"), ("table", "parquet")):
        ftok(folder, "tokenize", "--vocab", "ftok-4k", "--quiet", "--output", f"again-{kind}", *sorted((folder / kind / "parts").glob(f"*.text.{ending}")))
    assert shards(folder / "again-table") == shards(folder / "again-lines") != {}
    spec = importlib.util.spec_from_file_location("program", ROOT / "python/ftok/_program.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    assert [{k: v for k, v in each.items() if v is not None} for each in program.read(folder / "table")] == wanted


def check_stopped_after_extraction(folder):
    """What each line of a page is, and its Markdown, outlive Parquet between the halves of a run."""
    sample = ROOT / "share/sample/ftok-sample.warc.gz"
    (folder / "markdown.toml").write_text('preset = "fineweb-2024-04"\n[extract]\nmarkdown = true\n')
    for name in ("fineweb-2024-04", "markdown.toml"):
        common = ("--recipe", name, "--vocab", "ftok-4k", "--quiet")
        for threads in (1, 3):
            ftok(folder, "run", sample, *common, *PARQUET, "--stop-after", "extract", "-j", threads, "-o", f"{name}-{threads}")
        assert parquet_bytes(folder / f"{name}-1") == parquet_bytes(folder / f"{name}-3") != {}
        column = pq.read_table(folder / f"{name}-1/parts/000000.text.parquet")["lines"]
        assert column.type == pa.list_(pa.field("element", pa.int64())), column.type
        assert any(each and len(each) > 1 for each in column.to_pylist()), column.to_pylist()
        ftok(folder, "run", sample, *common, "--stop-after", "extract", "-o", f"{name}-lines")
        assert rows(folder / f"{name}-1", "text") == lines(folder / f"{name}-lines", "text")
        ftok(folder, "run", *common, "--start-after", "extract", "-o", f"{name}-end", *(folder / f"{name}-1/parts").glob("*.text.parquet"))
        ftok(folder, "run", sample, *common, "-o", f"{name}-whole")
        assert lines(folder / f"{name}-end", "text") == lines(folder / f"{name}-whole", "text") != []


def check_jobs_halves_and_removal(folder):
    run(folder, "table", *PARQUET)
    text, rejects = rows(folder / "table", "text"), rows(folder / "table", "rejects")
    (folder / "list").write_text("a.jsonl\nb.jsonl\n")
    ftok(folder, "plan", "--recipe", "recipe.toml", "--vocab", "ftok-4k", "--input-list", "list", "--output", "job", "--tasks", "1",
         "--quiet", "--rejects", "text", *PARQUET)
    ftok(folder, "task", "job", "--all", "--quiet")
    assert rows(folder / "job", "text") == text and rows(folder / "job", "rejects") == rejects
    # A run in two: Parquet holds all that the second half goes on from.
    for stage in ("short", "dedup"):
        run(folder, f"first-{stage}", *PARQUET, "--stop-after", stage)
        run(folder, f"second-{stage}", *PARQUET, "--start-after", stage,
            inputs=sorted((folder / f"first-{stage}" / "parts").glob("*.text.parquet")))
        assert rows(folder / f"second-{stage}", "text") == text, stage
    # Columns of an input that documents keep.
    (folder / "again.toml").write_text('stages = ["minhash"]\n[input]\nfields = ["words", "half"]\ntext_fields = ["first"]\nlist_fields = ["longest"]\n')
    run(folder, "kept", *PARQUET, recipe="again.toml", inputs=sorted((folder / "table" / "parts").glob("*.text.parquet")))
    own = ("text", "id", "words", "half", "first", "longest")
    assert [{k: row.get(k) for k in own} for row in rows(folder / "kept", "text")] == [{k: row.get(k) for k in own} for row in text]
    run(folder, "wrong", *PARQUET, "--start-after", "dedup", inputs=sorted((folder / "table" / "parts").glob("*.text.parquet")))
    assert json.loads((folder / "wrong/manifest.json").read_text())["totals"]["dropped"] == {"text.other_stage": len(text)}
    # Removal, from the run and from the job.
    ids = [text[3]["id"], text[-1]["id"], rejects[5]["id"]]
    (folder / "takedown").write_text("\n".join(ids))
    ftok(folder, "job", "clean", "job")
    for name in ("table", "job"):
        ftok(folder, "remove-ids", name, "takedown")
        assert rows(folder / name, "text") == [r for r in text if r["id"] not in ids], name
        assert rows(folder / name, "rejects") == [r for r in rejects if r["id"] not in ids], name
        assert ", whole" in ftok(folder, "shards", "verify", name).stdout


def check_measurements(folder):
    ftok(folder, "run", "--recipe", "recipe.toml", "--input", "a.jsonl", "--measure", "m.jsonl", "--quiet")
    ftok(folder, "run", "--recipe", "recipe.toml", "--input", "a.jsonl", "--measure", "m.parquet", "--quiet")
    wanted, only_in_lines = [], ("measures", "input", "dedup_keys")  # the last two are what `ftok whatif` replays deduplication by
    for line in map(json.loads, (folder / "m.jsonl").read_text().splitlines()):
        wanted += [{**{k: v for k, v in line.items() if k not in only_in_lines}, **measure} for measure in line["measures"] or [{}]]
    assert [{k: v for k, v in row.items() if v is not None} for row in pq.read_table(folder / "m.parquet").to_pylist()] == \
        [{k: v for k, v in row.items() if v is not None} for row in wanted] and len(wanted) > 400


def check_refused(folder):
    """A build without Arrow says so before any work; what cannot be is refused, in one line."""
    alone = folder / "bin" / "ftok"
    alone.parent.mkdir()
    alone.write_bytes(Path(FTOK).read_bytes())
    alone.chmod(0o755)
    command = ["run", "--recipe", "recipe.toml", "--vocab", ROOT / "share/vocab/ftok-4k.tiktoken", "--output", "none", "--quiet", "--input", "a.jsonl"]
    done = subprocess.run([alone, *command, "--set", "text.format=parquet"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and not (folder / "none").exists(), done
    assert "text.format = parquet: this ftok was built without Arrow: build it with FTOK_ARROW=ON" in done.stderr, done.stderr
    for settings, says in ((("text.format=feather",), "text.format"), (("text.row_group_bytes=0",), "text.row_group_bytes: 0 is not in 1..1073741824"),
                           (("text.format=dolma", "output.stop_after=short"), "dolma has no place for all that a later run goes on from")):
        done = run(folder, "none", *(each for setting in settings for each in ("--set", setting)), code=2)
        assert says in done.stderr and len(done.stderr.splitlines()) == 1 and not (folder / "none").exists(), done.stderr


def check_dolma(folder):
    """dolma's members, times from the record; ftok reads them again."""
    run(folder, "lines")
    run(folder, "dolma", "--set", "text.format=dolma")
    wanted = []
    for row in lines(folder / "lines", "text"):
        row = dict(row)
        own = {"id": row.pop("id"), "text": row.pop("text"), "source": row["dump"] or row["file_path"]}
        if row["date"]:
            own["added"] = own["created"] = row["date"].replace(" ", "T").removesuffix("Z") + ".000Z"
        wanted.append({**own, "metadata": {k: v for k, v in row.items() if v != ""}})
    got = lines(folder / "dolma", "text")
    assert got == wanted and {"added" in each for each in wanted} == {True, False}
    assert list(next(each for each in got if "added" in each)) == ["id", "text", "source", "added", "created", "metadata"]
    run(folder, "named", "--set", "text.format=dolma", "--set", "text.source=mill")
    assert {each["source"] for each in lines(folder / "named", "text")} == {"mill"}
    for name in ("lines", "dolma"):
        ftok(folder, "tokenize", "--vocab", "ftok-4k", "--quiet", "--output", f"again-{name}", *sorted((folder / name / "parts").glob("*.text.jsonl.zst")))
    assert shards(folder / "again-dolma") == shards(folder / "again-lines") != {}


def check_clusters(folder):
    """Where clusters are asked for, they are columns of texts and rejects, and members of dolma's metadata."""
    clusters = ("--set", "dedup.clusters=sizes")
    run(folder, "lines", *clusters)
    run(folder, "table", *PARQUET, *clusters)
    run(folder, "dolma", "--set", "text.format=dolma", *clusters)
    text = lines(folder / "lines", "text")
    assert any(row["cluster_size"] > 1 for row in text) and any(row["cluster_size"] == 1 for row in text)
    for kind in ("text", "rejects"):
        assert rows(folder / "table", kind) == [{k: v for k, v in row.items() if v is not None} for row in lines(folder / "lines", kind)], kind
    assert [(row["metadata"]["cluster_id"], row["metadata"]["cluster_size"]) for row in lines(folder / "dolma", "text")] == \
        [(row["cluster_id"], row["cluster_size"]) for row in text]


def make_inputs(folder):
    for name, begin in (("a", 0), ("b", 300)):
        with open(folder / f"{name}.jsonl", "w") as out:
            for i in range(begin, begin + 400):
                out.write(json.dumps({"text": text(i), "id": f"{name}-{i}", "url": f"https://mill.example/{i}", "dump": "CC-MAIN-2024-22" if i % 2 else "",
                                      **({"date": "2024-05-18T01:58:10Z"} if i % 3 else {})}) + "\n")
    (folder / "recipe.toml").write_text(RECIPE)
    (folder / "short.py").write_text(FUNCTION)


def main():
    for check in (check_says_what_lines_say, check_readers, check_stopped_after_extraction, check_jobs_halves_and_removal, check_measurements, check_refused, check_dolma, check_clusters):
        with tempfile.TemporaryDirectory() as folder:
            make_inputs(Path(folder))
            check(Path(folder))
            print(check.__name__, "ok", flush=True)


if __name__ == "__main__":
    main()
