"""Parquet in, from the command line, beside pyarrow: every codec and encoding, nulls, dictionaries, nested columns; what is refused
and what is counted; the same bytes for any number of threads."""
import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

require("pyarrow", "pyarrow", "arrow")
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

FTOK = os.environ["FTOK"]
WORDS = "the mill by the river grinds rye and oats for the baker whose bread is known in the whole valley".split()
ODD = ["", "One line.\nTwo lines.\r\n\tA tab.", 'Quotes " and \\ backslashes', "\x01\x1f control", "Grüße, 世界, 😀", "a\x00b", "x" * 70000]


def text(i):
    return ODD[i % 50] if i % 50 < len(ODD) else " ".join(WORDS[(i * 7 + j * j) % len(WORDS)] for j in range(20 + i % 60))


def table(rows, **columns):
    return pa.table({"text": [text(i) for i in range(rows)], "id": [f"doc-{i}" for i in range(rows)],
                     "url": [f"https://mill.example/{i}" for i in range(rows)],
                     "language_score": [i / rows for i in range(rows)], **columns})


def ftok(*arguments, **options):
    return subprocess.run([FTOK, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)


def refused(path, *expected, key="text"):
    shutil.rmtree(Path(path).parent / "refused", ignore_errors=True)
    for command in (["tokenize", "--vocab", "ftok-4k", "--output", Path(path).parent / "refused", "--text-key", key, path],
                    ["vocab", "count", "--pattern", "gpt2", "--output", Path(path).parent / "refused.counts", "--text-key", key, path]):
        result = ftok(*command)
        assert result.returncode == 1, (command, result.returncode, result.stderr)
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        for words in expected:
            assert words in result.stderr, (words, result.stderr)
    assert not (Path(path).parent / "refused" / "manifest.json").exists()


def shards(folder, output, inputs, *arguments):
    """What `ftok tokenize` makes of the inputs: its shards with ids and boundaries, what it printed, what it warned of."""
    result = ftok("tokenize", "--vocab", "ftok-4k", "--validation-per-mille", "0", "--json", "--quiet", "--output", folder / output,
                  *arguments, *inputs)
    assert result.returncode == 0, result.stderr
    files = {p.name: p.read_bytes() for p in sorted((folder / output).glob("ftok_*"))}
    assert files
    return files, json.loads(result.stdout), result.stderr


def as_lines(path, rows):
    """The rows as JSON Lines, where a null is a key that is missing."""
    with open(path, "w") as out:
        for row in rows:
            out.write(json.dumps({k: v for k, v in row.items() if v is not None}) + "\n")


def same_as_lines(folder, name, data, *arguments, key="text", get=lambda row: row["text"], **options):
    """A file that pyarrow wrote of `data` is read as the rows that pyarrow reads in it."""
    path = folder / f"{name}.parquet"
    pq.write_table(data, path, **options)
    rows = [{key: get(row), "id": row["id"]} for row in pq.read_table(path).to_pylist()]
    as_lines(folder / f"{name}.jsonl", rows)
    read, counts, _ = shards(folder, name, [path], "--text-key", key, *arguments)
    wanted, wanted_counts, _ = shards(folder, f"{name}.lines", [folder / f"{name}.jsonl"], "--text-key", key)
    assert read == wanted, name
    assert counts["documents"] == wanted_counts["documents"] and counts["dropped"] == wanted_counts["dropped"], (name, counts)
    return counts


def check_codecs_and_encodings(folder):
    data = table(700)
    codecs = [c for c in ("none", "snappy", "gzip", "brotli", "zstd", "lz4") if c == "none" or pa.Codec.is_available(c)]
    assert {"snappy", "gzip", "zstd"} <= set(codecs)
    for codec in codecs:
        same_as_lines(folder, f"codec-{codec}", data, compression=codec, row_group_size=256)
    for encoding in ("PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
        for version in ("1.0", "2.0"):
            same_as_lines(folder, f"encoding-{encoding}-{version}", data, use_dictionary=False, data_page_version=version,
                          column_encoding={"text": encoding}, data_page_size=4096)
    few = table(700).set_column(0, "text", pa.array([text(i % 9) for i in range(700)]).dictionary_encode())
    same_as_lines(folder, "dictionary", few, use_dictionary=True)
    # A dictionary that is given up in the middle of a column.
    same_as_lines(folder, "half-dictionary", data, use_dictionary=True, dictionary_pagesize_limit=2000, data_page_size=2048)


def check_types_and_places(folder):
    rows = 200
    plain = [text(i) for i in range(rows)]
    for kind in (pa.large_string(), pa.binary(), pa.string_view()):
        same_as_lines(folder, f"type-{kind}", table(rows).set_column(0, "text", pa.array(plain).cast(kind)),
                      get=lambda row: row["text"].decode() if isinstance(row["text"], bytes) else row["text"])
    nulls = [None if i % 3 == 0 else plain[i] for i in range(rows)]
    counts = same_as_lines(folder, "nulls", table(rows).set_column(0, "text", pa.array(nulls)), row_group_size=64)
    assert counts["dropped"]["text.no_text"] == len([t for t in nulls if t is None]), counts
    nested = pa.array([None if i % 5 == 0 else {"text": nulls[i], "marks": [i] * (i % 4), "deep": {"text": plain[i]}} for i in range(rows)])
    data = pa.table({"id": [f"n{i}" for i in range(rows)], "page": nested, "tags": [[str(i)] * (i % 3) for i in range(rows)]})
    same_as_lines(folder, "nested", data, key="page.text", get=lambda row: (row["page"] or {}).get("text"))
    same_as_lines(folder, "deep", data, key="page.deep.text", get=lambda row: ((row["page"] or {}).get("deep") or {}).get("text"))
    dotted = pa.table({"a.b": plain, "id": list(range(rows))})
    same_as_lines(folder, "dotted", dotted, key="a.b", get=lambda row: row["a.b"])
    numbers = pa.table({"text": plain, "id": pa.array([2**63 - 10 + i for i in range(rows)], pa.uint64())})
    same_as_lines(folder, "unsigned-ids", numbers)
    empty = pa.table({"text": pa.array([], pa.string())})
    pq.write_table(empty, folder / "empty.parquet")
    result = ftok("tokenize", "--vocab", "ftok-4k", "--json", "--quiet", "--output", folder / "empty", folder / "empty.parquet")
    assert json.loads(result.stdout)["documents"] == 0, result.stdout


def check_fields(folder):
    """What `ftok run` keeps of the columns, dates as ISO 8601 has them."""
    when = datetime(2024, 5, 18, 1, 58, 10, 999000, tzinfo=timezone.utc)
    data = pa.table({"text": ["A first text of some length."], "id": [7], "url": ["https://mill.example/"], "dump": ["CC-MAIN-2024-22"],
                     "date": pa.array([when], pa.timestamp("ms", tz="UTC")), "language": ["en"], "language_score": pa.array([0.25], pa.float32())})
    pq.write_table(data, folder / "fields.parquet")
    (folder / "fields.toml").write_text('stages = ["minhash"]\n')
    result = ftok("run", "--recipe", folder / "fields.toml", "--vocab", "ftok-4k", "--input", folder / "fields.parquet", "--output", folder / "fields")
    assert result.returncode == 0, result.stderr
    kept = subprocess.run(["zstd", "-dc", folder / "fields/parts/000000.text.jsonl.zst"], capture_output=True, check=True).stdout
    kept = json.loads(kept)
    wanted = {"id": "7", "url": "https://mill.example/", "dump": "CC-MAIN-2024-22", "date": "2024-05-18T01:58:10.999Z", "language": "en",
              "language_score": 0.25}
    assert {k: kept[k] for k in wanted} == wanted, kept


def check_large_numbers(folder):
    """Integers of 64 bits among the fields: as numbers where a double holds them, as texts with all digits; the same from Parquet and from lines."""
    numbers = [7, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, 2**63 - 1]
    (folder / "large.toml").write_text('stages = ["minhash"]\n[dedup]\nscope = "off"\n[input]\nfields = ["number"]\ntext_fields = ["digits"]\n')
    rows = [{"text": f"Text {i} of the mill.", "number": n, "digits": n} for i, n in enumerate(numbers)]
    pq.write_table(pa.Table.from_pylist(rows), folder / "large.parquet")
    (folder / "large.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("large.parquet", "large.jsonl"):
        kept = run_on(folder, "large.toml", name)
        assert [line.get("number") for line in kept] == [7, 2**53, None, None, 2**62, None], (name, kept)
        assert [line["digits"] for line in kept] == [str(n) for n in numbers], (name, kept)


def check_times(folder):
    """Points in time of each form, as dates and as ids: the fraction of a second stands where there is one, so that ids that differ stay apart."""
    when = [datetime(2024, 5, 18, 1, 58, 10), datetime(2024, 5, 18, 1, 58, 10, 1), datetime(1969, 12, 30, 23, 59, 58, 500001), None]
    first, last = "2024-05-18T01:58:10", "1969-12-30T23:59:5"
    # pyarrow casts towards zero.
    forms = {"s": (pa.timestamp("s"), [first, first, last + "9"]),
             "ms": (pa.timestamp("ms", tz="UTC"), [first + "Z", first + "Z", last + "8.501Z"]),
             "us": (pa.timestamp("us"), [first, first + ".000001", last + "8.500001"]),
             "ns": (pa.timestamp("ns"), [first, first + ".000001000", last + "8.500001000"]),
             "int96": (pa.timestamp("us"), [first, first + ".000001000", last + "8.500001000"]),
             "day": (pa.date32(), ["2024-05-18", "2024-05-18", "1969-12-30"])}
    (folder / "times.toml").write_text('stages = ["minhash"]\n[dedup]\nscope = "off"\n')
    for name, (kind, wanted) in forms.items():
        column = pa.array(when).cast(kind, safe=False)
        for key in ("id", "date"):
            data = pa.table({"text": [f"Text {i} of the mill by the river." for i in range(4)], key: column})
            pq.write_table(data, folder / "times.parquet", use_deprecated_int96_timestamps=name == "int96")
            kept = [line[key] for line in run_on(folder, "times.toml", "times.parquet")]
            assert kept[:3] == wanted and (kept[3] == "" if key == "date" else kept[3].endswith(":4")), (name, key, kept)
    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array([2])], names=["text", "id", "id"]), folder / "two.parquet")
    refused = ftok("tokenize", "--vocab", "ftok-4k", "--quiet", "--output", folder / "two", folder / "two.parquet")
    assert refused.returncode == 1 and 'it has 2 columns "id"' in refused.stderr, refused.stderr


