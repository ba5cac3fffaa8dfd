#!/usr/bin/env python3
"""Looking after a job: what `ftok status` says of sources, stragglers, time and cost, jobs whose files are lost or damaged, what was
removed from them, and what is refused. One unittest per promise.

  FTOK=path/to/ftok job_care_checks.py [TestName...]
"""
import json, os, random, shutil, subprocess, time, unittest
from pathlib import Path

from checks import FTOK, faults, starts_often
from job_checks import Job, JobScene, PASSES
from run_checks import prose, write_warc


def texts(path, kept, dropped, seed=0):
    """a file of documents that the rules keep and of others that they drop"""
    lines = ["\n\n".join(prose(seed + number)) for number in range(kept)] + [f"no text {number}" for number in range(dropped)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps({"text": line}) + "\n" for line in lines))


class Status(JobScene):
    def extracted(self, name, tasks=1, code=0):
        (self.folder / f"{name}.list").write_text("".join(f"{path.relative_to(self.folder)}\n" for path in sorted((self.folder / name).rglob("*.*"))))
        job = Job(self, f"job-{name}", [], tasks, inputs=f"{name}.list")
        self.ftok("task", job.name, "extract", "--all", "--quiet", code=code)
        return job

    def sources(self, job):
        return {source["name"].split("/", 1)[-1]: source for source in job.status()["sources"]}

    def test_a_source_that_was_wiped_is_seen(self):
        (self.folder / "wiped").mkdir()
        for number in range(3):
            texts(self.folder / "wiped" / "good" / f"{number}.jsonl", 50, 0, 1000 * number)
            texts(self.folder / "wiped" / "bad" / f"{number}.jsonl", 0, 50)
        texts(self.folder / "wiped" / "few" / "0.jsonl", 1, 3, 5000)
        for number in range(2):
            (self.folder / "wiped" / "gone").mkdir(exist_ok=True)
            (self.folder / "wiped" / "gone" / f"{number}.warc.gz").write_bytes(bytes(range(256)) * 64)
            (self.folder / "wiped" / "half").mkdir(exist_ok=True)
        shutil.copy(self.folder / "wiped" / "gone" / "0.warc.gz", self.folder / "wiped" / "half" / "0.warc.gz")
        texts(self.folder / "wiped" / "half" / "1.jsonl", 20, 0, 7000)
        job = self.extracted("wiped", tasks=2, code=65)
        sources = self.sources(job)
        self.assertEqual({name: source["alarm"] for name, source in sources.items()},
                         {"good": "", "bad": "nothing_kept", "few": "", "gone": "all_inputs_given_up", "half": ""})
        self.assertEqual({name: (source["inputs"], source["quarantined"]) for name, source in sources.items()},
                         {"good": (3, 0), "bad": (3, 0), "few": (1, 0), "gone": (2, 2), "half": (2, 1)})
        self.assertEqual((sources["bad"]["tally"]["documents"], sources["good"]["tally"]["kept"]), (150, 150))
        shown = self.ftok("status", job.name).stdout
        self.assertIn("wiped/bad: 0 of 150 documents kept (0.0 %)  ALARM: no document is kept\n", shown)
        self.assertIn("wiped/good: 150 of 150 documents kept (100.0 %)\n", shown)
        self.assertIn("wiped/gone: 0 of 0 documents kept (0.0 %), 2 of 2 inputs given up  ALARM: all its inputs were given up\n", shown)
        self.assertIn("wiped/half: 20 of 20 documents kept (100.0 %), 1 of 2 inputs given up\n", shown)
        self.assertLess(shown.index("wiped/bad"), shown.index("wiped/good"))  # alarms first
        metrics = self.metrics(job)
        self.assertEqual(metrics['ftok_job_source_alarm{source="wiped/bad"}'], 1)
        self.assertEqual(metrics['ftok_job_source_alarm{source="wiped/good"}'], 0)
        self.assertEqual(metrics['ftok_job_source_kept_ratio{source="wiped/good"}'], 1)
        self.assertEqual(metrics['ftok_job_source_kept_documents{source="wiped/few"}'], 1)
        self.assertEqual(metrics['ftok_job_source_quarantined_inputs{source="wiped/half"}'], 1)
        dropped = sources["bad"]["tally"]["dropped"]
        for reason, count in dropped.items():
            self.assertEqual(metrics[f'ftok_job_source_dropped_documents{{source="wiped/bad",reason="{reason}"}}'], count)

    def test_a_share_far_from_the_rest(self):
        """odds of 50 in 100, held against those of the others, whose documents are at least 100: alarm beyond four times"""
        for name, kept, documents, alarm in (("near", 80, 100, ""), ("far", 81, 100, "far_from_the_rest"), ("few", 99, 99, "")):
            with self.subTest(name):
                (self.folder / name).mkdir()
                texts(self.folder / name / "a" / "0.jsonl", 50, 50)
                texts(self.folder / name / "b" / "0.jsonl", kept, documents - kept, 1000)
                sources = self.sources(self.extracted(name))
                self.assertEqual([sources[each]["tally"]["kept"] for each in "ab"], [50, kept])
                self.assertEqual([sources[each]["alarm"] for each in "ab"], [alarm, alarm])

    def test_a_source_of_which_nothing_is_kept(self):
        """an alarm from a hundred documents on; fewer may all be dropped by chance"""
        for name, documents, alarm in (("less", 99, ""), ("enough", 100, "nothing_kept")):
            with self.subTest(name):
                (self.folder / name).mkdir()
                texts(self.folder / name / "a" / "0.jsonl", 5, 0)
                texts(self.folder / name / "b" / "0.jsonl", 0, documents)
                sources = self.sources(self.extracted(name))
                self.assertEqual((sources["b"]["tally"]["documents"], sources["b"]["alarm"]), (documents, alarm))

    def test_many_sources_are_bounded(self):
        (self.folder / "many").mkdir()
        for number in range(21):
            texts(self.folder / "many" / f"s{number:02}" / "x.jsonl", 1, 0, 100 * number)
        job = self.extracted("many")
        shown = self.ftok("status", job.name).stdout
        self.assertEqual(shown.count(" documents kept"), 20)
        self.assertIn("and 1 more sources\n", shown)
        self.assertEqual(len(self.sources(job)), 21)
        self.assertEqual(self.metrics(job)["ftok_job_sources"], 21)
        shutil.rmtree(self.folder / "many" / "s20")
        shown = self.ftok("status", self.extracted_again("many", 20)).stdout
        self.assertEqual(shown.count(" documents kept"), 20)
        self.assertNotIn("more sources", shown)

    def extracted_again(self, name, count):
        shutil.rmtree(self.folder / f"job-{name}")
        job = self.extracted(name)
        self.assertEqual(len(self.sources(job)), count)
        return job.name

    def metrics(self, job, *flags):
        self.ftok("status", job.name, "--prometheus", "metrics", *flags)
        lines = (self.folder / "metrics").read_text().splitlines()
        names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
        self.assertEqual(len(names), len(set(names)))
        for line in lines:
            if line.startswith("# TYPE"):
                self.assertEqual(line.split()[3] == "counter", line.split()[2].endswith("_total"), line)
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}

    def attempts(self, job, name, attempts):
        """these in place of those that there were: (task, begun, seconds of one that ended or None)"""
        folder = job.folder / "attempts" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, (task, begun, seconds) in enumerate(attempts):
            attempt = {"pass": name, "task": task, "begun": begun}
            if seconds is not None:
                attempt.update(exit=0, seconds=seconds, cpu_seconds=seconds / 2)
            (folder / f"{task:06}-{number:016x}.json").write_text(json.dumps(attempt) + "\n")

    def test_stragglers_time_and_cost_left(self):
        job = Job(self, "pace", [], 3)
        shown = self.ftok("status", job.name, "--price", "36").stdout
        self.assertIn("left: not known, no task is done of extract, group, decide, resolve, commit, cut, finish\n", shown)
        for task in (0, 1):
            job.task("extract", task)
        now = int(time.time())
        hours = 1_000_000
        # The usual attempt took a million seconds. One has run for twice that: no straggler; for four times: one.
        for running, stragglers in ((2 * hours, []), (4 * hours, [2])):
            self.attempts(job, "extract", [(0, 0, hours), (1, 0, hours), (2, now - running, None)])
            status = json.loads(self.ftok("status", job.name, "--json", "--price", "36").stdout)
            self.assertEqual(status["passes"][0]["stragglers"], stragglers)
            self.assertEqual("straggling in extract: tasks 2\n" in self.ftok("status", job.name).stdout, bool(stragglers))
            self.assertEqual(self.metrics(job)['ftok_job_tasks_straggling{pass="extract"}'], len(stragglers))
        self.attempts(job, "extract", [(0, 0, 150), (1, 0, 50)])
        status = json.loads(self.ftok("status", job.name, "--json", "--price", "36").stdout)
        self.assertEqual((status["seconds_left"], status["cost_left"]), (100, 1))
        self.assertEqual(status["not_reckoned"], list(PASSES[1:]))
        self.assertEqual(status["bytes_per_second"], status["bytes_done"] / 200)
        shown = self.ftok("status", job.name, "--price", "36").stdout
        self.assertIn("of one attempt after the other, at least 1.00 at 36 an hour; not reckoned, since no task of it is done: group,", shown)
        metrics = self.metrics(job, "--price", "36")
        self.assertEqual((metrics["ftok_job_left_seconds"], metrics["ftok_job_left_cost"], metrics["ftok_job_left_passes_not_reckoned"]), (100, 1, 6))
        self.assertEqual(metrics["ftok_job_extract_bytes_per_second"], status["bytes_per_second"])
        self.assertEqual((metrics['ftok_job_attempts_total{pass="extract"}'], metrics['ftok_job_cpu_seconds_total{pass="extract"}']), (2, 100))
        self.assertNotIn("ftok_job_left_cost", self.metrics(job))
        job.run()
        self.attempts(job, "extract", [(0, 0, 150), (1, 0, 50)])
        status = job.status()
        self.assertEqual((status["seconds_left"], status["not_reckoned"]), (0, []))
        self.assertNotIn("left:", self.ftok("status", job.name).stdout)

    def test_a_receipt_of_another_job_is_named(self):
        job = Job(self, "named", [], 3)
        job.task("extract", 0)
        self.ftok("status", job.name)
        other = Job(self, "stranger", ["--rejects", "none"], 3)
        other.task("extract", 1)
        receipt = job.folder / "receipts" / "extract" / "000001.json"
        shutil.copy(other.folder / "receipts" / "extract" / "000001.json", receipt)
        what = "named/receipts/extract/000001.json is the receipt of another job or task"
        for command in (["status", job.name], ["status", job.name, "--watch"], ["resubmit", job.name], ["submit", "slurm", job.name, "--dry-run"],
                        ["task", job.name, "--all", "--quiet"]):
            self.assertIn(what, self.line(self.ftok(*command, code=78)))
        self.assertEqual(self.ftok("resubmit", job.name, code=78).stdout, "")
        self.assertEqual(len(json.loads(self.ftok("status", job.name, "--json", code=78).stdout)["foreign"]), 1)
        receipt.unlink()
        self.assertEqual(self.ftok("resubmit", job.name).stdout.splitlines()[0], "extract 1-2")


