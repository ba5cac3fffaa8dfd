"""`ftok submit slurm` on a real Slurm: both slurmd and slurmctld killed in mid-pass, a task that fails twice, one that is
cancelled, an input that cannot be read; and yet the bytes of one run."""
import gzip
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import slurm_cluster
from job_checks import ENDINGS, joined, shards
from doc_commands import commands, run_commands  # noqa: E402  (job_checks says where it is)

FTOK = os.environ["FTOK"]
SAMPLE = Path(__file__).resolve().parents[2] / "share" / "sample" / "ftok-sample.warc.gz"
OPTIONS = ["--vocab", "ftok-4k", "--set", "shards.shard_tokens=5000"]
ARRAY_SIZE = 5  # Slurm's MaxArraySize here, so that passes of 7 tasks need two arrays

# What the nodes run: ftok, but for what this test wants to go wrong.
WRAPPER = """#!/bin/bash
if [[ $1 == task ]]; then
  tries=$(ls "{folder}" | grep -c "^try-$3-$4-"); : > "{folder}/try-$3-$4-$$-$RANDOM"
  case "$3 $4" in
    "extract 2") if ((tries < 2)); then exit 75; fi ;;
    "extract 3" | "extract 6" | "decide 1" | "commit 4") if ((tries < 1)); then echo $$ > "{folder}/waits-$3-$4"; exec sleep 600; fi ;;
  esac
fi
exec "{ftok}" "$@"
"""


def ftok(*arguments, **more):
    return subprocess.run([FTOK, *map(str, arguments)], capture_output=True, text=True, **more)


def make_inputs(folder):
    """Eight inputs with repeats within and across them, and one that is no WARC file at all."""
    folder.mkdir()
    for i in range(8):
        (folder / f"{i}.warc.gz").write_bytes(SAMPLE.read_bytes())
    (folder / "5.warc.gz").write_bytes(b"\x1f\x8b" + bytes(range(256)) * 40)
    names = folder / "list.txt"
    names.write_text("".join(f"{folder}/{i}.warc.gz\n" for i in range(8)))
    return names


def differences(run, job):
    """What of a run's folder a job's folder has otherwise."""
    found = [name for name, digest in shards(run).items() if shards(job).get(name) != digest]
    found += sorted(shards(job).keys() - shards(run).keys())
    return found + [ending for ending in ENDINGS if joined(run, ending) != joined(job, ending)]


def tries(folder, pass_, task):
    return len(list(folder.glob(f"try-{pass_}-{task}-*")))


class Scene:
    """A job under Slurm while things go wrong."""

    def __init__(self, folder, cluster):
        self.folder, self.cluster = folder, cluster
        self.job, self.tries = folder / "job", folder / "tries"
        self.tries.mkdir()
        self.wrapper = folder / "ftok-on-nodes"
        self.wrapper.write_text(WRAPPER.format(folder=self.tries, ftok=FTOK))
        self.wrapper.chmod(0o755)

    def submit(self, *options):
        result = ftok("submit", "slurm", self.job, "--program", self.wrapper, "--partition", "all", *options,
                      env=self.cluster.environment)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def waiting(self, pass_, task):
        mark = self.tries / f"waits-{pass_}-{task}"
        self.cluster.wait_for(lambda: mark.exists() and mark.read_text().strip(), f"{pass_} {task}", 300)
        process = int(mark.read_text())
        mark.unlink()
        return process

    def element(self, pass_, task):
        """Slurm's name of the running array element that does a task."""
        lines = self.cluster.run("squeue", "-h", "-t", "running", "-o", "%i %j").splitlines()
        mine = [line.split()[0] for line in lines if line.split()[1] == f"ftok-{pass_}"]
        return next(i for i in mine if int(i.split("_")[1]) == task % ARRAY_SIZE)

    def go_wrong(self):
        self.waiting("extract", 3)
        self.cluster.run("scancel", self.element("extract", 3))
        orphan = self.waiting("extract", 6)
        saved = self.cluster.folder / "state" / "job_state"  # slurmctld forgets what it has not written down yet
        self.cluster.wait_for(lambda: saved.exists() and b"ftok-after-extract" in saved.read_bytes(), "saved state")
        for daemon in ("n1", "n2", "slurmctld"):  # in mid-pass; the orphan is ended, the others go on
            self.cluster.kill(daemon)
        os.kill(orphan, signal.SIGKILL)
        for daemon in ("slurmctld", "n1", "n2"):
            self.cluster.start(daemon)
        for pass_, task, daemon in (("decide", 1, "n1"), ("commit", 4, "n2")):
            self.waiting(pass_, task)
            self.cluster.run("scancel", self.element(pass_, task))
            self.cluster.kill(daemon)
            self.cluster.start(daemon)

    def done(self):
        return ftok("resubmit", self.job).stdout.strip() == ""


