#!/usr/bin/env python3
"""kernel_times.py FILE: the time per kernel in what `ncu --csv --page raw --metrics gpu__time_duration.sum` wrote: share, milliseconds, calls."""
import csv, re, sys
from collections import defaultdict

UNITS = {"ns": 1e-6, "nsecond": 1e-6, "us": 1e-3, "usecond": 1e-3, "ms": 1.0, "msecond": 1.0, "s": 1e3, "second": 1e3}
KERNELS_SHOWN = 30


def short(name):
    return re.sub(r"\(anonymous namespace\)::|ftok::cuda::|void |\(.*", "", name)[:90]


def main(path):
    time, calls = defaultdict(float), defaultdict(int)
    with open(path, errors="replace", newline="") as file:
        rows = csv.reader(line for line in file if line.startswith('"'))
        head = next(rows, None)
        if head is None or "Kernel Name" not in head or "gpu__time_duration.sum" not in head:
            sys.exit("kernel_times: no kernels in this file")
        name, duration = head.index("Kernel Name"), head.index("gpu__time_duration.sum")
        unit = UNITS.get(next(rows)[duration], 1e-6)
        for row in rows:
            time[short(row[name])] += float(row[duration].replace(",", "")) * unit
            calls[short(row[name])] += 1
    total = sum(time.values())
    for kernel in sorted(time, key=time.get, reverse=True)[:KERNELS_SHOWN]:
        print(f"{time[kernel] / total:6.1%} {time[kernel]:9.3f} ms {calls[kernel]:5} x {kernel}")
    print(f"100.0% {total:9.3f} ms {sum(calls.values()):5} x all kernels of a micro-batch")


main(sys.argv[1])