class Damage(JobScene):
    #: what an earlier task left -> that task, and the one that reads it
    READ = {"work/000001.run": (("extract", 1), ("group", 0)),
            "work/000000.edges": (("group", 0), ("decide", 1)),
            "work/000001.repeats": (("decide", 1), ("resolve", 0)),
            "parts/000001.keys": (("extract", 1), ("resolve", 1)),
            "work/000001.inputs.jsonl": (("extract", 1), ("commit", 1)),
            "work/000001/000003.candidates": (("extract", 1), ("commit", 1)),
            "work/000001.answers": (("resolve", 1), ("commit", 0)),
            "work/000001.tokens": (("commit", 1), ("cut", 0)),
            "parts/000001.inputs.jsonl": (("commit", 1), ("cut", 0))}

    def lose(self, path):
        path.unlink()

    def flip(self, path):
        whole = path.read_bytes()
        for at in range(16, len(whole), 7):  # whatever is read of it
            whole = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
        path.write_bytes(whole)

    @starts_often
    def test_what_is_lost_or_damaged_is_made_again(self):
        for number, (name, ((owner, index), reader)) in enumerate(self.READ.items()):
            with self.subTest(file=name):
                job = Job(self, f"harm{number}", [], 3)
                for each in PASSES[:PASSES.index(reader[0])]:
                    self.ftok("task", job.name, each, "--all", "--quiet")
                for harm in (self.flip, self.lose):
                    self.assertGreater((job.folder / name).stat().st_size, 0)
                    harm(job.folder / name)
                    self.assertNotIn(f"{owner} ", self.ftok("resubmit", job.name).stdout)
                    said = self.line(job.task(*reader, code=75))
                    self.assertIn(f"{name} is missing or damaged: do task {index} of the pass {owner} again, whose receipt is withdrawn", said)
                    self.assertIn(f"{owner} {index}\n", self.ftok("resubmit", job.name).stdout)
                    self.ftok("task", job.name, owner, "--all", "--quiet")
                self.ftok("task", job.name, "--all", "--quiet")
                self.check(job)

    def ftok(self, *arguments, code=0, folder=None, **keywords):
        if code is not None:
            return super().ftok(*arguments, code=code, folder=folder, **keywords)
        return subprocess.run([FTOK, *map(str, arguments)], cwd=folder or self.folder, capture_output=True, text=True, **keywords)

    def test_another_failure_withdraws_nothing(self):
        job = Job(self, "other-failure", [], 3)
        job.run(passes=PASSES[:4])
        receipts = sorted(job.folder.glob("receipts/*/*.json"))
        for fault in ("write:1:ENOSPC+", "open:6:EMFILE+", "rename:2:EIO"):
            environment = faults.environment(FTOK, FAULTS_BELOW=job.folder, FAULTS_AT=fault)
            done = job.task("commit", 1, code=75, **environment)
            self.assertEqual(sorted(job.folder.glob("receipts/*/*.json")), receipts)
        self.check(job.run())

    def test_several_lost_files_are_named_at_once(self):
        job = Job(self, "several", [], 3)
        job.run(passes=PASSES[:1])
        for path in job.folder.glob("work/*.run"):
            path.unlink()
        self.assertIn("; so are the receipts of 2 more tasks", self.line(job.task("group", 0, code=75)))
        self.assertEqual(self.ftok("resubmit", job.name).stdout.splitlines()[0], "extract 0-2")
        self.check(job.run())

    def test_an_input_is_tried_again_in_a_cleaned_job(self):
        (self.folder / "broken.warc.gz").write_bytes(bytes(range(256)) * 64)
        (self.folder / "broken").write_text("".join(name + "\n" for name in [self.names[0], "broken.warc.gz", *self.names[1:]]))
        job = Job(self, "retried", [], 3, inputs="broken")
        self.ftok("task", job.name, "--all", "--quiet", code=65)
        self.ftok("job", "clean", job.name)
        self.check(job, inputs="broken")
        job.task("extract", 0, "--retry-quarantined", code=65)  # as bad as before: nothing has changed
        self.check(job, inputs="broken")
        self.assertEqual(self.ftok("resubmit", job.name).stdout, "")
        job.task("extract", 1)
        job.task("cut", 1)
        size = (self.folder / "broken.warc.gz").stat().st_size
        write_warc(self.folder / "broken.warc.gz", [7777])
        whole = (self.folder / "broken.warc.gz").read_bytes()
        (self.folder / "broken.warc.gz").write_bytes(whole + bytes(size - len(whole)))
        job.task("extract", 0, "--retry-quarantined")
        for _ in range(4):  # what was cleaned is made again
            done = self.ftok("task", job.name, "--all", "--quiet", code=None)
            if done.returncode == 0:
                break
            self.assertEqual(done.returncode, 75, done.stderr)
        shutil.rmtree(self.runs.pop(("broken",)))
        self.check(job, inputs="broken")

    def test_a_task_without_inputs_leaves_no_empty_texts(self):
        job = Job(self, "spare", ["--rejects", "text"], len(self.names) + 3).run()
        files = sorted(job.folder.glob("parts/*.zst"))
        self.assertEqual(len(files), 2 * len(self.names))
        for path in files:
            self.assertGreater(path.stat().st_size, 0)
        subprocess.run(["zstd", "-dcq", *files], check=True, stdout=subprocess.DEVNULL)
        self.check(job, ("--rejects", "text"))