def check_lists_of_texts(folder):
    """Columns of lists that a recipe names, in each layout that pyarrow writes, across pages and row groups; what is none is left out."""
    rows = 900
    lists = [None if i % 7 == 0 else [None if (i + j) % 11 == 0 else f"{j}: Mühle \"{i}\"" for j in range(i % 5)] for i in range(rows)]
    lists[501] = [f"entry {j}" for j in range(3000)]
    plain = [f"Text {i} of the mill by the river." for i in range(rows)]
    (folder / "lists.toml").write_text('stages = ["minhash"]\n[dedup]\nscope = "off"\n[input]\nfields = ["size"]\ntext_fields = ["topic"]\nlist_fields = ["tags"]\n')
    columns = {"list": pa.array(lists, pa.list_(pa.string())), "large": pa.array(lists, pa.large_list(pa.large_string())),
               "words": pa.array([None if each is None else [t for t in each if t is not None] for each in lists],
                                 pa.list_(pa.field("item", pa.string(), nullable=False)))}
    for name, tags in columns.items():
        for options in ({}, {"data_page_version": "2.0"}, {"use_compliant_nested_type": False}):
            data = pa.table({"text": plain, "tags": tags, "topic": [None if i % 3 else f"t{i}" for i in range(rows)], "size": [i / 4 for i in range(rows)]})
            pq.write_table(data, folder / "lists.parquet", row_group_size=400, data_page_size=2000, use_dictionary=not options, **options)
            kept = run_on(folder, "lists.toml", "lists.parquet")
            wanted = [{"text": plain[i], **({} if i % 3 else {"topic": f"t{i}"}), "size": i / 4,
                       **({} if lists[i] is None else {"tags": [t for t in lists[i] if t is not None]})} for i in range(rows)]
            assert [{k: line[k] for k in ("text", "topic", "size", "tags") if k in line} for line in kept] == wanted, (name, options)
    for tags in (pa.array([[1], [2, 3]]), pa.array([[["a"]], [["b"]]]), pa.array([[{"a": "b"}], []]), pa.array([[("a", "b")], []], pa.map_(pa.string(), pa.string())),
                 pa.array(["a", "b"])):
        pq.write_table(pa.table({"text": plain[:2], "tags": tags, "topic": [["a"], ["b"]], "size": ["1", "2"]}), folder / "lists.parquet")
        kept = run_on(folder, "lists.toml", "lists.parquet")
        assert len(kept) == 2 and not any({"tags", "topic", "size"} & set(line) for line in kept), (tags.type, kept)
    # A list beyond the limit makes its row too large.
    pq.write_table(pa.table({"text": plain[:3], "tags": [["a"], ["b" * 3000, "c" * 3000], ["d"]]}), folder / "lists.parquet")
    assert [line["tags"] for line in run_on(folder, "lists.toml", "lists.parquet", "--set", "input.record_bytes_max=4000")] == [["a"], ["d"]]


