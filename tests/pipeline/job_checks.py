#!/usr/bin/env python3
"""A job (`ftok plan`, `ftok task`) gives what one `ftok run` gives: the same shards, sidecars, texts, reject records and counters,
for any number of tasks, in any order, done twice, at once, killed anywhere. One unittest per promise.

  FTOK=path/to/ftok job_checks.py [TestName...]
"""
import hashlib, http.server, json, os, random, resource, shutil, signal, subprocess, tempfile, threading, time, unittest
from pathlib import Path

from checks import FTOK, SANITIZED, faults, starts_often
from doc_commands import commands, run_commands
from run_checks import prose, write_warc

PASSES = ("extract", "group", "decide", "resolve", "commit", "cut", "finish")
ENDINGS = (".text.jsonl.zst", ".rejects.jsonl.zst", ".keys")


def joined(folder, ending):
    """the bytes of all parts' files of this ending, one after the other"""
    return b"".join(path.read_bytes() for path in sorted((folder / "parts").glob("*" + ending)))


def shards(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("ftok_*"))}


class Job:
    """A job's folder, and how its tasks are done."""

    def __init__(self, test, name, flags, tasks, ranges=2, inputs="list"):
        self.test, self.name, self.folder = test, name, test.folder / name
        self.plan = ["plan", "--input-list", inputs, "--output", name, "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet",
                     "--tasks", str(tasks), "--ranges", str(ranges), *flags]
        done = test.ftok(*self.plan, "--json")
        self.passes = {each["name"]: each["tasks"] for each in json.loads(done.stdout)["passes"]}

    def task(self, name, index, *flags, code=0, **environment):
        return self.test.ftok("task", self.name, name, index, "--quiet", *flags, code=code, env={**os.environ, **environment})

    def start(self, name, index, *flags):
        return subprocess.Popen([FTOK, "task", self.name, name, str(index), "--quiet", *flags], cwd=self.test.folder,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, passes=None, do=None):
        """all tasks, or those of some passes: in one process, or each by `do`"""
        if do is None:
            for name in passes or [()]:
                self.test.ftok("task", self.name, *([name] if name else []), "--all", "--quiet")
            return self
        for name in passes or PASSES:
            for index in range(self.passes[name]):
                do(name, index)
        return self

    def status(self):
        return json.loads(self.test.ftok("status", self.name, "--json").stdout)


