#!/usr/bin/env python3
"""Kills every command that writes, at random, and starts it again: the same bytes as of a run that nobody disturbed.

  kills_checks.py --binary FTOK --kills N [--only NAME] [--seed N]

The commands are those of faults_checks.py and the tasks of a job. N kills are dealt out to them in turn. Half of them come at a random
moment of the time that the command takes, half in place of a random system call on its files (tests/support/faults.c). What was killed is
started again, perhaps to be killed again, until it ends by itself: its files must then be those of the undisturbed run, and no temporary
file may be left, but for the notes of a job on its attempts. Prints a line a command and `N kills, all outputs identical`; exit 1 at the first difference.
"""
import argparse, json, os, random, shutil, subprocess, sys, tempfile, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from faults_checks import Command, SHORT, commands, contents, faults, write_inputs

SECONDS_MAX = 120
JOB = ["plan", "--input", "in0.warc.gz", "--input", "in1.warc.gz", "--output", "job", *SHORT, "--tasks", "2", "--ranges", "2"]


class Step:
    """One command, the folder that it starts from, and what it makes of that. It always runs in `here`: a job knows its path."""

    def __init__(self, args, work, command):
        self.args, self.work, self.command = args, work, command
        self.start, self.here = work / "start", work.parent / "here"
        self.kills = 0

    def put_here(self):
        shutil.copytree(self.start, self.here, copy_function=shutil.copy2)
        return self.here

    def run(self, folder, environment=None, seconds=SECONDS_MAX):
        """the exit code, -9 after a kill at the end of `seconds`; and the messages"""
        process = subprocess.Popen([self.args.binary, *self.command.arguments], cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, messages = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            _, messages = process.communicate()
        return process.returncode, messages

    def undisturbed(self):
        folder, counts = self.put_here(), self.work / "counts"
        begin = time.monotonic()
        process = subprocess.run([self.args.binary, *self.command.arguments], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                 env=faults.environment(self.args.binary, FAULTS_BELOW=folder, FAULTS_COUNT=counts))
        self.seconds = time.monotonic() - begin
        if process.returncode != 0:
            sys.exit(f"{self.command.name}: undisturbed: exit {process.returncode}: {process.stderr}")
        self.calls = [(kind, int(number)) for kind, number in (line.split() for line in counts.read_text().splitlines())]
        self.expected = self.contents(folder)
        return folder.rename(self.work / "whole")

    def contents(self, folder):
        return {name: digest for name, digest in contents(folder, self.command.outputs).items() if "/attempts/" not in name}

    def killed(self, folder, rng):
        """runs it with a kill to come; whether it came"""
        if rng.random() < 0.5:
            code, messages = self.run(folder, seconds=rng.uniform(0, self.seconds))
        else:
            kind = rng.choice(self.calls)
            at = f"{kind[0]}:{rng.randint(1, kind[1])}:kill"
            code, messages = self.run(folder, faults.environment(self.args.binary, FAULTS_BELOW=folder, FAULTS_AT=at))
        if code not in (0, -9) and not self.is_there(folder, code, messages):
            sys.exit(f"{self.command.name}: after {self.kills} kills: exit {code}: {messages}")
        self.kills += code == -9
        return code == -9

    def is_there(self, folder, code, messages):
        """Whether what a command says is that its output is there, and it is"""
        return code == 2 and "already exists" in messages and self.contents(folder) == self.expected

    def check(self, kills, rng):
        """`kills` more"""
        goal = self.kills + kills
        while self.kills < goal:
            folder = self.put_here()
            while self.killed(folder, rng) and self.kills < goal and rng.random() < 0.5:
                pass
            code, messages = self.run(folder)
            if code != 0 and not self.is_there(folder, code, messages):
                sys.exit(f"{self.command.name}: started again: exit {code}: {messages}")
            got = self.contents(folder)
            if got != self.expected:
                names = [name for name in sorted(got.keys() | self.expected.keys()) if got.get(name) != self.expected.get(name)]
                sys.exit(f"{self.command.name}: after {self.kills} kills (seed {self.args.seed}) other bytes: {names}")
            left = [str(path.relative_to(folder)) for path in folder.rglob("*") if ".ftok-tmp-" in path.name and path.parent.parent.name != "attempts"]
            if left:
                sys.exit(f"{self.command.name}: after {self.kills} kills (seed {self.args.seed}) leaves {left}")
            shutil.rmtree(folder)


def single_steps(args, work):
    for number, command in enumerate(commands()):
        step = Step(args, work / f"command{number}", command)
        step.start.mkdir(parents=True)
        write_inputs(step.start)
        for arguments in command.before:
            subprocess.run([args.binary, *arguments], cwd=step.start, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        step.undisturbed()
        yield step


def job_steps(args, work):
    """a step for each task, which starts from what the tasks before it have made"""
    step = Step(args, work / "job-plan", Command("plan", JOB, ["job"]))
    step.start.mkdir(parents=True)
    write_inputs(step.start)
    yield step
    folder = step.undisturbed()
    planned = json.loads(subprocess.run([args.binary, "status", str(folder / "job"), "--json"], check=True, capture_output=True).stdout)
    for each in planned["passes"]:
        for index in range(each["tasks"]):
            command = Command(f"task {each['name']} {index}", ["task", "job", each["name"], str(index), "--quiet"], ["job"])
            step = Step(args, work / f"job-{each['name']}-{index}", command)
            step.work.mkdir()
            shutil.copytree(folder, step.start, copy_function=shutil.copy2)
            folder = step.undisturbed()
            yield step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=os.path.abspath)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--only", default="", help="commands whose names hold this")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="ftok-kills-"))
    rng = random.Random(args.seed)
    try:
        steps = [step for step in [*single_steps(args, work), *job_steps(args, work)] if args.only in step.command.name]
        for number, step in enumerate(steps):
            share = (args.kills + len(steps) - 1 - number) // len(steps)
            step.check(share, rng)
            print(f"{step.command.name}: {step.kills} kills", flush=True)
        print(f"{sum(step.kills for step in steps)} kills, all outputs identical")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