def check_documents_of_rows(folder):
    """Rows become documents without a line of JSON between, but for what a line tells by being none; a recipe that names a list takes lines
    for all of the file: the same texts, fields and drops, one by one."""
    rows, limit = 600, 4000
    texts = [text(i)[:9000] for i in range(rows)]
    texts[3], texts[4], texts[5] = "x" * 600, "x" * 700, "\x01" * 700  # lines of up to 6 bytes for each
    texts[6], texts[7], texts[8] = "y" * (limit - 60), "y" * limit, "y" * (limit + 1)
    data = [t.encode() for t in texts]
    data[9], data[10] = b"bad \xff bytes \xed\xa0\x80", b"cut \xe4\xb8"
    data = [None if i % 11 == 0 else t for i, t in enumerate(data)]
    odd = [0.0, -0.0, 1.5, 1e20, float("nan"), float("inf"), 0.1, None]
    columns = {"text": pa.array(data, pa.binary()), "url": [b"\xff" if i == 20 else f"https://mill.example/{i}".encode() for i in range(rows)],
               "dump": [None if i % 3 else "CC-MAIN-2024-22" for i in range(rows)], "language": ["de"] * rows,
               "date": pa.array([i * 10**9 for i in range(rows)], pa.timestamp("ms", tz="UTC")),
               "topic": [None if i % 4 else f"t{i}" for i in range(rows)], "tags": [["a", str(i)] for i in range(rows)],
               "size": pa.array([odd[i % 8] for i in range(rows)], pa.float32())}
    numbers = {"reals": pa.array([odd[i % 8] for i in range(rows)]), "integers": pa.array([None if i % 5 == 0 else i - 300 for i in range(rows)]),
               "unsigned": pa.array([2**64 - 1 - i for i in range(rows)], pa.uint64())}
    recipe = 'stages = ["minhash"]\n[dedup]\nscope = "off"\n[input]\nfields = ["size"]\ntext_fields = ["topic"]\n'
    (folder / "values.toml").write_text(recipe)
    (folder / "lines.toml").write_text(recipe + 'list_fields = ["tags"]\n')
    for name, ids, keys in [(name, ids, ("text", "id")) for name, ids in numbers.items()] + [
            ("texts", pa.array([f"id-{i}" for i in range(rows)]), ("text", "id")), ("times", columns["date"], ("text", "id")),
            ("text-is-id", numbers["reals"], ("text", "text")), ("text-is-url", numbers["reals"], ("url", "dump")), ("no-id", numbers["reals"], ("text", "none"))]:
        pq.write_table(pa.table({**columns, "id": ids, "language_score": list(numbers.values())[len(name) % 3]}), folder / "rows.parquet", row_group_size=250)
        runs = []
        for way in ("values", "lines"):
            settings = ("--set", f"input.text_key={keys[0]}", "--set", f"input.id_key={keys[1]}", "--set", f"input.record_bytes_max={limit}")
            kept = run_on(folder, f"{way}.toml", "rows.parquet", *settings)
            for line in kept:
                line.pop("tags", None)
            totals = json.loads((folder / "run/manifest.json").read_text())["totals"]
            runs.append((kept, totals))
        assert len(runs[0][0]) > 500, name
        for one, other in zip(runs[0][0], runs[1][0]):
            assert one == other, (name, one, other)
        assert runs[0] == runs[1], (name, runs[0][1], runs[1][1])
    # Damage: what cannot be read is lost, and rows behind it keep their numbers.
    plain = pa.table({"text": [f"A text of row {i + 1}." for i in range(300)]})
    pq.write_table(plain, folder / "lost.parquet", row_group_size=100, compression="none", use_dictionary=False, write_page_checksum=True)
    place = pq.read_metadata(folder / "lost.parquet").row_group(1).column(0).data_page_offset + 200
    (folder / "lost.parquet").write_bytes(damaged(folder / "lost.parquet", (place, 0x7E)))
    kept = run_on(folder, "values.toml", "lost.parquet")
    assert [line["id"] for line in kept] == [f"lost.parquet:{i}" for i in [*range(1, 101), *range(201, 301)]], kept


