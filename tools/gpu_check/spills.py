#!/usr/bin/env python3
"""Reads what `ptxas -v` wrote (files as arguments; for an object, OBJECT.ptxas beside it) and fails where a kernel spills registers to memory: kernels live on
registers, and a spill is a slow loop that no test of results sees. With --json, one object per kernel."""
import json, re, subprocess, sys

ENTRY = re.compile(r"Compiling entry function '(\w+)' for '(\w+)'")
SPILL = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers(?:.*?(\d+) bytes smem)?")


def read(paths):
    kernels = []
    for path in paths:
        with open(path, errors="replace") as file:
            for line in file:
                if match := ENTRY.search(line):
                    kernels.append({"kernel": match[1], "gpu": match[2], "spill_stores": 0, "spill_loads": 0, "registers": None, "shared_bytes": 0})
                elif kernels and (match := SPILL.search(line)):
                    kernels[-1].update(spill_stores=int(match[2]), spill_loads=int(match[3]))
                elif kernels and (match := USED.search(line)):
                    kernels[-1].update(registers=int(match[1]), shared_bytes=int(match[2] or 0))
    names = subprocess.run(["c++filt"], input="\n".join(k["kernel"] for k in kernels), capture_output=True, text=True).stdout.split("\n")
    for kernel, name in zip(kernels, names):
        kernel["kernel"] = re.sub(r"\(anonymous namespace\)::|ftok::|\(.*", "", name.replace("void ", "", 1))
    return [k for k in kernels if k["registers"] is not None]


def main(arguments):
    kernels = read([a + ".ptxas" if a.endswith(".o") else a for a in arguments if a != "--json"])
    if not kernels:
        sys.exit("spills: no kernel in these reports")
    if "--json" in arguments:
        for kernel in kernels:
            print(json.dumps(kernel))
    spilling = [k for k in kernels if k["spill_stores"] or k["spill_loads"]]
    for k in spilling:
        print(f"SPILL {k['gpu']} {k['kernel']}: {k['spill_stores']} bytes stored, {k['spill_loads']} loaded, {k['registers']} registers")
    print(f"{len(kernels)} kernels, {len(spilling)} spill, at most {max(k['registers'] for k in kernels)} registers")
    sys.exit(1 if spilling else 0)


main(sys.argv[1:])
