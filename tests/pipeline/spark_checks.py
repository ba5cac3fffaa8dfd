"""A second opinion on deduplication: Spark, told nothing but the keys that a job's tasks wrote down, drops the documents that the job
dropped, each as a repeat of the same earlier one. On two workers of a local cluster."""
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

require("pyspark", "pyspark", "spark")
from pyspark.sql import SparkSession, functions as F  # noqa: E402

from dedup_checks import variants  # noqa: E402
import random  # noqa: E402

FTOK = os.environ["FTOK"]
RECIPE = ["--vocab", "ftok-4k", "--quiet", "--set", 'stages=["minhash","dedup"]', "--set", "dedup.scope=run"]


def rows_of(path, parts):
    """(id, content and bucket keys) of the documents in a job's keys file, whose parts have these sizes (docs/formats.md)"""
    data = path.read_bytes()
    begin = 0
    for size in parts:
        part, begin = data[begin:begin + size], begin + size
        magic, _, width = struct.unpack_from("<8sII", part)
        assert magic == b"FTOKKEYS"
        at = 16
        for _ in range(struct.unpack_from("<Q", part, size - 24)[0]):
            length, = struct.unpack_from("<I", part, at)
            name = part[at + 4:at + 4 + length].decode()
            keys = struct.unpack_from(f"<{width}q", part, at + 4 + length)  # signed, as Spark's long is; the last is the content check
            yield name, keys[:-1]
            at += 4 + length + 8 * width


def documents_of(job):
    for listed in sorted((job / "parts").glob("*.inputs.jsonl")):
        parts = [json.loads(line)["bytes"]["keys"] for line in listed.read_text().splitlines()]
        yield from rows_of(listed.with_name(listed.name.split(".")[0] + ".keys"), parts)


def verdicts_of_spark(spark, documents):
    """id -> the id of the first document that has its text, else of the first of all that share a bucket with it"""
    rows = [(number, slot, key) for number, (_, keys) in enumerate(documents) for slot, key in enumerate(keys) if key != 0]
    keys = spark.createDataFrame(rows, "document long, slot int, key long").repartition(8)
    firsts = keys.groupBy("slot", "key").agg(F.min("document").alias("first"))
    repeats = keys.join(firsts, ["slot", "key"]).where("first < document")
    told = repeats.groupBy("document").agg(F.min(F.when(F.col("slot") == 0, F.col("first"))).alias("text"), F.min("first").alias("any"))
    return {documents[row.document][0]: documents[row.any if row.text is None else row.text][0] for row in told.collect()}


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        rng, inputs = random.Random(11), []
        texts = variants(rng, 600)
        for number in range(6):
            (folder / f"{number}.jsonl").write_text("".join(json.dumps({"id": f"{number}-{i}", "text": text}) + "\n"
                                                            for i, text in enumerate(texts[number::6])))
            inputs += ["--input", f"{number}.jsonl"]
        for arguments in (["plan", *inputs, "--output", "job", "--tasks", "4", "--ranges", "3", *RECIPE], ["task", "job", "--all", "--quiet"]):
            subprocess.run([FTOK, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        rejects = [json.loads(line) for path in sorted((folder / "job/parts").glob("*.rejects.jsonl.zst"))
                   for line in subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout.splitlines()]
        verdicts = {row["id"]: row["duplicate_of"] for row in rejects}
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        spark = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false").config(
            "spark.sql.shuffle.partitions", "4").config("spark.driver.host", "127.0.0.1").getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        told = verdicts_of_spark(spark, list(documents_of(folder / "job")))
        spark.stop()
        wrong = {name for name in told.keys() | verdicts.keys() if told.get(name) != verdicts.get(name)}
        print(f"{len(verdicts)} of {len(texts)} documents dropped; Spark: {len(told)}, {len(wrong)} otherwise")
        sys.exit(1 if wrong or len(verdicts) < 200 else 0)


if __name__ == "__main__":
    main()
