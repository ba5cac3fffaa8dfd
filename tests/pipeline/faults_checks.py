#!/usr/bin/env python3
"""Fails one system call of a command after the other (tests/support/faults.c) and looks at what becomes of it.

  faults_checks.py --binary FTOK --sample|--all [--only NAME] [--seed N]

Each command first runs undisturbed, which says how often it makes each kind of call on files of its folder. Then, for every
kind and for the N-th call of it (each N with --all; the first, the last and a few between with --sample), it runs again with
that call failing: with EIO, with ENOSPC or EMFILE where that fits, short, or from then on. The outcome must be one of
  - exit 0 and the bytes of the undisturbed run,
  - exit 65, the documented one of an input given up, and a folder that `shards verify` accepts,
  - exit 1 and one line,
and never a half file under a final name, a signal, an "internal error" or a hang. Then the same command runs once more, undisturbed: its
outcome must be the bytes of a run that nobody disturbed. Prints a line a command; exit 1 at the first that fails.
"""
import argparse, hashlib, json, os, random, re, shutil, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import faults
from run_checks import page, prose, write_warc

SECONDS_MAX = 120
NOTES = re.compile(r"ftok: (warning|error): |ftok: \d+ parameters, |step \d+/\d+ ")  # what is not the one line of a failure
HOWS = {"open": ["EMFILE", "EIO"], "read": ["EIO", "short"], "pread": ["EIO", "short"], "write": ["ENOSPC", "EIO+", "short"],
        "pwrite": ["EIO", "short"], "sync": ["EIO"], "rename": ["EIO"], "link": ["EIO"], "mkdir": ["ENOSPC"], "unlink": ["EPERM"],
        "rmdir": ["EPERM"], "ftruncate": ["EIO"], "mmap": ["ENOMEM"], "close": ["EIO"], "flock": ["ENOLCK"]}
SHORT = ["--shard-tokens", "3000", "--vocab", "ftok-4k", "--quiet"]
TINY = ["--device", "cpu", "--steps", "4"] + [part for key in (
    "model.layers=1", "model.heads=1", "model.channels=8", "model.length=8", "training.tokens_per_step=16", "run.sample_every=0",
    "run.checkpoint_every=2", "run.threads=1") for part in ("--set", key)]


class Command:
    """`before`: commands that make what it starts from, in its folder. `outputs`: what it writes, relative to the folder."""

    def __init__(self, name, arguments, outputs, before=()):
        self.name, self.arguments, self.outputs, self.before = name, arguments, outputs, before


def commands():
    tokenize = ["tokenize", *SHORT, "--output", "out", "texts.jsonl", "more.txt"]
    shards = ["tokenize", *SHORT, "--output", "shards", "texts.jsonl"]
    model = ["train", "tiny", "--data", "shards", "--output", "model", *TINY]
    return [
        Command("run", ["run", *SHORT, "--threads", "2", "--input", "in0.warc.gz", "--input", "in1.warc.gz", "--output", "out"], ["out"]),
        Command("tokenize", tokenize, ["out"]),
        Command("tokenize --shuffle", [*tokenize, "--shuffle", "5"], ["out"]),
        Command("mix", ["mix", "mix.toml", "--budget", "3K", "--vocab", "ftok-4k", "--quiet", "--threads", "2", "--output", "mixed"], ["mixed", "mixed.mixing"]),
        Command("vocab count", ["vocab", "count", "--quiet", "--output", "c.counts", "more.txt"], ["c.counts"]),
        Command("vocab count --checkpoint", ["vocab", "count", "--quiet", "--checkpoint", "state", "--checkpoint-every", "10K", "--output", "c.counts",
                                             "more.txt"], ["c.counts"]),
        Command("vocab train", ["vocab", "train", "--quiet", "--size", "300", "--output", "v.tiktoken", "more.txt"], ["v.tiktoken", "v.json"]),
        Command("vocab convert", ["vocab", "convert", "ftok-4k", "--output", "v.json"], ["v.json"]),
        Command("train", model, ["model/checkpoints"], [shards]),
        Command("model export", ["model", "export", "model", "--output", "exported"], ["exported"], [shards, model]),
        Command("shards convert", ["shards", "convert", "--to", "raw", "shards", "converted"], ["converted"], [shards]),
        Command("extract --report", ["extract", "page.html", "--report", "report.html"], ["report.html"])]


def write_inputs(folder):
    for number in range(2):
        write_warc(folder / f"in{number}.warc.gz", [*range(10 * number, 10 * number + 4), 3])
    with open(folder / "texts.jsonl", "w") as out:
        for seed in range(12):
            out.write(json.dumps({"id": f"t{seed}", "text": "\n".join(prose(seed))}) + "\n")
    (folder / "more.txt").write_text("\n".join(line for seed in range(20, 30) for line in prose(seed)) + "\n")
    (folder / "page.html").write_text(page(1))
    (folder / "mix.toml").write_text('[[mix.source]]\nname = "all"\npaths = ["texts.jsonl", "more.txt"]\n')


