"""A job whose folder lies in an object store: what its tasks leave there, killed before and after every object that they store, is byte
for byte what one `ftok run` leaves in a folder. Against the store of s3_checks, which checks signatures and breaks what it is told to."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import s3_checks  # noqa: E402  (starts this program again with the Python that has moto)
from s3_checks import BUCKET, FTOK, SAMPLE  # noqa: E402
from run_checks import write_warc  # noqa: E402
from doc_commands import commands, run_commands  # noqa: E402

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402

PASSES = ("extract", "group", "decide", "resolve", "commit", "cut", "finish")
SANITIZED = bool(os.environ.get("FTOK_SANITIZED"))
FLAGS = ["--vocab", "ftok-4k", "--shard-tokens", "3000", "--rejects", "ids", "--set", "dedup.scope=run", "--quiet"]


class JobChecks(s3_checks.Checks):
    def __init__(self, folder):
        super().__init__(folder)
        self.lists = folder / "lists"
        self.lists.mkdir()
        for name, numbers in (("a", [*range(12), 3]), ("b", []), ("c", [*range(8, 20)]), ("d", [3, *range(30, 36)])):
            write_warc(folder / f"{name}.warc.gz", numbers)
            self.store.put(f"warc/{name}.warc.gz", (folder / f"{name}.warc.gz").read_bytes())
        self.list = self.list_of("all", "abcd")
        done = self.ftok("run", "--input-list", self.list, "--output", folder / "run", *FLAGS)
        self.check("the run from S3 to a folder", done.returncode == 0, done.stderr)

    def list_of(self, name, inputs):
        path = self.lists / name
        path.write_text("".join(f"s3://{BUCKET}/warc/{i}.warc.gz\n" for i in inputs))
        return path

    def plan(self, name, inputs=None, flags=(), code=0):
        done = self.ftok("plan", "--input-list", inputs or self.list, "--output", f"s3://{BUCKET}/{name}", "--tasks", "2", "--ranges", "2",
                         "--json", *FLAGS, *flags)
        self.check(f"plan {name}: {code}", done.returncode == code, done.stderr)
        return {each["name"]: each["tasks"] for each in json.loads(done.stdout)["passes"]} if code == 0 else done

    def task(self, job, name, index, code=0, **more):
        done = self.ftok("task", f"s3://{BUCKET}/{job}", name, index, "--threads", "1", "--quiet", **more)
        self.check(f"{job} {name} {index}: {code}", done.returncode == code, done.stderr)
        return done

    def run_passes(self, job, tasks, passes=PASSES):
        for name in passes:
            for index in range(tasks[name]):
                self.task(job, name, index)

    def joined(self, files, ending):
        return b"".join(files[name] for name in sorted(files) if name.startswith("parts/") and name.endswith(ending))

    def same_as_run(self, what, job):
        folder = self.folder / "run"
        run = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        objects = self.store.objects(f"{job}/")
        shards = sorted(name for name in run if name.startswith("ftok_"))
        self.check(f"{what}: the same shards", shards == sorted(n for n in objects if n.startswith("ftok_")) and len(shards) > 4,
                   str(sorted(objects)))
        for name in shards:
            self.check(f"{what}: {name} is the same", objects.get(name) == run[name])
        for ending in (".text.jsonl.zst", ".rejects.jsonl.zst", ".keys"):
            self.check(f"{what}: {ending} is the same", self.joined(run, ending) == self.joined(objects, ending))
        totals = [json.loads(files["manifest.json"])["totals"] for files in (run, objects)]
        self.check(f"{what}: the same counters", totals[0] == totals[1], str(totals))

    # -- checks ------------------------------------------------------------------------------------------------------
    def killed_everywhere(self):
        """before an object is stored, and after it"""
        tasks = self.plan("kills")
        killed = 0
        env = {**os.environ, **self.store.environment, "FTOK_CACHE": str(self.folder / "cache")}
        for name in PASSES:
            for index in range(tasks[name]):
                command = [FTOK, "task", f"s3://{BUCKET}/kills", name, str(index), "--threads", "1", "--quiet"]
                for at in range(1, 60):
                    if index > 0 or (SANITIZED and at > 3):
                        break
                    process = None
                    begun, counted, lock = threading.Event(), [0], threading.Lock()

                    def before(method, path, after):
                        nonlocal killed
                        if method != "PUT" or "/kills/" not in path:
                            return
                        with lock:
                            counted[0] += not after
                            if counted[0] == at and after == (at % 2 == 0):
                                begun.wait()
                                process.send_signal(signal.SIGKILL)
                                process.wait()
                                killed += 1

                    self.store.proxy.watch = before
                    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                    begun.set()
                    said = process.stderr.read()
                    code = process.wait()
                    self.store.proxy.watch = None
                    if code == 0:
                        break
                    self.check(f"{name} {index}, killed at object {at}", code == -signal.SIGKILL, said)
                self.task("kills", name, index)
        self.check("tasks were killed at every object", killed >= (7 if SANITIZED else 15), str(killed))
        self.same_as_run("killed everywhere", "kills")
        cache = [p for p in (self.folder / "cache").rglob("*") if p.is_file()]
        self.check("nothing is left on this machine", not cache, str(cache[:3]))

    def looking_after(self):
        job = f"s3://{BUCKET}/kills"
        status = json.loads(self.ftok("status", job, "--json").stdout)
        self.check("status: all done", all(p["done"] == p["tasks"] for p in status["passes"]), str(status))
        self.check("status counts the killed attempts", status["passes"][0]["attempts"] > status["passes"][0]["tasks"])
        verified = self.ftok("shards", "verify", job)
        self.check("verify: whole", verified.returncode == 0 and f"{job}: ".encode() in verified.stdout, verified.stdout + verified.stderr)
        cleaned = self.ftok("job", "clean", job)
        left = [n for n in self.store.objects("kills/") if n.startswith("work/") and not n.endswith(".cleaned")]
        self.check("clean: nothing of the work is left", cleaned.returncode == 0 and not left, str(left))
        verified = self.ftok("shards", "verify", job)
        self.check("verify: whole after it", verified.returncode == 0, verified.stdout + verified.stderr)
        self.check("a done task is done", b"was done already" in self.task("kills", "extract", 0).stdout)
        self.same_as_run("after cleaning", "kills")
        shard = self.store.objects("kills/")["ftok_train_000000.bin"]
        self.store.put("kills/ftok_train_000000.bin", shard[:-1] + bytes([shard[-1] ^ 1]))
        verified = self.ftok("shards", "verify", job)
        self.check("verify: a flipped byte", verified.returncode == 1 and f"{job}/ftok_train_000000.bin".encode() in verified.stdout,
                   verified.stdout)
        self.store.put("kills/ftok_train_000000.bin", shard)
        shown = self.ftok("shards", "inspect", f"{job}/ftok_train_000000.bin")
        self.check("inspect: a shard with its sidecar", shown.returncode == 0 and b" documents" in shown.stdout and
                   f"{job}/ftok_train".encode() in shown.stdout, shown.stdout + shown.stderr)
        texts = [self.ftok("shards", "cat", place, "--limit", "2").stdout for place in (job, self.folder / "run")]
        self.check("cat: the documents", texts[0] == texts[1] and texts[0], str(texts))
        if SANITIZED:
            return
        converted = self.ftok("shards", "convert", "--to", "raw", job, f"s3://{BUCKET}/raw")
        self.check("convert: from store to store", converted.returncode == 0 and "manifest.json" in self.store.objects("raw/"), converted.stderr)
        again = self.ftok("shards", "convert", "--to", "raw", job, f"s3://{BUCKET}/raw")
        self.check("convert: not over what is there", again.returncode == 2, again.stderr)

    def faults(self):
        """a storm of 503, answers cut short, an upload that somebody left, a byte flipped in the work"""
        tasks = self.plan("faults")
        self.store.proxy.faults = [("GET .*warc/a", 503), ("GET .*warc/a", 500), ("GET .*warc/a", "cut"), ("PUT .*candidates", 503),
                                   ("PUT .*faults/receipts/extract/000000", "lost")]
        self.run_passes("faults", tasks, ["extract"])
        self.check("each fault was met", not self.store.proxy.faults, str(self.store.proxy.faults))
        self.store.proxy.faults = [("GET .*faults/work/.*run", fault) for fault in (503, "cut", 500)]
        run = next(name for name in self.store.objects("faults/") if name.endswith(".run"))
        whole = self.store.objects("faults/")[run]
        self.store.put(f"faults/{run}", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        said = self.task("faults", "group", 0, code=75).stderr  # byte 40 lies in the first slice
        self.check("a flipped byte in the work is named", f"s3://{BUCKET}/faults/{run} is damaged".encode() in said, said)
        self.task("faults", "extract", int(run.split("/")[1][:6]))
        self.check("its task makes it again", self.store.objects("faults/")[run] == whole)
        client = boto3.client("s3", endpoint_url=self.store.direct(), aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1",
                              config=Config(proxies={}))
        client.create_multipart_upload(Bucket=BUCKET, Key="faults/ftok_train_000000.bin")
        client.create_multipart_upload(Bucket=BUCKET, Key="other/theirs.bin")
        self.run_passes("faults", tasks, PASSES[1:])
        uploads = [upload.key_name for upload in self.store.uploads()]
        self.check("the upload is swept, and only that of the job", uploads == ["other/theirs.bin"], str(uploads))
        self.same_as_run("with faults", "faults")

    def documented(self):
        if SANITIZED:
            return
        folder = self.folder / "documented"
        folder.mkdir()
        environment = {**os.environ, **self.store.environment, "FTOK_CACHE": str(self.folder / "cache")}
        done = run_commands(commands("docs/many-machines.md", "In an object store"), FTOK, folder, environment)
        self.check("the documented commands", done.returncode == 0 and ", whole" in done.stdout, done.stderr)
        done = self.ftok("run", "--input", f"s3://{BUCKET}/warc/*.warc.gz", "--vocab", "ftok-100k", "--output", folder / "run", "--quiet")
        objects = self.store.objects("job/")
        for path in sorted((folder / "run").glob("ftok_*")):
            self.check(f"documented: {path.name} is the same", objects.get(path.name) == path.read_bytes())

    def refused(self):
        self.store.put("warc/e.warc.gz", SAMPLE.read_bytes())
        tasks = self.plan("refused", self.list_of("two", "ae"))
        self.store.proxy.faults = [("GET .*refused/job.json", 403), ("HEAD .*refused/job.json", 403)]
        said = self.task("refused", "extract", 0, code=78).stderr
        self.check("403: one line with the place", said.count(b"\n") == 1 and f"s3://{BUCKET}/refused".encode() in said and b"403" in said, said)
        self.store.put("warc/e.warc.gz", SAMPLE.read_bytes()[:-30])
        said = self.task("refused", "extract", 1, code=78).stderr
        self.check("an input that was replaced", b"warc/e.warc.gz was replaced after the job was planned" in said, said)
        self.check("and no receipt of it", "receipts/extract/000001.json" not in self.store.objects("refused/"))
        self.store.put("warc/f.warc.gz", SAMPLE.read_bytes())
        self.plan("removed", self.list_of("one", "f"))
        del self.store.bucket.keys["warc/f.warc.gz"]
        said = self.task("removed", "extract", 1, code=78).stderr
        self.check("an input that was removed is not given up", b"warc/f.warc.gz was removed after the job was planned" in said, said)
        said = self.task("refused", "group", 0, code=75).stderr
        self.check("a task that comes too early", b"is not done" in said, said)
        self.check("the same plan again", self.plan("refused", self.list_of("two", "ae"), code=2).stderr.count(b"holds another job") == 1)
        again = self.plan("kills")
        self.check("the same plan is no other", again["extract"] == 2)
        said = self.plan("refused", self.list, ["--set", "dedup.scope=off"], code=2).stderr
        self.check("another plan is refused", b"holds another job" in said, said)
        said = self.plan("warc", code=2).stderr
        self.check("a place with other objects is refused", b"holds other objects" in said, said)
        said = self.plan("missing", self.list_of("none", "az"), code=1).stderr
        self.check("an input that is not there is named when the job is planned", b"warc/z.warc.gz is not there" in said, said)
        self.check("no job: which", b"s3://corpus/nothing holds no job" in self.ftok("status", f"s3://{BUCKET}/nothing").stderr)
        self.check("nothing was run", tasks["extract"] == 2)


def main():
    with tempfile.TemporaryDirectory() as folder:
        checks = JobChecks(Path(folder))
        for name in sys.argv[1:] or ["killed_everywhere", "looking_after", "faults", "documented", "refused", "secrets"]:
            started = time.time()
            getattr(checks, name)()
            print(f"{name}: {time.time() - started:.1f} s")
        checks.store.server.stop()
        sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
