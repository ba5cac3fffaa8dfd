"""How much memory reading Parquet takes, whatever the size of its row groups: a page on one thread; on more at most two row groups a thread, of a
large one the 16 MiB that are decoded ahead. What the kernel says of each process (getrusage), so without sanitizers only.

  FTOK=path/to/ftok parquet_memory_checks.py
  parquet_memory_checks.py FOLDER              writes the files alone: a process's peak counts what its parent held when it began
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

MIB = 1 << 20
ROWS, TEXT_BYTES = 60_000, 3_000  # 180 MB
ROWS_OF_A_GROUP = (1_000, 10_000, ROWS)
AHEAD = 16 * MIB
ROOM = 40 * MIB  # of a thread, for all else: 180 MB of JSON Lines take 12 MB more than a few lines do on one thread, 39 on two


def write_files(folder):
    from peer_python import require
    require("pyarrow", "pyarrow", "arrow")
    import pyarrow as pa
    import pyarrow.parquet as pq
    rng = random.Random(3)
    words = [f"{rng.randrange(10 ** rng.randrange(1, 7)):x}" for _ in range(5000)]
    stock = [" ".join(rng.choices(words, k=900))[:TEXT_BYTES] for _ in range(500)]
    texts = [f"{i} {stock[i % len(stock)]}" for i in range(ROWS)]
    table = pa.table({"text": texts})
    pq.write_table(table.slice(0, 500), folder / "few.parquet")
    for rows in ROWS_OF_A_GROUP:
        pq.write_table(table, folder / f"{rows}.parquet", row_group_size=rows, compression="snappy", use_dictionary=False)


def peak(folder, source, threads):
    """The most memory that `ftok tokenize` has held, in bytes."""
    shutil.rmtree(folder / "tokens", ignore_errors=True)
    command = [os.environ["FTOK"], "tokenize", "--vocab", "ftok-4k", "--quiet", "--threads", str(threads), "--output", folder / "tokens", folder / source]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_maxrss * 1024


def main():
    if len(sys.argv) == 2:
        write_files(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrote = subprocess.run([sys.executable, __file__, folder]).returncode
        if wrote != 0:
            sys.exit(wrote)
        for threads in (1, 2):
            few = peak(folder, "few.parquet", threads)
            for rows in ROWS_OF_A_GROUP:
                held = peak(folder, f"{rows}.parquet", threads)
                ahead = 2 * threads * min(rows * TEXT_BYTES, AHEAD) if threads > 1 else 0
                most = few + threads * ROOM + ahead
                print(f"{threads} threads, row groups of {rows * TEXT_BYTES / 1e6:.0f} MB: {held / 1e6:.0f} MB, at most {most / 1e6:.0f}; "
                      f"a few rows: {few / 1e6:.0f}", flush=True)
                assert held <= most


if __name__ == "__main__":
    main()