def contents(folder, outputs):
    """-> {relative path: digest} of what the command writes, locks aside"""
    paths = [p for name in outputs for p in ([folder / name] if (folder / name).is_file() else sorted((folder / name).rglob("*")))]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths if p.is_file() and p.name != ".lock"}


class Check:
    def __init__(self, args, command, work):
        self.args, self.command, self.start = args, command, work / "start"
        self.work = work
        self.start.mkdir(parents=True)
        write_inputs(self.start)
        for arguments in command.before:
            self.run(self.start, arguments)

    def run(self, folder, arguments, **settings):
        environment = faults.environment(self.args.binary, FAULTS_NO_SYNC=1, **settings)
        return subprocess.run([self.args.binary, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX,
                              stdin=subprocess.DEVNULL)

    def fresh(self, name):
        folder = self.work / name
        shutil.copytree(self.start, folder, copy_function=shutil.copy2)
        return folder

    def undisturbed(self):
        folder = self.fresh("whole")
        counts = self.work / "counts"
        done = self.run(folder, self.command.arguments, FAULTS_BELOW=folder, FAULTS_COUNT=counts)
        if done.returncode != 0:
            sys.exit(f"{self.command.name}: undisturbed: exit {done.returncode}: {done.stderr}")
        self.expected = contents(folder, self.command.outputs)
        return {kind: int(number) for kind, number in (line.split() for line in counts.read_text().splitlines())}

    def points(self, calls):
        """-> FAULTS_AT"""
        rng = random.Random(self.args.seed)
        for kind, number in sorted(calls.items()):
            for how in HOWS[kind]:
                all_points = range(1, number + 1)
                few = sorted({1, number, *rng.sample(all_points, min(self.args.few, number))})
                yield from (f"{kind}:{point}:{how}" for point in (all_points if self.args.all else few))

    def fault(self, at):
        """-> (what is wrong or "", the exit code)"""
        folder = self.fresh(at.replace(":", "-"))
        try:
            return self.judge(folder, at)
        except subprocess.TimeoutExpired:
            return "hangs", None
        finally:
            shutil.rmtree(folder)

    def judge(self, folder, at):
        done = self.run(folder, self.command.arguments, FAULTS_BELOW=folder, FAULTS_AT=at)
        lines = [line for line in done.stderr.splitlines() if not NOTES.match(line)]
        got = contents(folder, self.command.outputs)
        if done.returncode not in (0, 1, 65):
            return f"exit {done.returncode}: {done.stderr}", done.returncode
        if done.returncode == 0 and got != self.expected:
            return f"exit 0 and other bytes: {self.difference(got)}; {done.stderr}", 0
        if done.returncode == 1 and (len(lines) != 1 or "internal error" in done.stderr):
            return f"exit 1 and not one line: {done.stderr!r}", 1
        if done.returncode == 65:
            verified = self.run(folder, ["shards", "verify", "out"])
            return ("" if verified.returncode == 0 else f"given up, and not whole: {verified.stdout}"), 65
        left = sorted(name for name in got.keys() - self.expected.keys() if ".mixing/" not in name)  # from which a mix goes on
        if "/" not in self.command.outputs[0] and self.command.outputs[0] != "out" and left:
            return f"leaves {left}", done.returncode
        if any(got.get(name, self.expected.get(name)) != self.expected.get(name) for name in self.command.outputs):
            return f"a half file: {self.difference(got)}", done.returncode
        again = self.run(folder, self.command.arguments)
        if again.returncode == 2 and "already exists" in again.stderr and got == self.expected:
            return "", done.returncode  # of a folder that is whole, and refused for that
        if again.returncode != 0:
            return f"the next run: exit {again.returncode}: {again.stderr}", done.returncode
        got = contents(folder, self.command.outputs)
        return ("" if got == self.expected else f"the next run gives other bytes: {self.difference(got)}"), done.returncode

    def difference(self, got):
        return [name for name in sorted(got.keys() | self.expected.keys()) if got.get(name) != self.expected.get(name)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=os.path.abspath)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--sample", action="store_true")
    which.add_argument("--all", action="store_true")
    parser.add_argument("--few", type=int, default=1, help="calls of each kind between the first and the last, with --sample")
    parser.add_argument("--every", type=int, default=1, help="of these, every so many-th")
    parser.add_argument("--only", help="commands whose names hold this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at", help="one FAULTS_AT, for looking at what failed")
    args = parser.parse_args()
    failed = 0
    work = Path(tempfile.mkdtemp(prefix="ftok-faults-"))
    try:
        for number, command in enumerate(commands()):
            if args.only and args.only not in command.name:
                continue
            check = Check(args, command, work / str(number))
            points = [args.at] if args.at else []
            calls = check.undisturbed()
            points = points or list(check.points(calls))[::args.every]
            codes = {}
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for at, (wrong, code) in zip(points, pool.map(check.fault, points)):
                    codes[code] = codes.get(code, 0) + 1
                    if wrong:
                        failed += 1
                        print(f"{command.name}: {at}: {wrong}", flush=True)
            print(f"{command.name}: {len(points)} faults of {sum(calls.values())} calls; exit codes {codes}", flush=True)
            shutil.rmtree(work / str(number))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
