"""A Slurm cluster on loopback, for tests: one slurmctld and two slurmd with a munged of their own, all below one folder."""
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel"]
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def missing_programs():
    return [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class DoesNotStart(RuntimeError):
    pass


class Cluster:
    """Runs until stop(). `array_size` is Slurm's MaxArraySize: indices are below it."""

    def __init__(self, folder, array_size=1001):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        control, first, second = free_ports(3)
        socket_path = self.folder / "munge.socket"
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.conf = self.folder / "slurm.conf"
        self.conf.write_text("\n".join([
            "ClusterName=ftok", f"SlurmctldHost={socket.gethostname()}(127.0.0.1)", f"SlurmctldPort={control}", "SlurmUser=root",
            "AuthType=auth/munge", f"AuthInfo=socket={socket_path}", "CredType=cred/munge",
            f"StateSaveLocation={self.folder}/state", f"SlurmdSpoolDir={self.folder}/spool.%n",
            f"SlurmctldPidFile={self.folder}/slurmctld.pid", f"SlurmdPidFile={self.folder}/slurmd.%n.pid",
            f"SlurmctldLogFile={self.folder}/slurmctld.log", f"SlurmdLogFile={self.folder}/slurmd.%n.log",
            "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "MpiDefault=none",
            "SelectType=select/cons_tres", "SelectTypeParameters=CR_CPU", "ReturnToService=2", "SlurmdTimeout=10",
            "SlurmctldTimeout=10", "KillWait=2", f"MaxArraySize={array_size}", "JobRequeue=1", "MinJobAge=600",
            "SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1",
            f"NodeName=n1 NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={first} CPUs=2",
            f"NodeName=n2 NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={second} CPUs=2",
            "PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP",
            "PartitionName=spot Nodes=n1,n2 MaxTime=INFINITE State=UP", ""]))
        self.environment = {**os.environ, "SLURM_CONF": str(self.conf), "PATH": PATH}
        self.processes = {}
        self.start_process("munged", "munged", "--foreground", "--force", f"--socket={socket_path}", f"--key-file={key}",
                           f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
                           f"--seed-file={self.folder}/munged.seed")
        try:
            self.wait_for(socket_path.exists, "munged's socket")
            for name in ("slurmctld", "n1", "n2"):
                self.start(name)
            self.wait_for(lambda: self.run("sinfo", "-h", "-t", "idle", "-o", "%D", check=False).strip() == "2", "two idle nodes")
        except RuntimeError as error:
            self.stop()
            raise DoesNotStart(str(error)) from error

    def start_process(self, name, *command):
        with open(self.folder / f"{name}.out", "ab") as out:
            self.processes[name] = subprocess.Popen([shutil.which(command[0], path=PATH), *command[1:]], stdout=out,
                                                    stderr=out, env=self.environment)

    def start(self, name):
        if name == "slurmctld":
            self.start_process(name, "slurmctld", "-D")
        else:
            self.start_process(name, "slurmd", "-D", "-N", name)

    def kill(self, name):
        """kill -9, and only that daemon: what it was running continues as an orphan."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def run(self, *command, check=True):
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if check and result.returncode != 0:
            raise RuntimeError(f"{command}: {result.stderr}")
        return result.stdout

    def wait_for(self, condition, what, seconds=120):
        until = time.time() + seconds
        while not condition():
            if time.time() > until:
                logs = "\n".join(f"{p.name}: {p.read_text(errors='replace')[-1500:]}" for p in
                                 [*self.folder.glob("*.out"), *self.folder.glob("*.log")])
                raise RuntimeError(f"no {what} within {seconds} s\n{logs}")
            time.sleep(0.2)

    def stop(self):
        self.run("scancel", "--user=root", check=False)
        time.sleep(0.5)
        for name in ("n1", "n2", "slurmctld", "munged"):
            process = self.processes.get(name)
            if process and process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