def run_on(folder, recipe, path, *arguments):
    """The texts that a run keeps."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    result = ftok("run", "--recipe", recipe, "--vocab", "ftok-4k", "--quiet", "--input", path, "--output", "run", *arguments, cwd=folder)
    assert result.returncode == 0, result.stderr
    packed = sorted((folder / "run/parts").glob("*.text.jsonl.zst"))
    return [json.loads(line) for line in subprocess.run(["zstd", "-dcq", *packed], capture_output=True, check=True).stdout.splitlines()]


def check_threads_and_ways_in(folder):
    """Row groups in parallel, and inputs that can be read forward only: the same bytes."""
    path = folder / "groups.parquet"
    pq.write_table(table(6000), path, row_group_size=100, compression="zstd")
    one, _, _ = shards(folder, "one-thread", [path], "--threads", "1")
    for threads in (2, 7):
        assert shards(folder, f"threads-{threads}", [path], "--threads", str(threads))[0] == one
    packed = folder / "groups.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert without_names(shards(folder, "packed", [packed])[0]) == without_names(one)
    with open(path, "rb") as stdin:
        result = ftok("tokenize", "--vocab", "ftok-4k", "--validation-per-mille", "0", "--output", folder / "stdin", "-", stdin=stdin)
    assert result.returncode == 0, result.stderr
    assert (folder / "stdin" / "ftok_train_000000.bin").read_bytes() == one["ftok_train_000000.bin"]
    # The digest is of the file's bytes as they lie, in whatever order they were read.
    shards(folder, "as-text", [path], "--format", "text")
    digests = [json.loads((folder / name / "manifest.json").read_text())["inputs"][0]["report"]["xxh128"]
               for name in ("one-thread", "threads-7", "as-text")]
    assert len(set(digests)) == 1, digests
    counted = [ftok("vocab", "count", "--pattern", "gpt2", "--threads", t, "--output", folder / f"counts-{t}", path) for t in (1, 5)]
    assert all(c.returncode == 0 for c in counted), counted
    assert (folder / "counts-1").read_bytes() == (folder / "counts-5").read_bytes()
    encoded = ftok("encode", "--vocab", "ftok-4k", "--jsonl", path, "--count")
    assert encoded.returncode == 0 and len(encoded.stdout.splitlines()) == 6000, encoded.stderr


def without_names(files):
    return {name: data for name, data in files.items() if name.endswith(".bin")}


def check_resume(folder):
    """`ftok tokenize` stopped in the middle of a file goes on at its row."""
    path = folder / "resume.parquet"
    pq.write_table(table(5000), path, row_group_size=500)
    wanted, _, _ = shards(folder, "whole", [path], "--shard-tokens", "500000")
    command = [FTOK, "tokenize", "--vocab", "ftok-4k", "--validation-per-mille", "0", "--shard-tokens", "500000", "--output",
               folder / "killed", path]
    resumed = 0
    for attempt in range(60):
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, err = process.communicate(timeout=0.1 + 0.05 * attempt)
            resumed += "resuming after record" in err
            assert process.returncode == 0, err
            break
        except subprocess.TimeoutExpired:
            process.kill()
            resumed += "resuming after record" in process.communicate()[1]
    else:
        raise AssertionError("it does not come to its end")
    assert {p.name: p.read_bytes() for p in sorted((folder / "killed").glob("ftok_*"))} == wanted
    print(f"resumed inside the file {resumed} times")


def damaged(path, *places):
    data = bytearray(path.read_bytes())
    for place, byte in places:
        data[place] = byte
    return bytes(data)


def check_refused(folder):
    good = folder / "good.parquet"
    pq.write_table(table(300), good, row_group_size=100, compression="none", write_page_checksum=True)
    data = good.read_bytes()
    bad = folder / "bad.parquet"
    for cut in (len(data) - 1, len(data) // 2, 8):
        bad.write_bytes(data[:cut])
        refused(bad, "bad.parquet is Parquet, and it is cut short")
    bad.write_bytes(data[:-8] + struct.pack("<I", 2**31) + b"PAR1")
    refused(bad, "its table of contents has 2147483648 bytes")
    bad.write_bytes(data[:-8] + struct.pack("<I", 5) + b"PAR1")
    refused(bad, "its table of contents cannot be read")
    refused(good, 'it has no column "body"; its columns are text, id, url, language_score', key="body")
    for name, column, says in (("numbers", pa.array([1, 2]), "INT64, not texts"), ("lists", pa.array([["a"], ["b"]]), 'its column "text" holds lists of String, not texts'),
                               ("group", pa.array([{"body": "a"}, {"body": "b"}]), 'its column "text" holds other columns, not texts; its columns are text.body'),

                               ("null", pa.nulls(2), "Null, not texts"), ("yes", pa.array([True, False]), "BOOLEAN, not texts")):
        pq.write_table(pa.table({"text": column, "id": ["a", "b"]}), bad)
        refused(bad, says, "id")
    for ids, says in ((pa.array([[1], [2]]), "lists of INT64"), (pa.array([True, False]), "BOOLEAN"), (pa.array([{"oid": "a"}, {"oid": "b"}]), "String"),
                      (pa.array([Decimal("1.5"), Decimal("2")]), "Decimal")):
        pq.write_table(pa.table({"text": ["one", "two"], "id": ids}), bad)
        result = ftok("tokenize", "--vocab", "ftok-4k", "--output", folder / "refused", bad)
        assert result.returncode == 1 and f'its column "id" holds {says}' in result.stderr, (ids, result.stderr)
        shards(folder, f"no-{says[:2]}", [bad], "--id-key", "none")
        assert ftok("vocab", "count", "--pattern", "gpt2", "--output", folder / "ids.counts", bad).returncode == 0  # reads no ids
    pq.write_table(pa.table({"text": ["one", "two"], "id": pa.nulls(2)}), bad)
    shards(folder, "no-ids", [bad])
    wide = pa.schema([pa.field(f"c{i}", pa.int8()) for i in range(100_001)])
    pq.write_table(wide.empty_table(), bad)
    refused(bad, "lists more than 100000 columns or row groups")
    deep = pa.string()
    for _ in range(90):
        deep = pa.struct([pa.field("a", deep)])
    pq.write_table(pa.table({"text": pa.nulls(2, deep)}), bad)
    refused(bad, 'its column "text" holds other columns, not texts')


def check_counted(folder):
    """Damage inside a row group costs that row group, and rows behind it keep their numbers."""
    path = folder / "damaged.parquet"
    data = pa.table({"text": [text(i) + f" row {i + 1}" for i in range(300)]})
    pq.write_table(data, path, row_group_size=100, compression="none", use_dictionary=False, write_page_checksum=True)
    place = pq.read_metadata(path).row_group(1).column(0).data_page_offset + 200
    path.write_bytes(damaged(path, (place, 0x7E)))
    _, counts, warnings = shards(folder, "damaged", [path])
    assert counts["documents"] == 200 and counts["damage"] == 1, counts
    assert re.search(r"row 101: parquet.bad_data: row group 1: .*; 100 rows are not read", warnings), warnings
    docs = (folder / "damaged" / "ftok_train_000000.docs").read_bytes()
    assert b"damaged.parquet:100" in docs and b"damaged.parquet:201" in docs and b"damaged.parquet:101" not in docs

    # One text of a megabyte for each of 10,000 rows, from a dictionary: 10 GB of text in a file of a few kilobytes.
    bomb = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), pa.array(["y" * 1_000_000]))
    pq.write_table(pa.table({"text": bomb}), folder / "bomb.parquet", compression="zstd")
    assert (folder / "bomb.parquet").stat().st_size < 100_000
    _, counts, warnings = shards(folder, "bomb", [folder / "bomb.parquet"])
    assert 60 < counts["documents"] < 100 and "parquet.bomb" in warnings, (counts, warnings)

    # A text beyond the limit is one drop.
    pq.write_table(pa.table({"text": ["short", "z" * 5000, "short"]}), folder / "long.parquet")
    _, counts, _ = shards(folder, "long", [folder / "long.parquet"], "--record-bytes-max", "4000")
    assert counts["kept"] == 2 and counts["dropped"] == {"text.too_large": 1}, counts


def check_without_arrow(folder):
    """A program without the module says so."""
    alone = folder / "bin" / "ftok"
    alone.parent.mkdir()
    alone.write_bytes(Path(FTOK).read_bytes())
    alone.chmod(0o755)
    pq.write_table(table(3), folder / "x.parquet")
    result = subprocess.run([alone, "vocab", "count", "--pattern", "gpt2", "--output", folder / "x.counts", folder / "x.parquet"],
                            capture_output=True, text=True)
    assert result.returncode == 1 and len(result.stderr.strip().splitlines()) == 1, result
    assert "x.parquet is Parquet, which is not read: this ftok was built without Arrow: build it with FTOK_ARROW=ON" in result.stderr


def main():
    for check in (check_codecs_and_encodings, check_types_and_places, check_fields, check_large_numbers, check_times, check_lists_of_texts, check_documents_of_rows, check_threads_and_ways_in, check_resume,
                  check_refused, check_counted, check_without_arrow):
        with tempfile.TemporaryDirectory() as folder:
            check(Path(folder))
            print(check.__name__, "ok", flush=True)


if __name__ == "__main__":
    main()
