#!/usr/bin/env python3
"""Kills `ftok run` with SIGKILL and resumes it: the output must be byte-identical to that of a run nobody disturbed.

  kill_and_resume.py --binary FTOK [--random 20] [--commit-points] [-- FLAGS OF ftok run...]

The inputs are three small WARC files made here, with duplicates across them; shards are small, so that there are several.

--commit-points kills once before and once after every rename of a file into place and every record of the journal, one run
each, and leaves the beginning of one more record in the journal, as a kill in the middle of writing it would. --random N kills at N
moments drawn from the time an undisturbed run takes (seeded), each time resuming the same folder until a run ends by itself,
then starting afresh. Prints `N kills, all outputs identical`; exit 1 at the first difference.
"""
import argparse, hashlib, os, random, shutil, subprocess, sys, tempfile, time
from pathlib import Path

from run_checks import write_warc
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import faults


def digest_of(folder):
    """-> {relative path: SHA-256} of all files but the lock"""
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(Path(folder).rglob("*")) if p.is_file() and p.name != ".lock"}


def tear_journal(folder, rng):
    """the beginning of a record at the end of the journal: of its last one, cut anywhere"""
    path = folder / "journal"
    if path.exists():
        last = path.read_bytes().splitlines(keepends=True)[-1]
        with open(path, "ab") as out:
            out.write(last[:rng.randrange(1, len(last))])
        return 1
    return 0


def compare(expected, folder, what):
    got = digest_of(folder)
    if got == expected:
        return
    for name in sorted(expected.keys() | got.keys()):
        if expected.get(name) != got.get(name):
            state = "missing" if name not in got else "left over" if name not in expected else "different"
            print(f"{what}: {name}: {state}", file=sys.stderr)
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--commit-points", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("flags", nargs="*")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="ftok-kill-"))
    try:
        check(args, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check(args, work):
    inputs = []
    for i in range(3):
        path = work / f"in{i}.warc.gz"
        write_warc(path, [*range(100 * i, 100 * i + 6), 3])  # page 3 stands in all of them
        inputs += ["--input", str(path)]

    def command(output):
        return [args.binary, "run", *inputs, "--output", str(output), "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet", *args.flags]

    def run(output, **environment):
        return subprocess.run(command(output), env={**os.environ, **environment}, capture_output=True, text=True)

    def finish(output, what):
        done = run(output)
        if done.returncode != 0:
            sys.exit(f"{what}: the resumed run failed: {done.stderr[-2000:]}")
        compare(expected, output, what)

    start = time.monotonic()
    first = run(work / "expected")
    seconds = time.monotonic() - start
    if first.returncode != 0:
        sys.exit(f"the undisturbed run failed: {first.stderr[-2000:]}")
    expected = digest_of(work / "expected")
    kills = torn = 0
    rng = random.Random(args.seed)
    if args.commit_points:
        point = 0
        while True:
            point += 1
            output = work / f"point{point}"
            done = run(output, **faults.killed_at(args.binary, point))
            if done.returncode == 0:
                compare(expected, output, f"commit point {point}, not reached")
                break
            if done.returncode != -9:
                sys.exit(f"commit point {point}: exit {done.returncode}: {done.stderr[-2000:]}")
            kills += 1
            torn += tear_journal(output, rng)
            finish(output, f"commit point {point}")
            shutil.rmtree(output)
        if torn < 10:
            sys.exit(f"{kills} commit points were reached, the journal was there at {torn}")
    output, attempt = work / "random", 0
    while attempt < args.random:
        process = subprocess.Popen(command(output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=rng.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            attempt += 1
            kills += 1
        if process.returncode == 0:
            compare(expected, output, f"after {attempt} random kills")
            shutil.rmtree(output)
        elif process.returncode != -9:
            sys.exit(f"random kill {attempt}: exit {process.returncode}")
    if output.exists():
        finish(output, "after the last random kill")
    print(f"{kills} kills, all outputs identical")


if __name__ == "__main__":
    main()
