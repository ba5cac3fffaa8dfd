#!/usr/bin/env python3
"""The two halves of a run as commands: several processes extract into one folder, one commits, and what comes out is what
`ftok run` makes. One unittest per promise.

  FTOK=path/to/ftok halves_checks.py [TestName...]
"""
import json, os, shutil, signal, subprocess, sys, tempfile, time, unittest
from pathlib import Path

from checks import starts_often
from run_checks import FTOK, digests, write_warc
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import faults

INPUTS = 8


class Halves(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="ftok-halves-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.names = []
        for i in range(INPUTS):
            write_warc(cls.folder / f"in{i}.warc.gz", [*range(100 * i, 100 * i + 40), 3])  # page 3 stands in all of them
            cls.names.append(f"in{i}.warc.gz")
        (cls.folder / "list").write_text("".join(name + "\n" for name in cls.names))
        subprocess.run(cls.command("whole"), cwd=cls.folder, check=True, capture_output=True)
        cls.expected = digests(cls.folder / "whole")

    @classmethod
    def command(cls, output, *flags, inputs="list"):
        return [FTOK, "run", "--input-list", inputs, "--output", output, "--vocab", "ftok-4k", "--shard-tokens", "2000",
                "--quiet", *flags]

    def ftok(self, output, *flags, code=0, inputs="list"):
        done = subprocess.run(self.command(output, *flags, inputs=inputs), cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def errors(self, done):
        """what it says on standard error but for the notes on what differs from the recipe"""
        return "\n".join(line for line in done.stderr.splitlines() if not line.startswith("ftok: warning: "))

    def start(self, output, *flags):
        process = subprocess.Popen(self.command(output, *flags), cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        return process

    def check(self, output):
        self.assertEqual(digests(self.folder / output), self.expected)

    def candidates(self, output):
        return sorted(path.name for path in (self.folder / output / "work").glob("*.candidates"))

    def test_a_share_makes_its_candidates_and_nothing_else(self):
        done = self.ftok("share", "--only", "extract", "--task", "1/3", "--json")
        self.assertEqual(json.loads(done.stdout), {"inputs": 3, "there_already": 0, "quarantined": []})
        self.assertEqual(self.candidates("share"), ["000001.candidates", "000004.candidates", "000007.candidates"])
        self.assertEqual(sorted(p.name for p in (self.folder / "share").iterdir()), ["binding.toml", "work"])
        done = self.ftok("share", "--only", "extract", "--task", "1/3", "--json")
        self.assertEqual(json.loads(done.stdout), {"inputs": 3, "there_already": 3, "quarantined": []})

    def test_commit_takes_what_is_there_and_says_what_is_missing(self):
        self.ftok("partly", "--only", "extract", "--task", "0/2")
        done = self.ftok("partly", "--only", "commit", code=75)
        self.assertEqual(self.errors(done), "ftok: partly: 1 of 8 inputs are committed; in1.warc.gz and 3 others are not "
                                            "extracted yet: extract, then commit again")
        self.assertEqual(self.candidates("partly"), ["000002.candidates", "000004.candidates", "000006.candidates"])
        self.assertFalse((self.folder / "partly" / "manifest.json").exists())
        self.ftok("partly", "--only", "extract", "--task", "1/2")
        self.ftok("partly", "--only", "commit")
        self.check("partly")
        self.ftok("partly", "--only", "commit")  # again
        self.check("partly")
        done = self.ftok("partly", "--only", "extract", "--json")
        self.assertEqual(json.loads(done.stdout)["there_already"], INPUTS)
        self.check("partly")

    def test_a_run_goes_on_from_halves_and_halves_from_a_run(self):
        self.ftok("mixed", "--only", "extract", "--task", "1/2")
        self.ftok("mixed")
        self.check("mixed")
        subprocess.run(self.command("killed"), cwd=self.folder, env=faults.killed_at(FTOK, 60))
        self.ftok("killed", "--only", "extract")
        self.ftok("killed", "--only", "commit")
        self.check("killed")

    @starts_often
    def test_two_processes_at_once_one_killed_then_a_third_commits(self):
        for name, shares in (("disjoint", ("0/2", "1/2")), ("overlapping", ("0/1", "0/1"))):
            with self.subTest(name):
                for moment in (0.0, 0.15, 0.4):
                    output = f"{name}{moment}"
                    first, second = (self.start(output, "--only", "extract", "--task", share) for share in shares)
                    while not (self.folder / output / "work").exists() and first.poll() is None:
                        time.sleep(0.001)
                    time.sleep(moment)
                    first.send_signal(signal.SIGKILL)
                    self.assertEqual(second.wait(), 0, second.stderr.read())
                    first.wait()
                    self.ftok(output, "--only", "extract", "--task", shares[0])
                    self.ftok(output, "--only", "commit")
                    self.check(output)

    def test_commits_while_others_extract(self):
        self.ftok("meanwhile", "--only", "commit", code=75)  # nothing is there yet
        extracts = [self.start("meanwhile", "--only", "extract", "--task", share) for share in ("0/2", "1/2", "0/1")]
        while True:
            done = subprocess.run(self.command("meanwhile", "--only", "commit"), cwd=self.folder, capture_output=True, text=True)
            self.assertIn(done.returncode, (0, 75), done.stderr)
            if done.returncode == 0:
                break
            time.sleep(0.01)
        for process in extracts:
            self.assertEqual(process.wait(), 0, process.stderr.read())
        self.check("meanwhile")

    def test_two_commits_at_once_are_refused(self):
        import fcntl
        self.ftok("locked", "--only", "extract", "--task", "0/2")
        with open(self.folder / "locked" / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.ftok("locked", "--only", "extract", "--task", "1/2")  # asks for no lock
            done = self.ftok("locked", "--only", "commit", code=1)
        self.assertIn("is in use by another ftok process", done.stderr)
        self.ftok("locked", "--only", "commit")
        self.check("locked")

    @starts_often
    def test_killed_at_every_commit_point_of_both_halves(self):
        for half, points in (("extract", range(1, 40)), ("commit", range(1, 1000, 31))):
            for point in points:
                output = f"{half}{point}"
                if half == "commit":
                    self.ftok(output, "--only", "extract")
                killed = subprocess.run(self.command(output, "--only", half), cwd=self.folder, capture_output=True,
                                        env=faults.killed_at(FTOK, point))
                if killed.returncode == 0:
                    break
                self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
                self.ftok(output, "--only", "extract")
                self.ftok(output, "--only", "commit")
                self.check(output)
                shutil.rmtree(self.folder / output)
            self.assertEqual(killed.returncode, 0, "more commit points than this test kills at")

    def test_an_input_that_fails_is_given_up_once(self):
        (self.folder / "bad.warc.gz").write_bytes(bytes(range(256)) * 64)
        (self.folder / "with_bad").write_text("in0.warc.gz\nbad.warc.gz\n")
        done = self.ftok("bad", "--only", "extract", "--json", inputs="with_bad", code=65)
        self.assertEqual(json.loads(done.stdout)["quarantined"], ["bad.warc.gz"])
        done = self.ftok("bad", "--only", "commit", "--json", inputs="with_bad", code=65)
        self.assertEqual(json.loads(done.stdout)["quarantined"], ["bad.warc.gz"])
        whole = self.ftok("bad_whole", "--json", inputs="with_bad", code=65)
        self.assertEqual(digests(self.folder / "bad"), digests(self.folder / "bad_whole"))

    def test_misuse_is_one_line(self):
        self.ftok("wrong", "--only", "extract", "--task", "0/2")
        (self.folder / "other").write_text("".join(name + "\n" for name in reversed(self.names)))
        for flags, inputs, message in ((["--only", "both"], "list", "--only: got 'both'"),
                                       (["--only", "extract", "--task", "2/2"], "list", "--task: got '2/2'"),
                                       (["--task", "0/2"], "list", "--task: needs --only extract"),
                                       (["--only", "commit"], "other", "is of in0.warc.gz, but the list of inputs has in7.warc.gz as input 1"),
                                       (["--only", "extract", "--no-text"], "list", "was made with another recipe")):
            done = self.ftok("wrong", *flags, inputs=inputs, code=2)
            self.assertIn(message, done.stderr)
            self.assertEqual(len(self.errors(done).splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