class Removed(JobScene):
    def removed(self, name, folder):
        rows = self.ftok("shards", "inspect", next(folder.glob("ftok_train_000000.bin")), "--documents").stdout.splitlines()
        ids = [row.split("tokens  ")[1].split("  (")[0] for row in rows[1:4]]
        for number, each in enumerate(ids):
            (self.folder / f"{name}{number}").write_text(each + "\n")
        self.ftok("remove-ids", name, f"{name}0")
        self.ftok("remove-ids", name, f"{name}1")
        self.assertIn(", whole", self.ftok("shards", "verify", name).stdout)

    def folders(self):
        self.ftok("run", "--input-list", "list", "--output", "taken", "--vocab", "ftok-4k", "--quiet")
        job = Job(self, "taken-job", [], 2).run()
        self.ftok("job", "clean", job.name)
        return {"taken": self.folder / "taken", "taken-job": job.folder}

    def test_a_lost_or_damaged_receipt_of_a_removal_is_found(self):
        for name, folder in self.folders().items():
            with self.subTest(name):
                self.removed(name, folder)
                receipt = folder / "removals" / "000001.json"
                whole = receipt.read_bytes()
                receipt.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
                self.assertIn("removals/000001.json: ", self.ftok("shards", "verify", name, code=1).stdout)
                said = self.line(self.ftok("remove-ids", name, f"{name}2", code=1))
                self.assertIn("removals/000001.json is damaged", said)
                self.assertIn("this removal is done", said)
                self.assertEqual(json.loads((folder / "removals" / "000003.json").read_text())["number"], 3)
                receipt.unlink()
                found = self.ftok("shards", "verify", name, code=1).stdout
                self.assertIn("removals/000001.json: is missing: documents were removed 3 times", found)
                receipt.write_bytes(whole)
                self.assertIn(", whole", self.ftok("shards", "verify", name).stdout)
                shutil.rmtree(folder / "removals")
                found = self.ftok("shards", "verify", name, code=1).stdout.splitlines()
                self.assertEqual(len([line for line in found if "is missing: documents were removed 3 times" in line]), 3)
        self.assertIn("documents were removed from it", self.line(self.ftok("run", "--input-list", "list", "--output", "taken", "--vocab", "ftok-4k",
                                                                            "--quiet", code=2)))
        (self.folder / "taken-job" / "ftok_train_000000.bin").unlink()
        self.assertIn("documents were removed from it", self.line(self.ftok("task", "taken-job", "cut", "0", code=78)))

    def test_a_lost_manifest_of_a_job_is_one_line(self):
        job = Job(self, "lost", [], 2).run()
        (job.folder / "job.json").rename(self.folder / "saved.json")
        found = self.ftok("shards", "verify", job.name, code=1).stdout.splitlines()
        self.assertEqual(len(found), 2, found)
        self.assertIn("lost/job.json: is missing, and the folder is a job's", found[0])
        (job.folder / "manifest.json").unlink()
        found = self.ftok("shards", "verify", job.name, code=1).stdout.splitlines()
        self.assertEqual(len(found), 2, found)
        self.assertIn("job.json is missing", found[0])


