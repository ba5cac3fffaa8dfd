"""The tasks of a job (`ftok plan`) on a Ray cluster, pass after pass.

    python -m ftok.ray JOB [--address HOST:PORT] [--cpus N] [--rounds N] [--program FTOK]

Ray decides which node does which task; what is done is decided by the job's receipts (`ftok resubmit`). All nodes see the job's folder
and the program `ftok` under one name; of Python packages they need `ray` alone. A pass begins when all tasks of the one before have
their receipts. Tasks that fail, are lost with their node, or leave no receipt are started again, with the others that are missing, at most
`--rounds` times. Stop it at any time: started again it goes on from the receipts.

Exit codes: 0 all passes are done; 65 they are, and inputs were given up; 75 tasks of a pass are still missing after the last round; 78 a task
says that no attempt will do; 2 the command line is wrong; 1 anything else.
"""
import argparse
import collections
import json
import shutil
import subprocess
import sys
from pathlib import Path

GIVEN_UP, TRY_AGAIN, CONFIGURATION, USAGE = 65, 75, 78, 2
IN_FLIGHT = 2000  # tasks that Ray holds at a time


def do_task(command):
    """-> (exit code, the last line that the task wrote to standard error); runs on a node"""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return done.returncode, lines[-1] if lines else ""


class Failure(Exception):
    """What ends the driver: a line for people and the exit code."""

    def __init__(self, line, code):
        super().__init__(line)
        self.code = code


def missing_tasks(program, job):
    """pass -> numbers of its tasks without a receipt, in the order of the passes"""
    done = subprocess.run([program, "resubmit", job, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(done.stderr.strip(), done.returncode)
    return json.loads(done.stdout)


def results_of(ray, remote, commands):
    """Runs the commands on the cluster; yields (exit code, line) of each in the order in which they end. One whose node was lost
    more often than Ray tries gives 75."""
    waiting, running = collections.deque(commands), []
    while waiting or running:
        while waiting and len(running) < IN_FLIGHT:
            running.append(remote.remote(waiting.popleft()))
        ended, running = ray.wait(running, num_returns=1)
        for reference in ended:
            try:
                yield ray.get(reference)
            except ray.exceptions.RayError as error:
                yield TRY_AGAIN, f"lost: {type(error).__name__}"


def run(ray, options):
    """Runs what is missing of the job; raises Failure."""
    job = options.job if options.job.startswith("s3://") else str(Path(options.job).resolve())
    remote = ray.remote(num_cpus=options.cpus, max_retries=3)(do_task)
    begun, rounds, given_up = None, 0, False
    while True:
        passes = {name: tasks for name, tasks in missing_tasks(options.program, job).items() if tasks}
        if not passes:
            return GIVEN_UP if given_up else 0
        name, tasks = next(iter(passes.items()))
        rounds = rounds + 1 if name == begun else 1
        begun = name
        if rounds > options.rounds:
            raise Failure(f"{len(tasks)} tasks of the pass {name} are still missing after {options.rounds} rounds; the last said: {said}",
                          TRY_AGAIN)
        print(f"{name}: {len(tasks)} tasks, round {rounds}", flush=True)
        said = "nothing"
        commands = [[options.program, "task", job, name, str(task), "--threads", str(options.cpus), "--quiet"] for task in tasks]
        for code, line in results_of(ray, remote, commands):
            given_up = given_up or code == GIVEN_UP
            said = line if code not in (0, GIVEN_UP) else said
            if code in (CONFIGURATION, USAGE):
                raise Failure(line, code)


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="python -m ftok.ray", description="The tasks of a job on a Ray cluster, pass after pass.")
    parser.add_argument("job", metavar="JOB", help="folder of the job, which all nodes see under this name, or s3://BUCKET/PREFIX")
    parser.add_argument("--address", help="of the cluster, as ray.init takes it; default: $RAY_ADDRESS, else this machine alone")
    parser.add_argument("--cpus", type=int, default=1, metavar="N", help="cores, and threads, of one task (default: 1)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often a pass is begun, with what is missing of it (default: 3)")
    parser.add_argument("--program", metavar="FILE", help="the ftok that nodes run; default: the one on the path")
    options = parser.parse_args(arguments)
    if options.cpus < 1 or options.rounds < 1:
        parser.error("--cpus and --rounds: expected at least 1")
    options.program = shutil.which(options.program or "ftok")
    if options.program is None:
        parser.error("--program: there is no such program")
    options.program = str(Path(options.program).absolute())
    return options


def main(arguments=None):
    options = options_of(arguments)
    try:
        import ray
    except ImportError:
        print("ftok.ray: needs the Python package ray (pip install ray)", file=sys.stderr)
        return 1
    try:
        missing_tasks(options.program, options.job)  # what is no job needs no cluster
        ray.init(address=options.address, log_to_driver=False, logging_level="ERROR")
        try:
            return run(ray, options)
        finally:
            ray.shutdown()
    except Failure as failure:
        print(f"ftok.ray: {failure}", file=sys.stderr)
        return failure.code


if __name__ == "__main__":
    sys.exit(main())