class JobScene(unittest.TestCase):
    """A folder with inputs, and what the tests of jobs do there."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="ftok-job-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        names = []
        for i in range(4):  # two crawls; page 3 stands in all inputs, pages of 100 and 101 in two of them
            crawl = f"CC-MAIN-2024-{10 + 8 * (i % 2)}"
            (cls.folder / crawl).mkdir(exist_ok=True)
            write_warc(cls.folder / crawl / f"in{i}.warc.gz", [*range(100 * i, 100 * i + 12), 3, *range(100, 100 + i)])
            names.append(f"{crawl}/in{i}.warc.gz")
        write_warc(cls.folder / "empty.warc.gz", [])
        names.insert(1, "empty.warc.gz")
        for sub in ("a", "b"):  # one name, and ids made from it
            (cls.folder / sub).mkdir()
            texts = ["\n\n".join(prose(seed)) for seed in (5, 900, 900, 901 if sub == "a" else 100)]
            (cls.folder / sub / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
            names.append(f"{sub}/texts.jsonl")
        (cls.folder / "list").write_text("".join(name + "\n" for name in names))
        cls.names, cls.runs = names, {}

    def ftok(self, *arguments, code=0, folder=None, **keywords):
        done = subprocess.run([FTOK, *map(str, arguments)], cwd=folder or self.folder, capture_output=True, text=True, **keywords)
        self.assertEqual(done.returncode, code, done.stdout[-2000:] + done.stderr[-2000:])
        return done

    def line(self, done):
        lines = [line for line in done.stderr.splitlines() if not line.startswith("ftok: warning: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        return lines[0]

    def run_folder(self, flags=(), inputs="list"):
        """the folder of one `ftok run` with these flags"""
        key = (*flags, inputs)
        if key not in self.runs:
            name = f"run-{hashlib.sha256(repr(key).encode()).hexdigest()[:8]}"
            self.ftok("run", "--input-list", inputs, "--output", name, "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet",
                      "--max-failed-inputs", "9", *flags)
            self.runs[key] = self.folder / name
        return self.runs[key]

    def check(self, job, flags=(), inputs="list"):
        run = self.run_folder(flags, inputs)
        self.assertEqual(shards(run), shards(job.folder))
        for ending in ENDINGS:
            self.assertEqual(joined(run, ending), joined(job.folder, ending), ending)
        manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (run, job.folder)]
        reports = [json.dumps(each["report"]) for each in manifests[0]["inputs"]]
        bound_to_inputs = "[inputs]" in (run / "binding.toml").read_text()  # a run's folder may be, a job always is
        for manifest in manifests:
            for name in ("inputs", "parts_in_shards", "checksum", "job", *(["binding"] if bound_to_inputs else [])):
                manifest.pop(name, None)
        self.assertEqual(*manifests)
        lines = joined(job.folder, ".inputs.jsonl").decode().splitlines()
        self.assertEqual(reports, [json.dumps(json.loads(line)["report"]) for line in lines])
        self.assertIn(", whole", self.ftok("shards", "verify", job.name).stdout)


class JobChecks(JobScene):
    @starts_often
    def test_any_number_of_tasks_and_ranges(self):
        dropped = json.loads((self.run_folder() / "manifest.json").read_text())["totals"]["dropped"]
        self.assertGreater(dropped["dedup.exact"], 4)
        self.assertGreater(len(shards(self.run_folder())), 10)
        for tasks, ranges in ((1, 1), (3, 5), (7, 2), (20, 3)):
            with self.subTest(tasks=tasks, ranges=ranges):
                job = Job(self, f"tasks{tasks}", [], tasks, ranges)
                self.check(job.run(do=job.task if tasks == 3 else None))

    def test_all_tasks_in_one_process(self):
        job = Job(self, "all", [], 3)
        done = self.ftok("task", "all", "extract", "--all", "--quiet")
        self.assertEqual(done.stdout, "extract 0: done\nextract 1: done\nextract 2: done\n")
        (job.folder / "receipts" / "extract" / "000001.json").unlink()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = [json.loads(line) for line in self.ftok("task", "all", "--all", "--quiet", "--json").stdout.splitlines()]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual([(each["pass"], each["task"]) for each in told],
                         [("extract", 1)] + [(name, index) for name in PASSES[1:] for index in range(job.passes[name])])
        self.check(job)
        seconds = sum(each["cpu_seconds"] for each in job.status()["passes"][1:])  # each attempt's own, not the process's
        self.assertLessEqual(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        self.assertEqual(self.ftok("task", "all", "--all", "--quiet").stdout, "nothing is missing\n")
        for flags, code, what in ((["--all", "extrakt"], 2, "unknown pass 'extrakt'"), (["extract", "1", "--all"], 2, "--all: not together with INDEX"),
                                  ([], 2, "PASS: missing"), (["--all", "--retry-quarantined"], 2, "--retry-quarantined")):
            self.assertIn(what, self.line(self.ftok("task", "all", *flags, code=code)))

    def test_any_recipe(self):
        recipes = [["--set", "minhash.keep_signature=true", "--set", "dedup.verify_jaccard=0.8"],
                   ["--set", "dedup.scope=run", "--rejects", "none"],
                   ["--set", "dedup.scope=file", "--rejects", "text"],
                   ["--set", "dedup.scope=off", "--no-text"],
                   ["--set", "dedup.exact=false", "--set", "shards.validation_per_mille=0"],
                   ["--set", "dedup.minhash=false", "--set", "shards.format=datatrove"],
                   ["--set", "shards.end_of_text=none", "--set", "shards.validation_per_mille=300"],
                   ["--set", "dedup.scope=crawl", "--set", "shards.format=raw"]]
        for number, flags in enumerate(recipes[:1 if SANITIZED else None]):
            with self.subTest(flags):
                self.check(Job(self, f"recipe{number}", flags, 3).run(), flags)

    @starts_often
    def test_small_corpora(self):
        """none, one and two documents; the first of all is for validation, the only one for training"""
        for name, seeds in (("none", []), ("one", [0]), ("two", [0, 1])):
            write_warc(self.folder / f"{name}.warc.gz", seeds)
            (self.folder / f"{name}.list").write_text(f"empty.warc.gz\n{name}.warc.gz\n")
            for per_mille in (0, 5, 999, 1000):
                flags = ["--set", f"shards.validation_per_mille={per_mille}"]
                with self.subTest(documents=name, per_mille=per_mille):
                    self.check(Job(self, f"{name}{per_mille}", flags, 3, inputs=f"{name}.list").run(), flags, f"{name}.list")

    @starts_often
    def test_any_order_twice_and_at_once(self):
        rng = random.Random(1)
        job = Job(self, "order", [], 3, 2)
        for name in PASSES:
            indices = list(range(job.passes[name])) * 2
            rng.shuffle(indices)
            while indices:
                running = [job.start(name, index) for index in indices[:3]] + [job.start(name, indices[0])]
                indices = indices[3:]
                for process in running:
                    out, err = process.communicate()
                    self.assertEqual(process.returncode, 0, err)
        self.check(job)
        self.assertTrue(all("was done already" in job.task(name, 0).stdout for name in PASSES))

    @starts_often
    def test_killed_at_every_publish_point(self):
        job = Job(self, "points", [], 2, 2)
        kills = 0

        def do(name, index):
            nonlocal kills
            for point in range(1, 200):
                command = [FTOK, "task", job.name, name, str(index), "--quiet"]
                done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=faults.killed_at(FTOK, point))
                if done.returncode == 0:
                    return
                self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
                kills += 1
            self.fail("more publish points than this test kills at")

        job.run(do=do)
        self.assertGreater(kills, 60)
        self.check(job)

    @starts_often
    def test_killed_at_random(self):
        rng = random.Random(2)
        job = Job(self, "random", [], 3)

        def do(name, index):
            for _ in range(2):
                process = job.start(name, index)
                try:
                    process.communicate(timeout=rng.uniform(0, 0.2))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
            job.task(name, index)

        job.run(do=do)
        self.check(job)

    def test_what_killed_attempts_left_is_swept(self):
        job = Job(self, "swept", [], 1)
        temporaries = lambda: list(job.folder.rglob("*ftok-tmp*"))
        for _ in range(2):
            subprocess.run([FTOK, "task", job.name, "extract", "0", "--quiet"], cwd=self.folder, env=faults.killed_at(FTOK, 1))
        self.assertEqual([path.parent.parent.name for path in temporaries()], ["attempts", "attempts"])
        self.ftok("job", "clean", job.name)
        self.assertEqual(temporaries(), [])
        subprocess.run([FTOK, "task", job.name, "extract", "0", "--quiet"], cwd=self.folder, env=faults.killed_at(FTOK, 1))
        job.run()
        self.assertEqual(temporaries(), [])

    def test_a_full_disk_is_one_line_and_another_attempt_does_it(self):
        job = Job(self, "full", [], 2)
        failures = 0

        def do(name, index):
            nonlocal failures
            for call in ("write:1:ENOSPC+", "write:2:ENOSPC+", "write:4:EIO", "sync:1:EIO", "rename:2:ENOSPC", "open:6:ENOSPC+"):
                environment = faults.environment(FTOK, FAULTS_BELOW=job.folder, FAULTS_AT=call)
                done = subprocess.run([FTOK, "task", job.name, name, str(index), "--quiet"], cwd=self.folder, capture_output=True,
                                      text=True, env=environment)
                self.assertIn(done.returncode, (0, 75), done.stderr)
                if done.returncode == 75:
                    self.line(done)
                    failures += 1
            job.task(name, index)

        job.run(do=do)
        self.assertGreater(failures, 20)
        self.assertEqual([str(path) for path in job.folder.rglob("*ftok-tmp*")], [])
        self.check(job)

    def test_a_preempted_task_goes_on_after_its_last_finished_input(self):
        job = Job(self, "preempted", [], 1)
        process = job.start("extract", 0, "--threads", "1")
        candidates = job.folder / "work" / "000000"
        while process.poll() is None and not list(candidates.glob("*.candidates")):
            time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
        if process.returncode != 0:  # it may have been too quick
            self.assertEqual(process.returncode, 75, err)
            self.assertIn("another attempt goes on from here", err)
            self.assertFalse((job.folder / "receipts" / "extract" / "000000.json").exists())
        before = {path.name: path.stat().st_ino for path in candidates.glob("*.candidates")}
        self.assertGreater(len(before), 0)
        job.task("extract", 0)
        after = {path.name: path.stat().st_ino for path in candidates.glob("*.candidates")}
        self.assertEqual(len(after), len(self.names))
        self.assertEqual(before, {name: after[name] for name in before})
        self.check(job.run(passes=PASSES[1:]))

    def test_the_index_comes_from_the_scheduler(self):
        job = Job(self, "index", [], 2)
        for variable in ("SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"):
            done = self.ftok("task", "index", "extract", "--quiet", "--json", env={**os.environ, variable: "1"})
            self.assertEqual(json.loads(done.stdout)["task"], 1)
        self.assertEqual([each["missing"] for each in job.status()["passes"]][0], [0])
        self.assertIn("INDEX: missing", self.line(self.ftok("task", "index", "extract", code=2)))
        done = self.ftok("task", "index", "extract", code=2, env={**os.environ, "SLURM_ARRAY_TASK_ID": "x"})
        self.assertIn("SLURM_ARRAY_TASK_ID: got 'x'", self.line(done))

    def test_status_resubmit_and_clean(self):
        job = Job(self, "status", [], 3)
        self.assertEqual([(each["name"], each["tasks"], each["done"]) for each in job.status()["passes"]],
                         [(name, job.passes[name], 0) for name in PASSES])
        self.assertEqual(self.ftok("resubmit", "status").stdout.splitlines()[0], "extract 0-2")
        job.task("extract", 1)
        self.assertEqual(json.loads(self.ftok("resubmit", "status", "--json").stdout)["extract"], [0, 2])
        self.assertEqual(self.ftok("resubmit", "status").stdout.splitlines()[0], "extract 0,2")
        self.assertIn("0 files", self.ftok("job", "clean", "status").stdout)
        self.assertIn("extract", self.ftok("status", "status", "--price", "2").stdout)
        job.run(passes=PASSES[:4])
        status = job.status()
        self.assertEqual([each["done"] for each in status["passes"]], [3, 2, 3, 3, 0, 0, 0])
        self.assertEqual(status["passes"][0]["attempts"], 3)
        self.assertEqual(status["bytes"], status["bytes_done"])
        self.assertEqual({source["name"] for source in status["sources"]}, {".", "a", "b", "CC-MAIN-2024-10", "CC-MAIN-2024-18"})
        self.ftok("job", "clean", "status")
        self.assertEqual(list(job.folder.glob("work/*.edges")) + list(job.folder.glob("work/*.repeats")), [])
        self.assertNotEqual(list(job.folder.glob("work/*.answers")), [])
        job.task("group", 0)  # done, though what it left is gone
        job.run()
        self.check(job)
        self.ftok("status", "status", "--watch", "--prometheus", str(self.folder / "metrics"))  # ends: the job is done
        self.assertIn('ftok_job_tasks_done{pass="cut"} 3', (self.folder / "metrics").read_text())
        self.ftok("job", "clean", "status")
        self.assertFalse((job.folder / "work").exists())
        self.check(job)
        self.assertEqual(self.ftok("resubmit", "status").stdout, "")
        job.run(do=job.task)
        self.check(job)

    @starts_often
    def test_the_documented_commands(self):
        """docs/many-machines.md: 100 WARC files on a laptop, and documents taken out later; the README shows the first in ten lines"""
        script = commands("docs/many-machines.md", "100 WARC files on a laptop")
        shown = [line.split("    #")[0] for line in commands("README.md", "On many machines").splitlines()]
        self.assertEqual([line for line in shown if line not in script.splitlines()], [])
        self.assertLessEqual(len(shown), 10)
        folder = self.folder / "laptop"
        folder.mkdir()
        for i in range(100):
            write_warc(folder / f"in{i}.warc.gz", [i, i // 2])
        (folder / "warc.list").write_text("".join(f"in{i}.warc.gz\n" for i in range(100)))
        done = run_commands(script, FTOK, folder)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        self.assertIn(", whole", done.stdout)
        self.ftok("run", "--input-list", "warc.list", "--output", "run", "--vocab", "ftok-100k", "--quiet", folder=folder)
        whole = shards(folder / "job")
        self.assertEqual(shards(folder / "run"), whole)
        rows = self.ftok("shards", "inspect", "job/ftok_train_000000.bin", "--documents", folder=folder).stdout.splitlines()
        (folder / "takedown.txt").write_text(rows[1].split("tokens  ")[1] + "\n")
        done = run_commands(commands("docs/many-machines.md", "Taking documents out"), FTOK, folder)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        self.assertIn("1 of 1 ids found", done.stdout)
        self.assertNotEqual(shards(folder / "job"), whole)

    def test_what_readers_make_of_it(self):
        job, run = Job(self, "read", [], 3).run(), self.run_folder()
        self.assertEqual(*[self.ftok("shards", "cat", folder).stdout for folder in (run, job.folder)])
        for data in (run.name, job.name):
            self.ftok("train", "tiny", "--data", data, "--output", f"model-{data}", "--steps", "2")
        losses = [[json.loads(line)["loss"] for line in (self.folder / f"model-{data}" / "log.jsonl").read_text().splitlines()
                   if "loss" in json.loads(line)] for data in (run.name, job.name)]
        self.assertEqual(*losses)
        self.assertEqual(*[self.ftok("dedup", "clusters", data, "--list").stdout for data in (run.name, job.name)])
        refused = self.ftok("run", "--input-list", "list", "--output", "read", "--vocab", "ftok-4k", "--quiet", code=2)
        self.assertIn("read holds a job", self.line(refused))

    def test_an_input_that_fails_is_set_aside(self):
        (self.folder / "bad.warc.gz").write_bytes(bytes(range(256)) * 64)
        (self.folder / "with_bad").write_text("".join(name + "\n" for name in [self.names[0], "bad.warc.gz", *self.names[1:]]))
        job = Job(self, "bad", [], 3, inputs="with_bad")
        for _ in range(2):
            done = job.task("extract", 0, code=65)
            self.assertIn("1 of the task's inputs were given up; the first: bad.warc.gz", done.stderr)
        self.assertIn("1 of the job's inputs were given up", self.line(self.ftok("task", "bad", "extract", "--all", "--quiet", code=65)))
        self.assertEqual(job.status()["passes"][0]["quarantined"], 1)
        job.run(passes=PASSES[1:])
        self.check(job, inputs="with_bad")
        # Extracted again, another input of the task has become readable: what rests on the old ones is not believed.
        size = (self.folder / "bad.warc.gz").stat().st_size
        write_warc(self.folder / "bad.warc.gz", [7777])
        whole = (self.folder / "bad.warc.gz").read_bytes()
        self.assertLess(len(whole), size)
        (self.folder / "bad.warc.gz").write_bytes(whole + bytes(size - len(whole)))
        job.task("extract", 0, "--retry-quarantined")
        self.assertEqual([each["done"] for each in job.status()["passes"]], [3, 0, 0, 0, 0, 0, 0])
        self.assertIn("was done before an input was extracted again", self.line(job.task("cut", 0, code=75)))
        job.run(passes=PASSES[1:])
        shutil.rmtree(self.runs.pop(("with_bad",)))
        self.check(job, inputs="with_bad")

    def test_an_input_that_is_refused_is_not_given_up(self):
        class Refuses(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(403)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/x.warc.gz"
        (self.folder / "refused.list").write_text(f"{self.names[0]}\n{address}\n")
        job = Job(self, "refused", [], 1, inputs="refused.list")
        self.assertIn("403", self.line(job.task("extract", 0, code=78, no_proxy="127.0.0.1")))
        self.assertFalse((job.folder / "receipts" / "extract" / "000000.json").exists())

    def test_bad_input_is_one_line_and_the_contracts_exit_code(self):
        job = Job(self, "wrong", [], 3)
        self.assertIn("unknown pass 'extrakt'", self.line(job.task("extrakt", 0, code=2)))
        self.assertIn("tasks 0 to 2", self.line(job.task("extract", 3, code=2)))
        self.assertIn("task 0 of the pass extract is not done, and 2 more are missing", self.line(job.task("group", 0, code=75)))
        self.assertIn("there is no job.json", self.line(self.ftok("task", "list.d", "extract", "0", code=78)))
        job.run(passes=["extract"])
        self.assertIn("task 1 of the pass group is not done", self.line(self.one_group(job)))
        receipts = job.folder / "receipts" / "extract"
        whole = (receipts / "000001.json").read_bytes()
        (receipts / "000001.json").write_bytes(whole[:50] + b"?" + whole[51:])
        self.assertIn("task 1 of the pass extract has a damaged receipt", self.line(job.task("group", 0, code=75)))
        other = Job(self, "other", ["--rejects", "none"], 3)
        other.task("extract", 1)
        shutil.copy(other.folder / "receipts" / "extract" / "000001.json", receipts)
        self.assertIn("is the receipt of another job or task", self.line(job.task("group", 0, code=78)))
        (receipts / "000001.json").unlink()
        job.task("extract", 1)
        self.assertEqual((receipts / "000001.json").read_bytes(), whole)
        manifest = job.folder / "job.json"
        planned = manifest.read_text()
        manifest.write_text(planned.replace('"rejects": "ids"', '"rejects": "all"'))
        self.assertIn("is not as `ftok plan` wrote it", self.line(job.task("group", 0, code=78)))
        manifest.write_text(planned)
        (job.folder / "binding.toml").write_text("")
        self.assertIn("is not as `ftok plan` wrote it", self.line(job.task("group", 0, code=78)))

    def one_group(self, job):
        job.task("group", 0)
        return job.task("decide", 0, code=75)

    def test_an_input_changed_after_the_plan(self):
        for name in ("c0.warc.gz", "c1.warc.gz"):
            write_warc(self.folder / name, [1, 2])
        (self.folder / "changing").write_text("c0.warc.gz\nc1.warc.gz\n")
        job = Job(self, "changed", [], 1, inputs="changing")
        write_warc(self.folder / "c1.warc.gz", [1, 2, 4])
        self.assertIn("it was changed after the job was planned", self.line(job.task("extract", 0, code=78)))

    def test_another_recipe_or_folder_is_refused(self):
        job = Job(self, "planned", [], 2)
        self.ftok(*job.plan)  # the same again
        self.assertIn("holds another job", self.line(self.ftok(*job.plan, "--rejects", "none", code=2)))
        self.assertIn("--tasks: got 10001, expected 1 to 10000", self.line(self.ftok(*["10001" if x == "2" else x for x in job.plan], code=2)))
        self.assertIn("is there and is not empty", self.line(self.ftok(*["a" if x == "planned" else x for x in job.plan], code=2)))

    def test_a_killed_plan_is_made_again(self):
        whole = Job(self, "whole", [], 2)
        plan = ["cut" if x == "whole" else x for x in whole.plan]
        for point in range(1, 99):
            code = subprocess.run([FTOK, *plan], cwd=self.folder, capture_output=True, env=faults.killed_at(FTOK, point)).returncode
            left = self.folder / "cut"
            if left.exists() and not (left / "job.json").exists():
                (left / "mine").touch()
                self.assertIn("is there and is not empty", self.line(self.ftok(*plan, code=2)))
                (left / "mine").unlink()
            self.ftok(*plan)
            self.assertEqual({path.name: path.read_bytes() for path in left.iterdir()},
                             {path.name: path.read_bytes() for path in (self.folder / "whole").iterdir()})
            shutil.rmtree(left)
            if code == 0:
                break
        self.assertGreater(point, 3)

    def test_verify_finds_what_is_missing_or_flipped(self):
        job = Job(self, "verified", [], 3).run()
        self.check(job)
        for name in ("receipts/group/000001.json", "work/000001.repeats", "work/000000.edges", "work/000002.run", "parts/000001.keys",
                     "work/000001.answers", "work/000000/000001.candidates", "ftok_train_000001.bin", "ftok_train_000001.docs",
                     "job.json", "manifest.json", "parts/000000.inputs.jsonl", "receipts/finish/000000.json"):
            with self.subTest(name):
                path = job.folder / name
                whole = path.read_bytes()
                at = random.Random(name).randrange(len(whole))
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
                found = self.ftok("shards", "verify", "verified", code=1)
                self.assertIn(name.split("/")[-1], found.stdout + found.stderr)
                path.unlink()
                self.ftok("shards", "verify", "verified", code=1)
                path.write_bytes(whole)
        # A task whose files are damaged does them again.
        for name, task in (("work/000001.repeats", ("decide", 1)), ("ftok_train_000000.bin", ("cut", 0)),
                           ("work/000000/000001.candidates", ("extract", 0))):
            path = job.folder / name
            whole = path.read_bytes()
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
            self.assertIn(": done", job.task(*task).stdout)
            self.assertEqual(path.read_bytes(), whole)
        (job.folder / "receipts" / "cut" / "000002.json").unlink()
        self.assertIn("task 2 of 3 of the pass cut is not done", self.ftok("shards", "verify", "verified", code=1).stdout)


if __name__ == "__main__":
    unittest.main()
