"""`python -m ftok.ray` on two real raylets, one of which is killed in mid-pass, with a task that fails twice and an input that cannot be
read: the bytes of one run."""
import importlib.util
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

require("ray", "ray", "ray")
from ray.cluster_utils import Cluster  # noqa: E402

from doc_commands import commands  # noqa: E402
from job_checks import shards  # noqa: E402
from slurm_checks import OPTIONS, differences, ftok, make_inputs, tries  # noqa: E402

FTOK = os.environ["FTOK"]
DRIVER = Path(__file__).resolve().parents[2] / "python" / "ftok" / "ray.py"

# What the nodes run: ftok, but for what this test wants to go wrong.
WRAPPER = """#!/bin/bash
if [[ $1 == task ]]; then
  tries=$(ls "{folder}" | grep -c "^try-$3-$4-"); : > "{folder}/try-$3-$4-$$-$RANDOM"
  case "$3 $4" in
    "extract 2") if ((tries < 2)); then exit 75; fi ;;
    "decide 1" | "decide 2") if ((tries < 1)); then echo $PPID $$ > "{folder}/waits-$4"; exec sleep 600; fi ;;
  esac
fi
exec "{ftok}" "$@"
"""


class Scene:
    def __init__(self, folder):
        self.folder, self.job, self.tries = folder, folder / "job", folder / "tries"
        self.tries.mkdir()
        self.wrapper = folder / "ftok-on-nodes"
        self.wrapper.write_text(WRAPPER.format(folder=self.tries, ftok=FTOK))
        self.wrapper.chmod(0o755)
        package = folder / "package" / "ftok"  # the driver as `python -m` finds it, without the compiled module
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "ray.py").symlink_to(DRIVER)

    def start(self, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "package"), "RAY_DISABLE_IMPORT_WARNING": "1"}
        return subprocess.Popen([sys.executable, "-m", "ftok.ray", *map(str, arguments)], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def waiting(self, process):
        """of the two tasks that wait, one on each node: the worker's process, and the task's own"""
        marks = [self.tries / "waits-1", self.tries / "waits-2"]
        until = time.monotonic() + 180
        while not all(mark.exists() and mark.read_text().strip() for mark in marks):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until, "the tasks that wait were not begun"
            time.sleep(0.1)
        return [tuple(map(int, mark.read_text().split())) for mark in marks]


def raylet_of(worker):
    """the process that started a worker's"""
    return int(Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()[1])


def node_of(cluster, raylet):
    return next(node for node in cluster.list_all_nodes()
                if any(info.process.pid == raylet for info in node.all_processes["raylet"]))


def check_documented():
    """the command of docs/many-machines.md is one that `python -m ftok.ray` takes"""
    words = shlex.split(commands("docs/many-machines.md", "Ray"))
    assert words[:3] == ["python", "-m", "ftok.ray"], words
    spec = importlib.util.spec_from_file_location("ftok_ray", DRIVER)
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    assert driver.options_of([*words[3:], "--program", FTOK]).job == "job"


def main():
    with tempfile.TemporaryDirectory(prefix="ftok-ray-") as name:
        folder = Path(name)
        names = make_inputs(folder / "in")
        single = ftok("run", "--input-list", names, "--output", folder / "single", "--quiet", *OPTIONS)
        assert single.returncode == 65, single.stderr
        scene = Scene(folder)
        planned = ftok("plan", "--input-list", names, "--output", scene.job, "--tasks", 5, *OPTIONS)
        assert planned.returncode == 0, planned.stderr
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            other = cluster.add_node(num_cpus=1)
            process = scene.start(scene.job, "--address", cluster.address, "--program", scene.wrapper, "--rounds", "3")
            waiting = scene.waiting(process)
            nodes = [node_of(cluster, raylet_of(worker)) for worker, _ in waiting]
            assert nodes[0] is not nodes[1], "the two tasks wait on one node"
            cluster.remove_node(other, allow_graceful=False)  # kills it
            for _, task in waiting:
                os.kill(task, signal.SIGKILL)
            out, err = process.communicate(timeout=300)
            assert process.returncode == 65, (process.returncode, out, err)
            assert "extract: 1 tasks, round 3" in out, out
            assert tries(scene.tries, "decide", 1) + tries(scene.tries, "decide", 2) >= 3, "a lost task was started again"
            code, out, err = scene.run(scene.job, "--address", cluster.address, "--program", FTOK)
            assert (code, out) == (0, ""), (code, out, err)  # it is done
            (scene.job / "binding.toml").write_text("")
            (scene.job / "receipts" / "cut" / "000001.json").unlink()
            code, out, err = scene.run(scene.job, "--address", cluster.address, "--program", FTOK)
            assert code == 78 and err.count("\n") == 1 and "is not as `ftok plan` wrote it" in err, (code, out, err)
        finally:
            cluster.shutdown()
        assert shards(scene.job)
        assert not (found := differences(folder / "single", scene.job)), "\n".join(found)
        check_documented()
        code, out, err = scene.run(folder / "in", "--program", FTOK)
        assert code == 78 and "holds no job" in err, (code, out, err)


if __name__ == "__main__":
    main()