class Refusals(JobScene):
    def test_another_build_of_the_program(self):
        job = Job(self, "build", [], 1)
        program = json.loads((job.folder / "job.json").read_text())["software"]["program"]
        code = Path(FTOK).read_bytes()
        if bytes.fromhex(program) not in code:
            self.skipTest("the program has no build ID")
        other = self.folder / "other-build"
        other.write_bytes(code.replace(bytes.fromhex(program), bytes(len(program) // 2)))
        other.chmod(0o755)
        done = subprocess.run([other, "task", "build", "extract", "0", "--quiet"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn(f"build was planned by another build of ftok (program {program}, this is {'0' * len(program)})", self.line(done))
        job.task("extract", 0)

    def test_a_folder_in_place_of_the_manifest(self):
        job = Job(self, "folder", [], 1)
        (job.folder / "job.json").unlink()
        (job.folder / "job.json").mkdir()
        for command in (["task", "folder", "extract", "0"], ["status", "folder"], ["resubmit", "folder"], ["job", "clean", "folder"]):
            self.assertIn("folder/job.json is not a file", self.line(self.ftok(*command, code=78)))

    def test_numbers(self):
        plan = ["plan", "--input-list", "list", "--output", "numbers", "--vocab", "ftok-4k"]
        nines = "9" * 400
        for flags, what in ((["--tasks", "2", "--ranges", "-1"], "--ranges: got '-1', expected a whole number from 0"),
                            (["--tasks", "-1"], "--tasks: got '-1', expected a whole number from 0"), (["--tasks", "0"], "--tasks: got 0, expected 1 to 10000"),
                            ([], "--tasks: missing"), (["--tasks", "10001"], "--tasks: got 10001, expected 1 to 10000"),
                            (["--tasks", "2", "--ranges", "10001"], "--ranges: got 10001, expected 0 to 10000")):
            self.assertIn(what, self.line(self.ftok(*plan, *flags, code=2)))
        self.assertFalse((self.folder / "numbers").exists())
        run = ["run", "--input-list", "list", "--output", "run-numbers", "--vocab", "ftok-4k", "--quiet", "--threads"]
        for threads, what in (("-1", "got '-1', expected a whole number from 0 to 1024"), (nines, f"got '{nines}', expected"),
                              ("1025", "got '1025', expected a whole number from 0 to 1024")):
            self.assertIn("--threads: " + what, self.line(self.ftok(*run, threads, code=2)))
        zeros = "got '010', expected a whole number without zeros in front"
        self.assertIn("--threads: " + zeros, self.line(self.ftok(*run, "010", code=2)))
        for command in (["train", "tiny", "--show", "--steps"], ["train", "tiny", "--show", "--seed"], ["rl", "letters", "--problems"]):  # with a sign, of a range
            self.assertIn(zeros, self.line(self.ftok(*command, "010", code=2)))
            self.ftok(*command, "10")
        self.ftok(*run, "10")
        self.ftok(*plan, "--tasks", "10000", "--quiet")

    def test_a_dry_run_needs_no_cluster(self):
        job = Job(self, "dry", [], 1500)
        environment = {**os.environ, "PATH": "/nonexistent"}
        done = self.ftok("submit", "slurm", job.name, "--dry-run", env=environment)
        self.assertIn("1001 tasks are assumed, Slurm's default; --array-max sets another", self.line(done))
        self.assertIn("#SBATCH --array=0-1000\n", done.stdout)
        self.assertIn("#SBATCH --array=0-498\n", done.stdout)
        done = self.ftok("submit", "slurm", job.name, "--dry-run", "--array-max", "2000", env=environment)
        self.assertEqual(done.stderr, "")
        self.assertIn("#SBATCH --array=0-1499\n", done.stdout)
        self.assertIn("scontrol", self.line(self.ftok("submit", "slurm", job.name, code=1, env=environment)))
        self.assertIn("--rounds: got 0", self.line(self.ftok("submit", "slurm", job.name, "--dry-run", "--rounds", "0", code=2, env=environment)))
        self.ftok("submit", "slurm", job.name, "--dry-run", "--rounds", "1", env=environment)


if __name__ == "__main__":
    unittest.main()
