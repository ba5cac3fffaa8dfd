#!/usr/bin/env python3
"""Deduplication from the outside. One unittest per promise.

  FTOK=path/to/ftok dedup_checks.py [TestName...]
"""
import json, random, shutil, signal, subprocess, unittest
from pathlib import Path

from checks import FTOK, SANITIZED, Checks, faults, starts_often
from run_checks import prose

STAGES = ("--set", 'stages=["minhash","dedup","pii"]')


def variants(rng, count):
    """texts in families: some the same, some near duplicates of earlier ones, some of their own"""
    texts = []
    for number in range(count):
        kind = rng.random()
        if texts and kind < 0.15:
            texts.append(rng.choice(texts))
        elif texts and kind < 0.5:
            words = rng.choice(texts).split(" ")
            for _ in range(rng.randrange(1, 5)):
                words[rng.randrange(len(words))] = f"word{rng.randrange(10**6)}"
            texts.append(" ".join(words))
        else:
            texts.append(" ".join(prose(number + 1)))
    return texts


class DedupChecks(Checks):
    def corpus(self, inputs=7, count=360):
        """inputs of very different sizes, one of them empty; -> flags that name them"""
        rng = random.Random(3)
        texts = variants(rng, count)
        cuts = sorted(rng.sample(range(1, count), inputs - 2))
        flags = []
        for number, (begin, end) in enumerate(zip([0, *cuts, count], [*cuts, count, count])):
            lines = "".join(json.dumps({"text": text, "id": f"{number}-{i}"}) + "\n" for i, text in enumerate(texts[begin:end]))
            self.write(f"in{number}.jsonl", lines)
            flags += ["--input", f"in{number}.jsonl"]
        return flags

    def command(self, inputs, output, *flags):
        return ["run", *inputs, "--output", output, "--vocab", "ftok-4k", "--shard-tokens", "20000", *STAGES, *flags]

    def test_an_index_that_does_not_fit_its_memory(self):
        inputs = self.corpus()
        for number, flags in enumerate((
                [], ["--set", "dedup.scope=file"], ["--set", "dedup.scope=run", "--rejects", "text"], ["--set", "dedup.minhash=false"],
                ["--set", "dedup.exact=false"], ["--set", "minhash.keep_signature=true", "--set", "dedup.verify_jaccard=0.9"])):
            with self.subTest(flags):
                whole = self.ftok(*self.command(inputs, f"whole{number}", *flags))
                self.assertNotIn("does not fit", whole.stderr)
                expected = self.digests(f"whole{number}")
                dropped = json.loads(self.bytes_of(f"whole{number}", "manifest.json"))["totals"]["dropped"]
                self.assertGreater(sum(dropped.values()), 50)
                for memory in (1, 12_000, 70_000):  # from the first input on; in the middle
                    small = self.ftok(*self.command(inputs, "small", *flags, "--set", f"dedup.memory={memory}"))
                    self.assertEqual(small.stderr.count("the deduplication index does not fit dedup.memory"), 1, small.stderr)
                    self.assertEqual(self.digests("small"), expected)
                    shutil.rmtree(self.folder / "small")

    @starts_often
    def test_inputs_that_wait_for_others_survive_kills(self):
        inputs = self.corpus()
        self.ftok(*self.command(inputs, "whole"))
        expected = self.digests("whole")
        rng = random.Random(4)
        command = [FTOK, *self.command(inputs, "out", "--quiet", "--set", "dedup.memory=12000")]
        points = kills = 0
        while True:
            points += rng.randrange(1, 6)
            for _ in range(3):  # the one who goes on is killed too
                done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=faults.killed_at(FTOK, points))
                if done.returncode == 0:
                    break
                self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
                kills += 1
            else:
                done = self.ftok(*command[1:])
            self.assertEqual(self.digests("out"), expected)
            shutil.rmtree(self.folder / "out")
            if points > 60:
                break
        self.assertGreater(kills, 30)

    def test_a_longer_list_and_halves_where_the_index_does_not_fit(self):
        inputs = self.corpus()
        self.ftok(*self.command(inputs, "whole"))
        expected = self.digests("whole")
        small = ("--quiet", "--set", "dedup.memory=12000")
        for end in range(2, len(inputs) + 1, 2):
            self.ftok(*self.command(inputs[:end], "grown", *small))
        self.assertEqual(self.digests("grown"), expected)
        for task in ("1/2", "0/2"):
            self.ftok(*self.command(inputs, "halves", *small, "--only", "extract", "--task", task))
            self.ftok(*self.command(inputs, "halves", *small, "--only", "commit"), code=75 if task == "1/2" else 0)
        self.assertEqual(self.digests("halves"), expected)

    def crawls(self, *flags):
        """three crawls, each deduplicated by itself, and all in one run"""
        inputs = self.corpus(inputs=4, count=240)[:6]
        flags = ("--quiet", "--set", "dedup.scope=run", *flags)
        self.ftok(*self.command(inputs, "all", *flags))
        for number in range(3):
            self.ftok(*self.command(inputs[2 * number:2 * number + 2], f"crawl{number}", *flags))
        return inputs[4:], flags

    def job(self, inputs, output, tasks, *flags):
        tasks = min(tasks, 2) if SANITIZED else tasks
        self.ftok("plan", *self.command(inputs, output, *flags)[1:], "--tasks", str(tasks), "--ranges", "2")
        self.ftok("task", output, "--all", "--quiet")

    def keepers(self):
        """three inputs whose texts repeat each other across them, with several dates; -> flags and rows"""
        rng = random.Random(6)
        files = {"web": [], "wiki": [], "old": []}
        for number, text in enumerate(variants(rng, 120) * 2):
            row = {"text": text, "id": f"d{number}", "date": f"2024-05-{rng.randrange(1, 29):02}T00:00:00Z"}
            rng.choice(list(files.values())).append(row)
        for name, rows in files.items():
            self.write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        rows = [{**row, "file": name} for name, rows in files.items() for row in rows]
        return [part for name in files for part in ("--input", f"{name}.jsonl")], rows

    def lines(self, folder, ending):
        """of all parts' files"""
        paths = [str(path) for path in sorted((self.folder / folder / "parts").glob("*." + ending))]
        done = subprocess.run(["zstd", "-dc", *paths], capture_output=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def expect_order(self, folder, order):
        """what is dropped repeats something that is kept before it; -> the kept ids"""
        rejects = self.lines(folder, "rejects.jsonl.zst")
        self.assertGreater(len(rejects), 60)
        for row in rejects:
            self.assertLess(order[row["duplicate_of"]], order[row["id"]])
        return [row["id"] for row in self.lines(folder, "text.jsonl.zst")]

    @starts_often
    def test_which_document_is_kept(self):
        inputs, rows = self.keepers()
        model = Path(__file__).resolve().parents[2] / "share" / "models" / "ftok-lid.ftz"
        scored = ("--quiet", "--set", 'stages=["classifier","minhash","dedup","pii"]', "--set", f'classifier.model="{model}"',
                  "--set", "classifier.label=en")
        self.ftok(*self.command(inputs, "scores", *scored, "--set", "dedup.scope=off"))
        scores = {row["id"]: row["classifier_score"] for row in self.lines("scores", "text.jsonl.zst")}
        self.assertEqual(len(scores), len(rows))
        firsts = None
        for keep, more, rank in (
                ("first", (), lambda row: 0),
                ("longest", (), lambda row: -len(row["text"].encode())),
                ("newest", (), lambda row: -int(row["date"][8:10])),
                ("source-order", ("--set", 'dedup.sources=["wiki","old"]'), lambda row: ("wiki", "old", "web").index(row["file"])),
                ("highest-score", ("--set", "dedup.score=classifier"), lambda row: -scores[row["id"]])):
            with self.subTest(keep):
                order = {row["id"]: (rank(row), number) for number, row in enumerate(rows)}
                flags = (*scored, *more, "--set", "dedup.scope=run", "--set", f"dedup.keep={keep}")
                self.ftok(*self.command(inputs, "exact", *flags, "--set", "dedup.minhash=false"))
                best = {}
                for row in rows:
                    best[row["text"]] = min(best.get(row["text"], row["id"]), row["id"], key=order.get)
                self.assertEqual(set(self.expect_order("exact", order)), set(best.values()))
                self.ftok(*self.command(inputs, "run", *flags))
                kept = self.expect_order("run", order)
                firsts = firsts or kept
                self.assertEqual(kept == firsts, keep == "first")
                self.ftok(*self.command(inputs, "small", *flags, "--set", "dedup.memory=12000"))
                self.assertEqual(self.digests("small"), self.digests("run"))
                self.job(inputs, "job", 4, *flags)
                for ending in ("text.jsonl.zst", "rejects.jsonl.zst", "keys"):
                    self.assertEqual(*(b"".join(path.read_bytes() for path in sorted((self.folder / name / "parts").glob("*." + ending)))
                                       for name in ("run", "job")), ending)
                for name in ("exact", "run", "small", "job"):
                    shutil.rmtree(self.folder / name)

    @starts_often
    def test_versions_of_one_page(self):
        urls = ("http://a.example/x", "https://A.example/x#top", "https://a.example/y", "", "")
        rows = [{"text": " ".join(prose(number)), "id": f"d{number}", "url": urls[number % 5], "date": f"2024-05-{10 + number}"}
                for number in range(15)]
        for name, some in (("one", rows[:8]), ("two", rows[8:])):
            self.write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in some))
        inputs = ["--input", "one.jsonl", "--input", "two.jsonl"]
        without = [f"d{number}" for number in range(15) if number % 5 > 2]
        for url, keep, versions in (("off", "first", [f"d{number}" for number in range(15) if number % 5 < 3]),
                                    ("exact", "first", ["d0", "d1", "d2"]), ("exact", "newest", ["d10", "d11", "d12"]),
                                    ("canonical", "first", ["d0", "d2"]), ("canonical", "newest", ["d11", "d12"])):
            with self.subTest(url=url, keep=keep):
                flags = ("--quiet", "--set", "dedup.scope=run", "--set", f"dedup.url={url}", "--set", f"dedup.keep={keep}")
                self.ftok(*self.command(inputs, "run", *flags))
                self.ftok(*self.command(inputs, "small", *flags, "--set", "dedup.memory=1"))
                self.assertEqual(self.digests("run"), self.digests("small"))
                self.job(inputs, "job", 2, *flags)
                for name in ("run", "job"):
                    self.assertEqual({row["id"] for row in self.lines(name, "text.jsonl.zst")}, {*without, *versions})
                    self.assertEqual({row["reason"] for row in self.lines(name, "rejects.jsonl.zst")}, {"dedup.url"} - ({"dedup.url"} if url == "off" else set()))
                for name in ("run", "small", "job"):
                    shutil.rmtree(self.folder / name)

    @starts_often
    def test_all_recipes_with_a_keeper(self):
        """in a run and in a job; scopes, similarities, earlier documents, which are kept before all others"""
        inputs, _ = self.keepers()
        keep = ("--quiet", "--set", "dedup.keep=longest")
        verified = ("--set", "minhash.keep_signature=true", "--set", "dedup.verify_jaccard=0.9")
        self.ftok(*self.command(inputs[:2], "earlier", *keep, "--set", "dedup.scope=run"))
        earlier = {row["id"] for row in self.lines("earlier", "text.jsonl.zst")}
        for number, (some, flags) in enumerate((
                (inputs, ("--set", "dedup.scope=file")), (inputs, ("--set", "dedup.scope=run", *verified)),
                (inputs, ("--set", "dedup.scope=run", "--set", "dedup.exact=false")),
                (inputs[2:], ("--set", "dedup.scope=run", "--dedup-against", "earlier")))):
            with self.subTest(flags):
                self.ftok(*self.command(some, f"run{number}", *keep, *flags))
                self.job(some, f"job{number}", 3, *keep, *flags)
                for ending in ("text.jsonl.zst", "rejects.jsonl.zst", "keys"):
                    self.assertEqual(*(b"".join(path.read_bytes() for path in sorted((self.folder / name / "parts").glob("*." + ending)))
                                       for name in (f"run{number}", f"job{number}")), ending)
        repeated = [row for row in self.lines("run3", "rejects.jsonl.zst") if row["duplicate_of"] in earlier]
        self.assertGreater(len(repeated), 20)

    def test_clusters(self):
        """the id and size of each document's cluster, and one kept of each; in a run, in one without memory, and in a job"""
        inputs, rows = self.keepers()
        order = {row["id"]: number for number, row in enumerate(rows)}
        size = {row["id"]: len(row["text"].encode()) for row in rows}
        run = ("--quiet", "--set", "dedup.scope=run")
        self.ftok(*self.command(inputs, "plain", *run))
        listed = [line.split("\t") for line in self.ftok("dedup", "clusters", "--list", "plain").stdout.splitlines()]
        members = {}
        for one, first in listed:
            members.setdefault(first, []).append(one)
        self.assertGreater(max(map(len, members.values())), 4)
        for number, (clusters, keep) in enumerate((("sizes", "first"), ("one", "first"), ("one", "longest"))):
            with self.subTest(clusters=clusters, keep=keep):
                flags = (*run, "--set", f"dedup.clusters={clusters}", "--set", f"dedup.keep={keep}")
                expected = {}  # id -> id of the first of its cluster, and its size
                for ids in members.values():
                    first = min(ids, key=lambda one: (-size[one] if keep == "longest" else 0, order[one]))
                    expected.update({one: (first, len(ids)) for one in ids})
                self.ftok(*self.command(inputs, f"run{number}", *flags))
                kept, dropped = self.lines(f"run{number}", "text.jsonl.zst"), self.lines(f"run{number}", "rejects.jsonl.zst")
                self.assertEqual({row["id"]: (row["cluster_id"], row["cluster_size"]) for row in [*kept, *dropped]}, expected)
                if clusters == "one":
                    self.assertEqual({row["id"] for row in kept}, {first for first, _ in expected.values()})
                    self.assertTrue(all(row["reason"] == "dedup.exact" or row["duplicate_of"] == row["cluster_id"] for row in dropped))
                    self.assertIn("one of a cluster of", {row["detail"].rsplit(" ", 1)[0] for row in dropped if row["reason"] == "dedup.minhash"})
                else:
                    plain = self.lines("plain", "text.jsonl.zst")
                    self.assertEqual([row["id"] for row in kept], [row["id"] for row in plain])
                self.job(inputs, f"job{number}", 3, *flags)
                for ending in ("text.jsonl.zst", "rejects.jsonl.zst", "keys"):
                    self.assertEqual(*(b"".join(path.read_bytes() for path in sorted((self.folder / name / "parts").glob("*." + ending)))
                                       for name in (f"run{number}", f"job{number}")), ending)
                self.assertIn(", whole", self.ftok("shards", "verify", f"job{number}").stdout)
                if SANITIZED:
                    return
                self.ftok(*self.command(inputs, f"small{number}", *flags, "--set", "dedup.memory=12000"))
                self.assertEqual(self.digests(f"small{number}"), self.digests(f"run{number}"))
        self.ftok(*self.command(inputs, "texts", *run, "--set", "dedup.clusters=sizes", "--stop-after", "dedup"))
        parts = [part for path in sorted((self.folder / "texts" / "parts").glob("*.text.jsonl.zst")) for part in ("--input", path)]
        self.ftok(*self.command(parts, "rest", *run, "--set", "dedup.clusters=sizes", "--start-after", "dedup"))
        self.assertEqual(*({row["id"]: (row["cluster_id"], row["cluster_size"]) for row in self.lines(name, "text.jsonl.zst")} for name in ("run0", "rest")))
        by_file = {}  # with the scope `file` a cluster ends where its input does
        self.ftok(*self.command(inputs, "files", "--quiet", "--set", "dedup.scope=file", "--set", "dedup.clusters=one"))
        for row in [*self.lines("files", "text.jsonl.zst"), *self.lines("files", "rejects.jsonl.zst")]:
            by_file.setdefault(row["cluster_id"], set()).add(row["file_path"])
        self.assertTrue(all(len(files) == 1 for files in by_file.values()))
        verified = ("--set", "minhash.keep_signature=true", "--set", "dedup.verify_jaccard=0.9", "--set", "dedup.clusters=one")
        for command in ((*self.command(inputs, "wrong", *run, *verified),), ("plan", *self.command(inputs, "wrong-too", *run, *verified)[1:], "--tasks", "2")):
            self.one_line(self.ftok(*command, code=2), "dedup.clusters: not together with dedup.verify_jaccard, which compares")
        self.one_line(self.ftok("task", "job0", "cluster", "1", code=2), "has tasks 0 to 0")
        self.ftok("plan", *self.command(inputs, "none", *run)[1:], "--tasks", "2")
        self.one_line(self.ftok("task", "none", "cluster", "0", code=2), "has no tasks")

    @starts_often
    def test_where_a_later_document_may_be_kept(self):
        """kills, halves, and lists that grow"""
        inputs, _ = self.keepers()
        flags = ("--quiet", "--set", "dedup.keep=longest", "--set", "dedup.scope=run")
        self.ftok(*self.command(inputs, "whole", *flags))
        expected = self.digests("whole")
        for point in range(1, 60, 3):
            command = self.command(inputs, "out", *flags)
            done = subprocess.run([FTOK, *command], cwd=self.folder, capture_output=True, env=faults.killed_at(FTOK, point))
            if done.returncode != 0:
                self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
                self.ftok(*command)
            self.assertEqual(self.digests("out"), expected, point)
            shutil.rmtree(self.folder / "out")
        for task in ("1/2", "0/2"):
            self.ftok(*self.command(inputs, "halves", *flags, "--only", "extract", "--task", task))
            self.ftok(*self.command(inputs, "halves", *flags, "--only", "commit"), code=75 if task == "1/2" else 0)
        self.assertEqual(self.digests("halves"), expected)
        self.ftok(*self.command(inputs[:4], "grown", *flags))
        self.one_line(self.ftok(*self.command(inputs, "grown", *flags), code=2), "grown was made with another recipe: inputs.list")
        for wrong, what in ((["dedup.keep=highest-score"], "dedup.score: missing"), (["dedup.score=a"], 'only dedup.keep = "highest-score" uses it'),
                            (["dedup.keep=highest-score", "dedup.score=c4"], "no classifier 'c4' that runs stands before dedup"),
                            (["dedup.keep=source-order"], "dedup.sources: missing"), (["dedup.keep=best"], "dedup.keep")):
            sets = [part for each in wrong for part in ("--set", each)]
            self.one_line(self.ftok(*self.command(inputs, "wrong", "--quiet", *sets), code=2), what)

    def test_against_finished_runs_and_jobs(self):
        for flags in ([], ["--set", "minhash.keep_signature=true", "--set", "dedup.verify_jaccard=0.9"]):
            with self.subTest(flags):
                inputs, flags = self.crawls(*flags)
                self.assertNotEqual(self.bytes_of("crawl2/parts/000000.rejects.jsonl.zst"), self.bytes_of("all/parts/000002.rejects.jsonl.zst"))
                self.job(["--input", "in1.jsonl"], "job1", 2, *flags)
                self.job(["--input", "in0.jsonl", "--input", "in1.jsonl"], "job01", 3, *flags)
                against = ["--dedup-against", "crawl0", "--dedup-against", "crawl1"]
                self.ftok(*self.command(inputs, "run", *flags, *against))
                self.ftok(*self.command(inputs, "disk", *flags, *against, "--set", "dedup.memory=12000"))
                self.ftok(*self.command(inputs, "against-jobs", *flags, "--dedup-against", "crawl0", "--dedup-against", "job1"))
                self.job(inputs, "job-run-job", 2, *flags, "--dedup-against", "crawl0", "--dedup-against", "job1")
                self.job(inputs, "job-job", 5, *flags, "--dedup-against", self.folder / "job01")
                for name in ("run", "disk", "against-jobs", "job-run-job", "job-job"):
                    for ending in ("text.jsonl.zst", "rejects.jsonl.zst", "keys"):
                        got = b"".join(path.read_bytes() for path in sorted((self.folder / name / "parts").glob("*." + ending)))
                        self.assertEqual(got, self.bytes_of(f"all/parts/000002.{ending}"), (name, ending))
                    self.assertIn("whole", self.ftok("shards", "verify", name).stdout)
                for name in ("all", "crawl0", "crawl1", "crawl2", "job1", "job01", "run", "disk", "against-jobs", "job-run-job", "job-job"):
                    shutil.rmtree(self.folder / name)

    @starts_often
    def test_clusters_with_earlier_documents(self):
        """which may be what joins two later ones: kept ones, ids and sizes of a run over all"""
        for clusters, keep in (("one", "first"), ("sizes", "longest"), ("one", "longest")):
            with self.subTest(clusters=clusters, keep=keep):
                inputs, flags = self.crawls("--set", f"dedup.keep={keep}")
                flags = (*flags, "--set", f"dedup.clusters={clusters}")
                self.job(["--input", "in1.jsonl"], "job1", 2, *flags)
                against = ("--dedup-against", "crawl0", "--dedup-against", "job1")
                # With a rank, earlier documents come first whatever it is: the run over all is then told so by its order.
                together = ["--input", "in0.jsonl", "--input", "in1.jsonl", *inputs]
                first = [*flags[:-4], "--set", "dedup.keep=source-order", "--set", 'dedup.sources=["in0","in1"]', *flags[-2:]]
                self.ftok(*self.command(together, "together", *(flags if keep == "first" else first)))
                self.ftok(*self.command(inputs, "run", *flags, *against))
                self.job(inputs, "job", 3, *flags, *against)
                for ending in ("text.jsonl.zst", "rejects.jsonl.zst", "keys"):
                    self.assertEqual(*(b"".join(path.read_bytes() for path in sorted((self.folder / name / "parts").glob("*." + ending)))
                                       for name in ("run", "job")), ending)
                self.assertIn(", whole", self.ftok("shards", "verify", "job").stdout)
                of_last = lambda name: {row["id"]: row for ending in ("text", "rejects") for row in self.lines(name, f"{ending}.jsonl.zst")
                                        if row["id"].startswith("2-")}
                alone, whole = of_last("run"), of_last("together")
                self.assertEqual(alone.keys(), whole.keys())
                self.assertEqual({id: row["cluster_size"] for id, row in alone.items()}, {id: row["cluster_size"] for id, row in whole.items()})
                joined = {id for id, row in alone.items() if row["cluster_id"][:2] in ("0-", "1-")}
                self.assertEqual(joined, {id for id, row in whole.items() if row["cluster_id"][:2] in ("0-", "1-")})
                self.assertGreater(len(joined), 5)
                if keep == "first":
                    self.assertEqual(alone, whole)
                elif clusters == "one":
                    self.assertTrue(all("reason" in alone[id] for id in joined))
                for name in ("all", "crawl0", "crawl1", "crawl2", "job1", "together", "run", "job"):
                    shutil.rmtree(self.folder / name)

    def test_what_cannot_be_compared_is_refused(self):
        inputs, flags = self.crawls()
        against = ["--dedup-against", "crawl0"]
        for more, what in (((["--set", "minhash.seed=2"]), "its keys were made with other settings of minhash"),
                           ((["--set", "dedup.scope=crawl"]), 'its keys were made with dedup.scope = "run", this recipe has "crawl"'),
                           ((["--set", "dedup.scope=file"]), 'dedup.scope is "file", expected run or crawl'),
                           (["--dedup-against", "nowhere"], "deduplication against nowhere: it holds no manifest.json")):
            self.one_line(self.ftok(*self.command(inputs, "out", *flags, *against, *more), code=2), what)
        self.assertFalse((self.folder / "out").exists())
        self.ftok(*self.command(inputs, "out", *flags, *against))
        self.one_line(self.ftok(*self.command(inputs, "out", *flags), code=2), "out was made with another recipe")
        for name in ("planned", "begun"):
            self.ftok("plan", *self.command(inputs, name, *flags, *against)[1:], "--tasks", "1")
        for name in ("extract", "group", "decide"):
            self.ftok("task", "begun", name, "--all", "--quiet")
        shutil.copytree(self.folder / "crawl1", self.folder / "crawl0", dirs_exist_ok=True)
        self.one_line(self.ftok(*self.command(inputs, "out", *flags, *against), code=2), "dedup-against")
        changed = "crawl0/parts/000000.keys holds other keys than when the job was planned"
        self.one_line(self.ftok("task", "planned", "extract", "0", "--quiet", code=78), changed)
        self.one_line(self.ftok("task", "begun", "resolve", "0", "--quiet", code=78), changed)
        listed = self.folder / "begun" / "earlier.jsonl"
        listed.write_text(listed.read_text().replace("crawl0", "crawl1"))
        self.one_line(self.ftok("task", "begun", "resolve", "0", "--quiet", code=78), "earlier.jsonl is not as `ftok plan` wrote it")
        self.assertIn("earlier.jsonl", self.ftok("shards", "verify", "begun", code=1).stdout)
        listed.unlink()
        self.one_line(self.ftok("task", "begun", "resolve", "0", "--quiet", code=78), "earlier.jsonl is not as `ftok plan` wrote it")


if __name__ == "__main__":
    unittest.main()