def check_dry_run(scene):
    text = scene.submit("--dry-run", "--time", "1:00:00", "--sbatch=--qos=low", "--array-max", "1000")
    for line in ("#SBATCH --array=0-6", "#SBATCH --partition=all", "#SBATCH --time=1:00:00", "#SBATCH --qos=low",
                 "#SBATCH --dependency=afterany:extract-1-0"):
        assert line in text, (line, text)
    assert scene.cluster.run("squeue", "-h").strip() == "", "a dry run submits nothing"


def check_documented(folder, cluster):
    """the commands of docs/many-machines.md, but with fewer tasks"""
    place = folder / "documented"
    place.mkdir()
    names = [f"{folder}/in/{i}.warc.gz\n" for i in (0, 1)]
    (place / "warc.paths.gz").write_bytes(gzip.compress("".join(names).encode()))
    script = commands("docs/many-machines.md", "Slurm").replace("--tasks 1000", "--tasks 2")
    done = run_commands(script, FTOK, place, cluster.environment)
    assert done.returncode == 0, done.stderr
    single = ftok("run", "--input-list", place / "warc.paths.gz", "--vocab", "ftok-100k", "--output", place / "single", "--quiet")
    assert single.returncode == 0, single.stderr
    assert not (found := differences(place / "single", place / "job")), "\n".join(found)


def main():
    if missing := slurm_cluster.missing_programs():
        print(f"SKIPPED: needs {', '.join(missing)} (Debian: slurmctld, slurmd, slurm-client, munge)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = make_inputs(folder / "in")
        single = ftok("run", "--input-list", names, "--output", folder / "single", "--quiet", *OPTIONS)
        assert single.returncode == 65, single.stderr  # one input was given up
        try:
            cluster = slurm_cluster.Cluster(folder / "slurm", ARRAY_SIZE)
        except slurm_cluster.DoesNotStart as error:
            print(f"SKIPPED: Slurm does not start on this machine: {error}")
            sys.exit(77)
        try:
            scene = Scene(folder, cluster)
            planned = ftok("plan", "--input-list", names, "--output", scene.job, "--tasks", 7, *OPTIONS)
            assert planned.returncode == 0, planned.stderr
            check_dry_run(scene)
            assert "7 of 7 tasks submitted as" in scene.submit("--rounds", "4")
            scene.go_wrong()
            cluster.wait_for(scene.done, "end of the job", 600)
            cluster.wait_for(lambda: cluster.run("squeue", "-h").strip() == "", "empty queue")
            assert tries(scene.tries, "extract", 2) >= 3, "a task that failed twice was submitted a third time"
            assert tries(scene.tries, "extract", 3) >= 2, "the cancelled one again"
            assert "done" in scene.submit()
            check_documented(folder, cluster)
        finally:
            cluster.stop()
        assert not (found := differences(folder / "single", scene.job)), "\n".join(found)
        verified = ftok("shards", "verify", scene.job)
        assert verified.returncode == 0, verified.stdout + verified.stderr


if __name__ == "__main__":
    main()
