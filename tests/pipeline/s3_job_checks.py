"""A job whose folder lies in an object store: what its tasks leave there, killed before and after every object that they store, is byte
for byte what one `ftok run` leaves in a folder. Against the store of s3_checks, which checks signatures and breaks what it is told to."""
import collections
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
from s3_checks import BUCKET, FTOK, FULL, SAMPLE  # noqa: E402
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

    def run_passes(self, job, passes=PASSES):
        for name in passes:
            done = self.ftok("task", f"s3://{BUCKET}/{job}", name, "--all", "--threads", "1", "--quiet")
            self.check(f"{job} {name}", done.returncode == 0, done.stderr)

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

    def killed_at(self, at, prefix, *arguments, methods=("PUT",)):
        """kills the command at its `at`-th request that changes something below `prefix`, in turn before and after it is done -> (exit
        code, standard error)"""
        process = None
        begun, counted, lock = threading.Event(), [0], threading.Lock()

        def watch(method, path, after):
            if method not in methods or f"/{prefix}" not in path:
                return
            with lock:
                counted[0] += not after
                if counted[0] >= at and after == (at % 2 == 0):  # several are on their way at a time
                    begun.wait()
                    process.send_signal(signal.SIGKILL)
                    process.wait()

        self.store.proxy.watch = watch
        env = {**os.environ, **self.store.environment, "FTOK_CACHE": str(self.folder / "cache")}
        process = subprocess.Popen([FTOK, *map(str, arguments)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        begun.set()
        said = process.stderr.read()
        code = process.wait()
        self.store.proxy.watch = None
        return code, said

    # -- checks ------------------------------------------------------------------------------------------------------
    def killed_everywhere(self):
        """before an object is stored, and after it"""
        tasks = self.plan("kills")
        killed = 0
        for name in PASSES:
            for index in range(tasks[name]):
                for at in range(1, 60):
                    if 0 < index < tasks[name] - 1 or (SANITIZED and at > 3):
                        break  # the last one puts together what the pass left
                    code, said = self.killed_at(at, "kills/", "task", f"s3://{BUCKET}/kills", name, index, "--threads", "1", "--quiet")
                    if code == 0:
                        break
                    killed += 1
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
        self.plan("faults")
        self.store.proxy.faults = [("GET .*warc/a", 503), ("GET .*warc/a", 500), ("GET .*warc/a", "cut"), ("PUT .*candidates", 503),
                                   ("PUT .*faults/receipts/extract/000000", "lost")]
        self.run_passes("faults", ["extract"])
        self.check("each fault was met", not self.store.proxy.faults, str(self.store.proxy.faults))
        self.store.proxy.faults = [("GET .*faults/work/.*run", fault) for fault in (503, "cut", 500)]
        run = next(name for name in self.store.objects("faults/") if name.endswith(".run"))
        whole = self.store.objects("faults/")[run]
        self.store.put(f"faults/{run}", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        said = self.task("faults", "group", 0, code=75).stderr  # byte 40 lies in the first slice
        self.check("a flipped byte in the work is named", f"s3://{BUCKET}/faults/{run} is missing or damaged: do task ".encode() in said, said)
        self.task("faults", "extract", int(run.split("/")[1][:6]))
        self.check("its task makes it again", self.store.objects("faults/")[run] == whole)
        client = boto3.client("s3", endpoint_url=self.store.direct(), aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1",
                              config=Config(proxies={}))
        client.create_multipart_upload(Bucket=BUCKET, Key="faults/ftok_train_000000.bin")
        client.create_multipart_upload(Bucket=BUCKET, Key="other/theirs.bin")
        self.run_passes("faults", PASSES[1:])
        uploads = [upload.key_name for upload in self.store.uploads()]
        self.check("the upload is swept, and only that of the job", uploads == ["other/theirs.bin"], str(uploads))
        self.same_as_run("with faults", "faults")

    def full(self):
        """there is no room for the N-th object of a task, nor for any after it: one line, no receipt, and the next attempt goes on"""
        tasks = self.plan("full")
        failures = 0
        for name in PASSES:
            for at in range(1, 60):
                stored = []

                def refuse(method, path):
                    if method == "PUT" and "/full/" in path:
                        stored.append(path)
                        return FULL[at % 2] if len(stored) >= at else None
                    return None

                self.store.proxy.always = refuse
                done = self.ftok("task", f"s3://{BUCKET}/full", name, 0, "--threads", "1", "--quiet")
                self.store.proxy.always = lambda method, path: None
                if done.returncode == 0:
                    break
                failures += 1
                lines = [line for line in done.stderr.splitlines() if not line.startswith(b"ftok: warning: ")]
                self.check(f"full at object {at} of {name}: 75 and one line", done.returncode == 75 and len(lines) == 1 and
                           FULL[at % 2][1].encode() in lines[0], f"{done.returncode} {done.stderr}")
                self.check("and no receipt", f"receipts/{name}/000000.json" not in self.store.objects("full/"))
            if tasks[name] > 1:
                self.task("full", name, 1)
        self.check("the store was full at each object", failures >= 25, str(failures))
        self.check("no upload is left", not [upload for upload in self.store.uploads() if upload.key_name.startswith("full/")])
        self.same_as_run("in a store that was full", "full")

    def against(self):
        """earlier keys in the store: those of a run and of a job, for a run and for a job"""
        lists = [self.list_of(name, names) for name, names in (("first", "ab"), ("second", "c"), ("third", "d"), ("without", "abc"))]
        for number, name in ((0, "earlier-run"), (2, "last-run")):
            flags = ["--dedup-against", self.folder / "first-three"] if number else []
            if number:  # what the whole run says, from folders
                done = self.ftok("run", "--input-list", lists[3], "--output", self.folder / "first-three", *FLAGS)
                self.check("a run of the first three", done.returncode == 0, done.stderr)
            output = self.folder / name if number else f"s3://{BUCKET}/{name}"
            done = self.ftok("run", "--input-list", lists[number], "--output", output, *FLAGS, *flags)
            self.check(name, done.returncode == 0, done.stderr)
        earlier = ["--dedup-against", f"s3://{BUCKET}/earlier-run", "--dedup-against", f"s3://{BUCKET}/earlier-job"]
        self.plan("earlier-job", lists[1], earlier[:2])
        self.run_passes("earlier-job")
        before = len(self.store.proxy.log)
        done = self.ftok("run", "--input-list", lists[2], "--output", self.folder / "third-run", *FLAGS, *earlier)
        self.check("a run against both", done.returncode == 0, done.stderr)
        fetched = [path for method, path in self.store.proxy.log[before:] if method == "GET" and ".keys" in path]
        self.check("fetches each keys file once", len(fetched) == len(set(fetched)) == 4, str(fetched))
        self.plan("third-job", lists[2], earlier)
        before = len(self.store.proxy.log)
        self.run_passes("third-job")
        fetched = [path for method, path in self.store.proxy.log[before:] if method == "GET" and "earlier" in path]
        keys = [path for path in fetched if ".keys" in path]
        inputs = [path for path in fetched if ".inputs.jsonl" in path]
        listed = [path for path in fetched if "earlier.jsonl" in path]
        self.check("a job fetches each file of keys twice, to sort it and to look ids up, and of a job the list of its inputs too",
                   sorted(keys) == sorted(2 * list(set(keys))) and len(set(keys)) == 2 + 1 and len(inputs) == 2 and
                   len(keys + inputs + listed) == len(fetched), str(fetched))
        files = {str(p.relative_to(self.folder / "last-run")): p.read_bytes() for p in (self.folder / "last-run").rglob("*") if p.is_file()}
        third = {str(p.relative_to(self.folder / "third-run")): p.read_bytes() for p in (self.folder / "third-run").rglob("*") if p.is_file()}
        for ending in (".text.jsonl.zst", ".rejects.jsonl.zst", ".keys"):
            self.check(f"against: {ending} of the run", self.joined(files, ending) == self.joined(third, ending))
            self.check(f"against: {ending} of the job", self.joined(files, ending) == self.joined(self.store.objects("third-job/"), ending))
        self.check("something repeated an earlier document", b"dedup." in subprocess.run(
            ["zstd", "-dcq"], input=self.joined(files, ".rejects.jsonl.zst"), capture_output=True).stdout)
        self.plan("changed-job", lists[2], earlier)
        key = next(name for name in self.store.objects("earlier-run/") if name.endswith("000000.keys"))
        whole = self.store.objects("earlier-run/")[key]
        self.store.put(f"earlier-run/{key}", self.store.objects("earlier-job/")["parts/000000.keys"][:len(whole)])
        codes = {self.ftok("task", f"s3://{BUCKET}/changed-job", "extract", task, "--quiet").returncode for task in (0, 1)}
        self.check("other keys than planned are refused", codes <= {0, 75, 78} and codes != {0}, str(codes))
        self.store.put(f"earlier-run/{key}", whole)

    def asked(self, *arguments):
        """-> how often the command asked the store for each kind of thing"""
        before = len(self.store.proxy.log)
        done = self.ftok(*arguments)
        self.check(" ".join(map(str, arguments[:4])), done.returncode == 0, done.stderr)
        kinds = collections.Counter()
        for method, path in self.store.proxy.log[before:]:
            kinds["LIST" if "list-type=" in path else {"HEAD": "GET"}.get(method, method)] += 1
        return kinds

    def few_requests(self):
        """what a task asks for depends neither on how many inputs earlier jobs had, nor, but for blocks, on how many tasks there are"""
        many = [f"w{i:02}" for i in range(18)]
        for i, name in enumerate(many):
            write_warc(self.folder / "input", [*range(100 + 3 * i, 106 + 3 * i), 3])
            self.store.put(f"warc/{name}.warc.gz", (self.folder / "input").read_bytes())
        tasks_of = lambda name: {"plan": 1, "group": 2, "finish": 1}.get(name)

        def counted(job, inputs, tasks, flags=()):
            place = f"s3://{BUCKET}/{job}"
            found = {"plan": self.asked("plan", "--input-list", self.list_of(job, inputs), "--output", place, "--tasks", tasks, "--ranges", "2",
                                        *FLAGS, *flags)}
            for name in PASSES:
                # Of the first tasks: the last one puts together what all of them left.
                found[name] = [self.asked("task", place, name, i, "--threads", "1", "--quiet") for i in range(tasks_of(name) or tasks)]
            return found

        # Earlier jobs of as many tasks, of few inputs and of many.
        for job, inputs in (("few", many[:4]), ("many", many[:16])):
            counted(job, inputs, 4)
        against = {job: counted(f"against-{job}", "cd" + "ab", 4, ["--dedup-against", f"s3://{BUCKET}/{job}"]) for job in ("few", "many")}
        for name in ("plan", *PASSES):
            self.check(f"{name}: as many requests with four times the earlier inputs", against["few"][name] == against["many"][name],
                       f"{against['few'][name]} {against['many'][name]}")
        listed = self.store.objects("against-many/")["earlier.jsonl"].decode().splitlines()
        self.check("a line for each file of keys", [json.loads(line)["inputs"] for line in listed] == [4] * 4, str(listed))
        if SANITIZED:
            return
        # Jobs of 4 and 9 tasks: 2 blocks of 2, 3 of 3. A bundle is asked twice.
        small, large = (counted(f"of-{tasks}", many[:tasks], tasks) for tasks in (4, 9))
        more = {"extract": 0, "decide": 0, "resolve": 2, "commit": 2}
        for name, most in more.items():
            self.check(f"{name}: at most {most} more requests in a job of 9 tasks than of 4", 0 <= large[name][0]["GET"] - small[name][0]["GET"] <= most and
                       large[name][0]["LIST"] == small[name][0]["LIST"], f"{small[name][0]} {large[name][0]}")
        for name in ("extract", "group", "decide", "resolve", "commit"):
            self.check(f"{name}: its receipts are packed", f"receipts/{name}.pack" in self.store.objects("of-9/"))
        bundles = [name for name in self.store.objects("of-9/") if ".bundle." in name]
        self.check("three bundles of two passes", len(bundles) == 6, str(bundles))

    def not_put_together(self):
        """what was put together is believed only where it is what the receipts list, and is not needed"""
        self.plan("loose")
        self.run_passes("loose", PASSES[:3])
        objects = self.store.objects("loose/")
        pack = objects["receipts/extract.pack"]
        receipt = objects["receipts/extract/000001.json"]
        self.store.put("loose/receipts/extract/000001.json", receipt.replace(b'"judged"', b'"Judged"'))
        said = self.task("loose", "resolve", 0, code=75).stderr
        self.check("a receipt that was replaced is read itself", b"task 1 of the pass extract has a damaged receipt" in said, said)
        self.store.put("loose/receipts/extract/000001.json", receipt)
        bundle = next(name for name in objects if name.endswith(".bundle.repeats"))
        for name, at in (("receipts/extract.pack", 20), (bundle, len(objects[bundle]) // 2)):
            whole = objects[name]
            self.store.put(f"loose/{name}", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            said = self.ftok("shards", "verify", f"s3://{BUCKET}/loose").stdout
            self.check(f"verify: a flipped byte in {name}", f"{name}: its checksum does not match".encode() in said, said)
        self.task("loose", "resolve", 0)
        del self.store.bucket.keys[f"loose/{bundle}"]
        del self.store.bucket.keys["loose/receipts/extract.pack"]
        self.task("loose", "resolve", 1)
        self.store.put("loose/receipts/extract.pack", pack)
        bundle = next(name for name in self.store.objects("loose/") if name.endswith(".bundle.answers"))
        self.store.put(f"loose/{bundle}", self.store.objects("loose/")[bundle][:30])
        self.run_passes("loose", ("commit", "cut", "finish"))
        self.same_as_run("with what was put together damaged or gone", "loose")
        self.ftok("job", "clean", f"s3://{BUCKET}/loose")
        self.check("bundles are cleaned up", not [name for name in self.store.objects("loose/") if ".bundle." in name])
        # A job of a version that packed nothing.
        for name in PASSES:
            if f"receipts/{name}.pack" in self.store.objects("loose/"):
                del self.store.bucket.keys[f"loose/receipts/{name}.pack"]
        self.check("verify: without packs", self.ftok("shards", "verify", f"s3://{BUCKET}/loose").returncode == 0)
        flags = ["--dedup-against", f"s3://{BUCKET}/loose"]
        self.plan("after-loose", self.list_of("after", "c"), flags)
        self.plan("after-kills", self.list_of("after", "c"), ["--dedup-against", f"s3://{BUCKET}/kills"])
        listed = [self.store.objects(f"after-{job}/")["earlier.jsonl"].decode().replace(f"/{job}/", "/") for job in ("loose", "kills")]
        self.check("is as good as an index", listed[0] == listed[1] and listed[0].count("\n") == 2, str(listed))
        del self.store.bucket.keys["loose/receipts/extract/000001.json"]
        said = self.plan("after-none", self.list_of("after", "c"), flags, code=2).stderr
        self.check("without a receipt it is refused by name", said.count(b"\n") == 1 and
                   f"deduplication against s3://{BUCKET}/loose: receipts/extract/000001.json is not there".encode() in said, said)

    def trained(self):
        """shards in the store are trained on as those in a folder are"""
        losses = []
        for name, data in (("here", self.folder / "run"), ("there", f"s3://{BUCKET}/kills")):
            before = len(self.store.proxy.log)
            done = self.ftok("train", "tiny", "--device", "cpu", "--data", data, "--output", self.folder / f"model-{name}", "--steps", "2")
            self.check(f"train, {name}", done.returncode == 0, done.stderr)
            rows = [json.loads(line) for line in (self.folder / f"model-{name}" / "log.jsonl").read_text().splitlines()]
            losses.append([row["loss"] for row in rows if "loss" in row])
        self.check("the same losses", losses[0] == losses[1] and losses[0], str(losses))
        asked = {path.split("?")[0] for method, path in self.store.proxy.log[before:] if method == "GET"}
        self.check("shards, sidecars and the manifest are fetched, no text", not [path for path in asked if "/parts/" in path or "/receipts/" in path], str(asked))
        done = self.ftok("train", "tiny", "--data", f"s3://{BUCKET}/nothing", "--output", self.folder / "model-none", "--steps", "2")
        self.check("nothing there: one line", done.returncode == 1 and done.stderr.count(b"\n") == 1 and b"nothing" in done.stderr, done.stderr)

    def removed(self):
        """documents are taken out of a job in the store as out of its copy in a folder, killed at any request"""
        whole, local = self.store.objects("kills/"), self.folder / "taken"
        for name, content in whole.items():
            (local / name).parent.mkdir(parents=True, exist_ok=True)
            (local / name).write_bytes(content)
        for path in local.glob("work/*.cleaned"):  # folders do not keep them
            path.unlink()
        (local / "work").rmdir()
        ids = [json.loads(line)["id"] for line in self.ftok("shards", "cat", "--json", local).stdout.splitlines()]
        (self.folder / "takedown").write_text(f"{ids[1]}\n{ids[-2]}\nnobody\n")
        done = self.ftok("remove-ids", local, self.folder / "takedown")
        self.check("removal from the folder", done.returncode == 0 and b"2 of 3 ids found" in done.stdout, done.stdout + done.stderr)
        expected = {str(p.relative_to(local)): p.read_bytes() for p in local.rglob("*") if p.is_file() and p.name != ".lock"}
        self.sent_once(whole, expected)
        kills = 0
        for at in range(1, 60, 3 if not SANITIZED else 9):
            self.put_back("taken", whole)
            command = ["remove-ids", f"s3://{BUCKET}/taken", self.folder / "takedown"]
            code, said = self.killed_at(at, "taken/", *command, methods=("PUT", "DELETE"))
            if code != 0:
                kills += 1
                self.check(f"removal killed at {at}", code == -signal.SIGKILL, said)
                done = self.ftok(*command)
                self.check("the same command goes on", done.returncode == 0, done.stderr)
            got = {name: content for name, content in self.store.objects("taken/").items() if not name.endswith(".cleaned")}
            self.check(f"removal killed at {at}: the same objects", got == expected,
                       str({name for name in got.keys() | expected.keys() if got.get(name) != expected.get(name)}))
            if code == 0:
                break
        self.check("removals were killed", kills >= (2 if SANITIZED else 10), str(kills))
        self.put_back("taken", whole)
        (self.folder / "other").write_text(f"{ids[-3]}\n")
        self.killed_at(1, "taken/", "remove-ids", f"s3://{BUCKET}/taken", self.folder / "other", methods=("PUT",))
        self.check("killed before its list", "removals/pending.json" not in self.store.objects("taken/"))
        done = self.ftok("remove-ids", f"s3://{BUCKET}/taken", self.folder / "takedown")
        got = {name: content for name, content in self.store.objects("taken/").items() if not name.endswith(".cleaned")}
        self.check("another removal passes over what it left", done.returncode == 0 and got == expected,
                   str({name for name in got.keys() | expected.keys() if got.get(name) != expected.get(name)}))
        asked = {path for method, path in self.store.proxy.log if method == "GET" and "/taken/" in path}
        unchanged = [name for name, content in whole.items() if name.startswith("ftok_") and name.endswith(".bin") and expected.get(name) == content]
        self.check("shards without such a document are not fetched", unchanged and not any(f"/taken/{name}" in path for name in unchanged for path in asked))
        self.plan("unclean")
        self.run_passes("unclean")
        said = self.ftok("remove-ids", f"s3://{BUCKET}/unclean", self.folder / "takedown")
        self.check("a job that is not clean", said.returncode == 1 and f"`ftok job clean s3://{BUCKET}/unclean` first".encode() in said.stderr, said.stderr)

    def put_back(self, job, objects):
        for name in self.store.objects(f"{job}/"):
            del self.store.bucket.keys[f"{job}/{name}"]
        for name, content in objects.items():
            self.store.put(f"{job}/{name}", content)

    def sent_once(self, whole, expected):
        """a removal sends what is new once; the store copies it to its places"""
        self.put_back("taken", whole)
        before, sent = len(self.store.proxy.log), len(self.store.proxy.sent)
        done = self.ftok("remove-ids", f"s3://{BUCKET}/taken", self.folder / "takedown")
        self.check("removal from the store", done.returncode == 0, done.stderr)
        changed = {name: content for name, content in expected.items() if whole.get(name) != content}
        bodies = {path.removeprefix(f"/{BUCKET}/taken/"): size for path, size in self.store.proxy.sent[sent:]}
        self.check("each new file is sent once, and a list of them", len(self.store.proxy.sent) - sent == len(changed) + 1 and len(changed) > 3 and
                   bodies == {"removals/pending.json": bodies.get("removals/pending.json"),
                              **{f"removals/pending/{name}": len(content) for name, content in changed.items()}}, str(self.store.proxy.sent[sent:]))
        asked = [(method, path) for method, path in self.store.proxy.log[before:] if method != "GET" and "/taken/" in path]
        puts = [path for method, path in asked if method == "PUT"]
        self.check("and put in its place by one more request", len(puts) == 2 * len(changed) + 1 and all(
            puts.count(f"/{BUCKET}/taken/{name}") == 1 for name in changed), str(puts))
        self.store.proxy.faults = [("PUT /corpus/taken/ftok_train", "late"), ("PUT /corpus/taken/manifest.json", 503)]
        self.put_back("taken", whole)
        done = self.ftok("remove-ids", f"s3://{BUCKET}/taken", self.folder / "takedown")
        got = {name: content for name, content in self.store.objects("taken/").items() if not name.endswith(".cleaned")}
        self.check("a copy that fails is made again, also where the failure follows a 200", done.returncode == 0 and got == expected and
                   not self.store.proxy.faults, f"{done.stderr} {self.store.proxy.faults}")

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
        self.store.proxy.faults = [("GET .*warc/a", 403)]
        said = self.task("refused", "extract", 0, code=78).stderr
        self.check("403 of an input: one line, and it is not given up", said.count(b"\n") == 1 and b"warc/a.warc.gz" in said and
                   b"403" in said and "receipts/extract/000000.json" not in self.store.objects("refused/"), said)
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


    def without_credentials(self):
        """whoever has none is told what to set, by every command about a job, and with the code that says that no attempt will do"""
        nobody = {"AWS_ACCESS_KEY_ID": "", "HOME": str(self.folder)}
        job, there = f"s3://{BUCKET}/nobody", ["plan", "--input-list", self.list, "--tasks", "2", *FLAGS, "--output"]
        self.plan("nobody")
        commands = [["task", job, "extract", "0"], ["task", job, "--all"], ["status", job], ["resubmit", job], ["job", "clean", job],
                    ["submit", "slurm", job, "--dry-run", "--array-max", "9"], [*there, job], [*there, self.folder / "nobody"]]
        for command in commands:
            done = self.ftok(*command, environment=nobody)
            self.check(f"{command[0]} without credentials: 78 and one line", done.returncode == 78 and done.stderr.count(b"\n") == 1 and
                       b"s3://corpus/" in done.stderr and b"no credentials: set AWS_ACCESS_KEY_ID" in done.stderr, f"{done.returncode} {done.stderr}")
        self.check("and nothing was done", not (self.folder / "nobody").exists() and not any(
            name.startswith(("receipts/", "attempts/")) for name in self.store.objects("nobody/")))
        self.check("the job's folder is here, its inputs are there", self.ftok(*there, self.folder / "here").returncode == 0)
        done = self.ftok("task", self.folder / "here", "extract", "0", environment=nobody)
        self.check("the task says 78, and gives no input up", done.returncode == 78 and b"no credentials" in done.stderr and
                   not list((self.folder / "here").rglob("receipts/extract/*")), f"{done.returncode} {done.stderr}")
        exits = [json.loads(path.read_text()).get("exit") for path in (self.folder / "here").glob("attempts/extract/*.json")]
        self.check("and so does the record of the attempt", exits == [78], str(exits))
        for command in (["task", "s3://x/job", "extract", "0"], ["status", "s3://x/job"], ["submit", "slurm", "s3://x/job"]):
            done = self.ftok(*command, environment=nobody)
            self.check(f"{command[0]}: no address, 2", done.returncode == 2 and b"3 to 63" in done.stderr, f"{done.returncode} {done.stderr}")
        for command in (["status", job], ["resubmit", job], ["job", "clean", job]):
            self.store.proxy.faults = [("(GET|HEAD) .*nobody", 403)]
            done = self.ftok(*command)
            self.check(f"{command[0]}: refused, 78", done.returncode == 78 and b"403" in done.stderr, f"{done.returncode} {done.stderr}")
        for command in (["shards", "verify", job], ["remove-ids", job, self.list]):
            done = self.ftok(*command, environment=nobody)
            self.check(f"{command[0]} is no command about a job: 2", done.returncode == 2, f"{done.returncode} {done.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        checks = JobChecks(Path(folder))
        for name in sys.argv[1:] or ["killed_everywhere", "looking_after", "faults", "full", "against", "few_requests", "not_put_together", "trained", "removed", "documented", "refused", "without_credentials", "secrets"]:
            started = time.time()
            getattr(checks, name)()
            print(f"{name}: {time.time() - started:.1f} s")
        checks.store.server.stop()
        sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
