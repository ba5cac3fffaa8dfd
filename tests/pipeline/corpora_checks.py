#!/usr/bin/env python3
"""What a run or job makes other than one corpus in the order of its inputs: texts for another run to go on from (--stop-after), several
corpora (output.by), a shuffle (shards.shuffle), and what is left when documents are taken out later (remove-ids). All of it is the same
for a run and for a job of any number of tasks.

  FTOK=path/to/ftok corpora_checks.py [TestName...]
"""
import json, os, random, shutil, subprocess, tempfile, unittest
from pathlib import Path

import job_checks
from checks import FTOK, SANITIZED, faults, starts_often
from job_checks import ENDINGS, PASSES, Job, joined, shards
from run_checks import prose, response, write_warc

SHARES = Path(__file__).resolve().parents[2] / "share"


def lines(folder, ending):
    """the lines of all parts' files of this ending, in order"""
    paths = [str(path) for path in sorted((folder / "parts").glob("*" + ending))]
    text = subprocess.run(["zstd", "-dcq", *paths], capture_output=True, check=True).stdout.decode()
    return [json.loads(line) for line in text.splitlines()]


def shard_files(folder):
    """the same as shards(), also of formats with folders for each split"""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("ftok_*"))}


class CorporaChecks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="ftok-corpora-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.runs = {}
        names = []
        for i in range(3):  # page 3 stands in all inputs, 100 and 101 in two
            crawl = f"CC-MAIN-2024-{10 + 8 * (i % 2)}"
            (cls.folder / crawl).mkdir(exist_ok=True)
            write_warc(cls.folder / crawl / f"in{i}.warc.gz", [*range(100 * i, 100 * i + 8), 3, *range(100, 100 + i)])
            names.append(f"{crawl}/in{i}.warc.gz")
        (cls.folder / "a").mkdir()
        (cls.folder / "a" / "texts.jsonl").write_text("".join(json.dumps({"text": "\n\n".join(prose(seed))}) + "\n" for seed in (5, 900, 900, 901)))
        (cls.folder / "list").write_text("".join(name + "\n" for name in [*names, "a/texts.jsonl"]))
        rng = random.Random(4)
        for i in range(3):  # each text in all languages, and some languages that are no corpus
            with open(cls.folder / f"labelled{i}.jsonl", "w") as out:
                for j in range(24):
                    seed = 2000 + (j if i == 0 else rng.randrange(60))
                    out.write(json.dumps({"text": "\n\n".join(prose(seed, 12)), "id": f"doc-{i}-{j}", "language": rng.choice(["en", "de", "nl", ""])}) + "\n")
        (cls.folder / "labelled").write_text("".join(f"labelled{i}.jsonl\n" for i in range(3)))

    ftok, line, run_folder, check = (getattr(job_checks.JobChecks, name) for name in ("ftok", "line", "run_folder", "check"))

    def run_of(self, name, *flags, inputs="list", code=0):
        done = self.ftok("run", "--input-list", inputs, "--output", name, "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet", *flags, code=code)
        return self.folder / name if code == 0 else done

    def texts_of(self, folder, name):
        """the texts of a run or job that ended early, as a list of inputs"""
        (self.folder / name).write_text("".join(f"{path}\n" for path in sorted((folder / "parts").glob("*.text.jsonl.zst"))))
        return name

    # --- stop and start

    def test_a_run_in_two_is_one_run(self):
        for keep in ("first", "longest")[:1 if SANITIZED else None]:
            whole = self.run_folder(["--set", f"dedup.keep={keep}"])
            for stage in ("dedup", "language", "classifier")[:1 if SANITIZED else None]:
                with self.subTest(stage=stage, keep=keep):
                    stop = ["--set", f"dedup.keep={keep}", "--stop-after", stage]
                    first = self.run_folder(stop)
                    self.assertEqual(shards(first), {})
                    self.assertIn(", whole", self.ftok("shards", "verify", first).stdout)
                    job = Job(self, f"stopped-{stage}-{keep}", stop, 2).run()
                    self.check(job, stop)
                    start = ["--set", f"dedup.keep={keep}", "--start-after", stage]
                    from_run, from_job = (self.texts_of(folder, f"of-{folder.name}") for folder in (first, job.folder))
                    second = self.run_folder(start, from_run)
                    self.assertEqual(shards(whole), shards(second))
                    self.assertEqual(lines(whole, ".text.jsonl.zst"), lines(second, ".text.jsonl.zst"))
                    rejects = [[json.dumps(each) for each in lines(folder, ".rejects.jsonl.zst")]
                               for folder in (whole, first, second)]
                    self.assertEqual(sorted(rejects[0]), sorted(rejects[1] + rejects[2]))
                    self.assertEqual(shards(whole), shards(Job(self, f"started-{stage}-{keep}", start, 3, inputs=from_job).run().folder))

    def test_texts_have_all_fields(self):
        text = lines(self.run_folder(["--stop-after", "language"]), ".text.jsonl.zst")[0]
        self.assertEqual(text["stopped_after"], "language")
        self.assertEqual(text["title"], "A page 0")
        self.assertEqual(text["language"], "en")
        self.assertEqual(text["file_path"], "CC-MAIN-2024-10/in0.warc.gz")
        for key in ("canonical_url", "published", "author", "date", "charset", "offset", "dump"):
            self.assertIn(key, text)

    def test_markdown_changes_no_verdict_and_outlives_every_half(self):
        code = "<pre><code>turn the wheel\n\nopen the gate</code></pre>"
        table = "<table><tr><th>Year<th>Mills<tr><td>1871<td>12</table>"
        pages = []
        for seed in range(6):
            paragraphs = [f"<p>{p}</p>" for p in prose(seed)]
            if seed % 2:  # one of them is dropped for its bracket, with the code and without
                paragraphs[1:1] = [code.replace("gate", "{ gate") if seed == 5 else code, table]
            pages.append(response(seed, f"<title>Mill {seed}</title><article><h1>Mill {seed}</h1>{''.join(paragraphs)}</article>"))
        write_warc(self.folder / "mills.warc.gz", [], b"".join(pages))
        (self.folder / "mills").write_text("mills.warc.gz\n")
        outcomes = [], []
        folders = [self.run_of("mills-off", inputs="mills"), self.run_of("mills-on", "--set", "extract.markdown=true", inputs="mills")]
        for folder, outcome in zip(folders, outcomes):
            outcome += [(line["id"], "keep") for line in lines(folder, ".text.jsonl.zst")]
            outcome += [(line["id"], line["reason"]) for line in lines(folder, ".rejects.jsonl.zst")]
        self.assertEqual(*outcomes)
        self.assertIn(("urn:uuid:5", "c4.curly_bracket"), outcomes[0])
        texts = {line["id"]: line["text"] for line in lines(folders[1], ".text.jsonl.zst")}
        for id in ("urn:uuid:1", "urn:uuid:3"):
            self.assertIn("\n\n```\nturn the wheel\n\nopen the gate\n```\n\n| Year | Mills |\n| --- | --- |\n| 1871 | 12 |\n\n", texts[id])
            self.assertTrue(texts[id].startswith("# Mill "))
        stopped = self.run_of("mills-stopped", "--set", "extract.markdown=true", "--stop-after", "c4", inputs="mills")
        self.assertTrue(all(line["markdown"].startswith("# Mill") and line["lines"] for line in lines(stopped, ".text.jsonl.zst")))
        second = self.run_of("mills-second", "--set", "extract.markdown=true", "--start-after", "c4", inputs=self.texts_of(stopped, "of-mills"))
        self.assertEqual(shards(folders[1]), shards(second))
        self.assertEqual(lines(folders[1], ".text.jsonl.zst"), lines(second, ".text.jsonl.zst"))

    def test_stages_that_do_not_fit(self):
        for flags, what in ((["--stop-after", "fineweeb"], "the nearest is 'fineweb'"),
                            (["--stop-after", "http"], "after stage 'http' documents have no text yet; they get it in stage 'extract'"),
                            (["--stop-after", "minhash"], "texts do not hold the keys that 'dedup' compares"),
                            (["--start-after", "c4", "--stop-after", "c4"], "nothing runs after 'c4'"),
                            (["--start-after", "minhash"], "'dedup' needs bucket keys"),
                            (["--stop-after", "c4", "--no-text"], "--no-text: texts are all"),
                            (["--stop-after", "c4", "--dedup-against", "run"], "dedup.scope is \"off\"")):
            with self.subTest(flags):
                self.assertIn(what, self.line(self.run_of("misfit", *flags, code=2)))
        texts = self.texts_of(self.run_folder(["--stop-after", "language"]), "of-language")
        for stage, inputs in (("c4", texts), ("language", "labelled")):  # of another stage, of no run
            self.run_of(f"other-{stage}", "--start-after", stage, inputs=inputs)
            totals = json.loads((self.folder / f"other-{stage}" / "manifest.json").read_text())["totals"]
            self.assertEqual(totals["dropped"], {"text.other_stage": totals["documents"]})

    # --- shuffle

    def test_a_shuffle_is_that_of_tokenize(self):
        flags = ["--set", "shards.shuffle=7", "--set", "shards.validation_per_mille=200"]
        run = self.run_folder(flags)
        self.assertNotEqual(shards(run), shards(self.run_folder(flags[2:])))
        self.ftok("tokenize", "--vocab", "ftok-4k", "--shard-tokens", "2000", "--shuffle", "7", "--validation-per-mille", "200", "--quiet",
                  "--output", "tokenized", *sorted((run / "parts").glob("*.text.jsonl.zst")))
        self.assertEqual(shards(run), shards(self.folder / "tokenized"))
        self.assertNotEqual(shards(run), shards(self.run_folder(["--set", "shards.shuffle=8", *flags[2:]])))
        for tasks in (1, 3, 9):
            with self.subTest(tasks=tasks):
                self.check(Job(self, f"shuffled{tasks}", flags, tasks).run(), flags)

    def test_shuffles_of_next_to_nothing(self):
        for name, seeds in (("none", []), ("one", [0]), ("two", [0, 1])):
            write_warc(self.folder / f"{name}.warc.gz", seeds)
            (self.folder / f"{name}.list").write_text(f"{name}.warc.gz\n")
            for per_mille in (0, 5, 1000):
                flags = ["--set", f"shards.validation_per_mille={per_mille}", "--set", "shards.shuffle=1"]
                with self.subTest(documents=name, per_mille=per_mille):
                    self.check(Job(self, f"shuffled-{name}{per_mille}", flags, 2, inputs=f"{name}.list").run(), flags, f"{name}.list")

    def test_texts_that_are_equal_stand_by_their_ids(self):
        flags = ["--set", "shards.shuffle=3", "--set", "dedup.scope=off"]
        run = self.run_folder(flags)
        self.check(Job(self, "shuffled-equal", flags, 3).run(), flags)
        self.ftok("tokenize", "--vocab", "ftok-4k", "--shard-tokens", "2000", "--shuffle", "3", "--quiet", "--output", "equal",
                  *sorted((run / "parts").glob("*.text.jsonl.zst")))
        self.assertEqual(shards(run), shards(self.folder / "equal"))

    @starts_often
    def test_a_shuffled_run_killed_while_it_cuts(self):
        flags = ["--set", "shards.shuffle=7"]
        run = self.run_folder(flags)
        command = ["run", "--input-list", "list", "--output", "cut", "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet", *flags]
        points = self.points(command, "cut")
        for point in (points // 2, points - 9, points - 5, points - 2, points - 1):
            shutil.rmtree(self.folder / "cut", ignore_errors=True)
            done = subprocess.run([FTOK, *command], cwd=self.folder, capture_output=True, env=faults.killed_at(FTOK, point))
            self.assertNotEqual(done.returncode, 0)
            self.ftok(*command)
            self.assertEqual(shards(run), shards(self.folder / "cut"))
        inode = (self.folder / "cut" / "ftok_train_000000.bin").stat().st_ino
        self.ftok(*command)  # done: nothing is cut again
        self.assertEqual(inode, (self.folder / "cut" / "ftok_train_000000.bin").stat().st_ino)
        (self.folder / "longer").write_text((self.folder / "list").read_text() + "labelled0.jsonl\n")
        self.assertIn("inputs.list", self.line(self.ftok(*["longer" if x == "list" else x for x in command], code=2)))

    def points(self, command, name):
        """how many points of publishing the command has"""
        low, high = 1, 2
        def is_killed(point):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            return subprocess.run([FTOK, *command], cwd=self.folder, capture_output=True, env=faults.killed_at(FTOK, point)).returncode != 0
        while is_killed(high):
            low, high = high, 2 * high
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if is_killed(middle) else (low, middle)
        return high

    # --- several corpora

    ROUTES = ["--set", 'stages=["minhash","dedup"]', "--set", "output.by=language", "--set", 'output.corpora=["de","en"]']

    def check_routed(self, job, flags, inputs):
        run = self.run_folder(flags, inputs)
        names = json.loads((run / "manifest.json").read_text())["corpora"]
        self.assertEqual(sorted(path.name for path in (job.folder / "corpora").iterdir()), sorted(names))
        for place in ("", *(f"corpora/{name}" for name in names)):
            self.assertEqual(shards(run / place), shards(job.folder / place), place)
            for ending in ENDINGS:
                self.assertEqual(joined(run / place, ending), joined(job.folder / place, ending), ending)
            totals = [json.loads((folder / place / "manifest.json").read_text())["totals"] for folder in (run, job.folder)]
            self.assertEqual(*totals)
        for folder in (run, job.folder):
            self.assertIn(", whole", self.ftok("shards", "verify", folder).stdout)
        return names

    def test_each_corpus_is_that_of_a_run_over_its_documents(self):
        run = self.run_folder(self.ROUTES, "labelled")
        totals = json.loads((run / "manifest.json").read_text())["totals"]
        counts = {}
        for i in range(3):
            documents = [json.loads(line) for line in (self.folder / f"labelled{i}.jsonl").read_text().splitlines()]
            for document in documents:
                counts[document["language"]] = counts.get(document["language"], 0) + 1
            for language in ("de", "en"):
                path = self.folder / language / f"labelled{i}.jsonl"
                path.parent.mkdir(exist_ok=True)
                path.write_text("".join(json.dumps(document) + "\n" for document in documents if document["language"] == language))
        self.assertEqual(totals["routed"], {"de": counts["de"], "en": counts["en"]})
        self.assertEqual(totals["dropped"], {"output.no_corpus": counts["nl"] + counts[""]})
        self.assertEqual(totals["languages_dropped"], {"nl": counts["nl"], "?": counts[""]})
        self.assertEqual(totals["documents"], 72)
        kept, others = {}, ["--vocab", "ftok-4k", "--shard-tokens", "2000"]
        for language in ("de", "en"):
            (self.folder / f"{language}.list").write_text("".join(f"{language}/labelled{i}.jsonl\n" for i in range(3)))
            alone = self.run_of(f"alone-{language}", *self.ROUTES[:2], inputs=f"{language}.list")
            corpus = run / "corpora" / language
            self.assertEqual(shards(alone), shards(corpus))
            self.assertGreater(len(shards(corpus)), 4)
            own = json.loads((corpus / "manifest.json").read_text())
            self.assertEqual((own["corpus"], own["totals"]["documents"]), (language, counts[language]))
            self.assertEqual(own["totals"]["languages_kept"], {language: own["totals"]["kept"]})
            kept[language] = own["totals"]["kept"]
            self.assertGreater(sum(own["totals"]["dropped"].values()), 0)
            self.assertIn(", whole", self.ftok("shards", "verify", corpus).stdout)
            self.assertEqual(self.ftok("shards", "cat", corpus).stdout, self.ftok("shards", "cat", alone).stdout)
        shown = self.ftok("run", "--input-list", "labelled", "--output", run, *others, *self.ROUTES).stdout
        self.assertIn("\n  kept by language: " + ", ".join(f"{name} {kept[name]}" for name in sorted(kept, key=lambda name: (-kept[name], name))) + "\n", shown)
        self.assertNotIn("kept by language", self.ftok("run", "--input-list", "de.list", "--output", "alone-de", *others, *self.ROUTES[:2]).stdout)
        self.ftok("train", "tiny", "--data", run / "corpora" / "en", "--output", "model", "--steps", "1")
        result = json.loads(self.ftok("run", "--input-list", "labelled", "--output", run, "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet",
                                      "--json", "--max-failed-inputs", "9", *self.ROUTES).stdout)
        self.assertEqual(result["documents"], 72)
        self.assertEqual(result["kept"] + sum(result["dropped"].values()), 72)
        self.assertEqual(result["corpora"]["de"]["documents"], counts["de"])

    OWN_FILTER = ["--set", 'stages=["en_words","minhash","dedup"]', *ROUTES[2:], "--set", "en_words.kind=gopher_quality", "--set", 'en_words.only=["en"]',
                  "--set", "en_words.words_min=1000000"]

    @starts_often
    def test_a_corpus_has_filters_of_its_own(self):
        plain = self.run_folder(self.ROUTES, "labelled")
        run = self.run_folder(self.OWN_FILTER, "labelled")
        before, totals = [json.loads((folder / "manifest.json").read_text())["totals"] for folder in (plain, run)]
        self.assertEqual(totals["dropped"], {**before["dropped"], "en_words.too_short": before["routed"]["en"]})
        self.assertEqual(totals["routed"], {"de": before["routed"]["de"]})
        self.assertEqual(shards(run / "corpora/de"), shards(plain / "corpora/de"))
        self.check_routed(Job(self, "filtered", self.OWN_FILTER, 2, inputs="labelled").run(), self.OWN_FILTER, "labelled")

    @starts_often
    def test_routed_jobs(self):
        rejects = [*self.ROUTES, "--rejects", "text", "--set", "shards.shuffle=1"]
        recipes = [rejects, self.ROUTES, [*self.ROUTES, "--set", "dedup.keep=longest"], [*self.ROUTES, "--stop-after", "dedup"]]
        for number, flags in enumerate(recipes):
            with self.subTest(flags):
                job = Job(self, f"routed{number}", flags, 2, inputs="labelled")
                self.assertEqual([job.passes[name] for name in PASSES], [2, 6, 6, 6, 6, 6, 3])
                job.run()
                self.check_routed(job, flags, "labelled")
                status = job.status()
                self.assertEqual([each["done"] for each in status["passes"]], [2, 6, 6, 6, 6, 6, 3])
                self.assertEqual(sum(source["tally"]["documents"] for source in status["sources"]), 72)
        corpus = job.folder / "corpora" / "de"
        self.assertIn("is a corpus of a job", self.line(self.ftok("task", corpus, "extract", "0", code=2)))
        self.assertIn("was done already", self.ftok("task", corpus, "cut", "1", "--quiet").stdout)
        path = corpus / "parts" / "000001.keys"
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertIn("000001.keys", self.ftok("shards", "verify", job.folder, code=1).stdout)
        self.assertIn(": done", job.task("extract", 1).stdout)
        self.assertEqual(path.read_bytes(), whole)
        self.ftok("job", "clean", job.name)
        self.assertEqual([str(path) for path in job.folder.rglob("work")], [])
        self.check_routed(job, flags, "labelled")

    @starts_often
    def test_by_a_score(self):
        flags = ["--set", 'stages=["classifier","minhash","dedup"]', "--set", f"classifier.model={SHARES}/models/ftok-lid.ftz", "--set",
                 "classifier.label=en", "--set", "output.by=classifier_score", "--set", 'output.bounds=["0.5","0.95"]']
        names = self.check_routed(Job(self, "scored", flags, 2).run(), flags, "list")
        self.assertEqual(names, ["below-0.5", "0.5-0.95", "from-0.95"])
        for name, low, high in (("below-0.5", -1, 0.5), ("0.5-0.95", 0.5, 0.95), ("from-0.95", 0.95, 2)):
            for text in lines(self.run_folder(flags) / "corpora" / name, ".text.jsonl.zst"):
                self.assertTrue(low <= text["classifier_score"] < high, text)

    @starts_often
    def test_a_routed_run_in_halves_and_killed(self):
        run = self.run_folder(self.ROUTES, "labelled")
        command = ["run", "--input-list", "labelled", "--output", "halves", "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet", *self.ROUTES]
        same = lambda name: [self.assertEqual(shards(run / place), shards(self.folder / name / place)) for place in ("corpora/de", "corpora/en")]
        self.ftok(*command, "--only", "extract", "--task", "1/2")
        self.assertIn("extract, then commit again", self.line(self.ftok(*command, "--only", "commit", code=75)))
        self.ftok(*command, "--only", "extract", "--task", "0/2")
        self.ftok(*command, "--only", "commit")
        same("halves")
        (self.folder / "labelled2").write_text("labelled0.jsonl\nlabelled1.jsonl\n")
        self.run_of("grown", *self.ROUTES, inputs="labelled2")
        self.run_of("grown", *self.ROUTES, inputs="labelled")
        same("grown")
        killed = ["killed" if x == "halves" else x for x in command]
        points = self.points(killed, "killed")
        for point in range(2, points, 7):
            shutil.rmtree(self.folder / "killed", ignore_errors=True)
            subprocess.run([FTOK, *killed], cwd=self.folder, capture_output=True, env=faults.killed_at(FTOK, point))
            self.ftok(*killed)
            same("killed")
            self.assertIn(", whole", self.ftok("shards", "verify", "killed").stdout)

    def test_routes_that_do_not_fit(self):
        for values, what in ((["by=language", "bounds=[\"1\"]"], "output.bounds: has no use"), (["by=quality_score"], "is neither language nor the score"),
                             (["corpora=[\"de\"]"], "output.by: missing"), (["by=language", "corpora=[\"../x\"]"], "cannot name a corpus"),
                             (["by=language", "corpora=[\"de\",\"de\"]"], "'de' is listed twice"),
                             (["by=language", "language.label_only=true"], "output.corpora: missing")):
            flags = [each for value in values for each in ("--set", value if "." in value.split("=")[0] else f"output.{value}")]
            with self.subTest(values):
                self.assertIn(what, self.line(self.run_of("misrouted", *flags, code=2)))
        classifier = ["--set", f"classifier.model={SHARES}/models/ftok-lid.ftz", "--set", "classifier.label=en", "--set", "output.by=classifier_score"]
        for bounds, what in (("[]", "output.bounds: missing"), ('["0.5","0.5"]', "expected numbers, ascending"), ('["x"]', "got 'x'")):
            self.assertIn(what, self.line(self.run_of("misrouted", *classifier, "--set", f"output.bounds={bounds}", code=2)))
        self.assertIn("it holds no manifest.json", self.line(self.run_of("misrouted", "--set", "output.by=language", "--dedup-against", "x", code=2)))

    def test_routed_against_routed(self):
        """each corpus against that of its name: the verdicts of a run over both"""
        flags = [*self.ROUTES, "--set", "dedup.scope=run"]
        again = (self.folder / "labelled0.jsonl").read_text().replace("doc-0-", "doc-9-").splitlines(keepends=True)[::2]
        (self.folder / "labelled9.jsonl").write_text("".join(again) + (self.folder / "labelled1.jsonl").read_text())
        for name, places in (("both", (0, 9)), ("first", (0,)), ("second", (9,))):
            (self.folder / f"{name}.routed").write_text("".join(f"labelled{i}.jsonl\n" for i in places))
        both, first = (self.run_of(f"{name}-routed", *flags, inputs=f"{name}.routed") for name in ("both", "first"))
        second = self.run_of("second-routed", *flags, "--dedup-against", first, inputs="second.routed")
        job = Job(self, "second-job", [*flags, "--dedup-against", str(first)], 2, inputs="second.routed").run()
        for language in ("de", "en"):
            for ending in ENDINGS:
                expected = (both / "corpora" / language / "parts" / f"000001{ending}").read_bytes()
                self.assertEqual((second / "corpora" / language / "parts" / f"000000{ending}").read_bytes(), expected, ending)
                self.assertEqual(joined(job.folder / "corpora" / language, ending), expected, ending)
            earlier = {row["duplicate_of"] for row in lines(second / "corpora" / language, ".rejects.jsonl.zst")}
            self.assertTrue(any(one.startswith("doc-0-") for one in earlier), earlier)
            manifests = [json.loads((folder / "corpora" / language / "manifest.json").read_text()) for folder in (second, job.folder)]
            self.assertEqual(*(manifest["digests"]["dedup-against"] for manifest in manifests))
        self.assertIn(", whole", self.ftok("shards", "verify", job.folder).stdout)
        plain = self.run_of("unrouted", "--set", "dedup.scope=run", inputs="first.routed")
        self.assertIn("were not routed", self.line(self.run_of("misrouted", *flags, "--dedup-against", plain, inputs="second.routed", code=2)))

    # --- removal

    def documents(self, folder):
        return [(each["id"], each["text"]) for each in map(json.loads, self.ftok("shards", "cat", folder, "--json").stdout.splitlines())]

    def take_down(self, name, ids, code=0):
        (self.folder / "takedown").write_text("# asked for on Monday\n" + "".join(f"{each}\n" for each in ids))
        return self.ftok("remove-ids", name, "takedown", "--json", code=code)

    def removed(self, folder, ids):
        """the documents are gone from shards and texts, the others are as they were, and so are shards that held none"""
        before, files = self.documents(folder), shard_files(folder)
        texts, rejects = lines(folder, ".text.jsonl.zst"), lines(folder, ".rejects.jsonl.zst")
        done = json.loads(self.take_down(folder, [*ids, "nobody"]).stdout)
        self.assertEqual(done["not_found"], ["nobody"])
        self.assertEqual(done["folders"][0]["documents"], sum(each[0] in ids for each in before))
        self.assertEqual(self.documents(folder), [each for each in before if each[0] not in ids])
        self.assertEqual(lines(folder, ".text.jsonl.zst"), [each for each in texts if each["id"] not in ids])
        self.assertEqual(lines(folder, ".rejects.jsonl.zst"), [each for each in rejects if each["id"] not in ids or "text" not in each])
        self.assertIn(", whole", self.ftok("shards", "verify", folder).stdout)
        receipt = json.loads((folder / "removals" / "000001.json").read_text())
        changed = {each["name"] for each in receipt["files"]}
        for name, content in shard_files(folder).items():
            self.assertEqual(content == files[name], name not in changed, name)
        self.assertTrue(any(name in changed for name in files) and any(name not in changed for name in files))
        again = json.loads(self.take_down(folder, [*ids, "nobody"]).stdout)
        self.assertEqual(again["folders"][0]["documents"], 0)
        self.assertEqual(sorted(again["not_found"]), sorted([*ids, "nobody"]))
        self.assertFalse((folder / "removals" / "000002.json").exists())

    def copy(self, folder, name):
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(folder, self.folder / name)
        return self.folder / name

    def test_removal_from_runs(self):
        for form in ("llmc", "megatron", "litdata"):
            flags = ["--set", f"shards.format={form}", "--rejects", "text"]
            folder = self.copy(self.run_folder(flags), f"removed-{form}")
            ids = [each[0] for each in self.documents(folder)]
            with self.subTest(form):
                self.removed(folder, [ids[0], ids[7], ids[-1]])
        refused = self.ftok("run", "--input-list", "list", "--output", folder, "--vocab", "ftok-4k", "--shard-tokens", "2000", "--quiet", *flags, code=2)
        self.assertIn("documents were removed from it", self.line(refused))
        # What is listed as removed and is there all the same is found, and so is a receipt that was changed.
        there = self.copy(self.run_folder(["--set", "shards.format=llmc", "--rejects", "text"]), "still-there")
        shutil.copytree(self.folder / "removed-llmc" / "removals", there / "removals")
        self.assertIn("which was removed", self.ftok("shards", "verify", there, code=1).stdout)
        receipt = self.folder / "removed-llmc" / "removals" / "000001.json"
        receipt.write_bytes(receipt.read_bytes().replace(b'"texts"', b'"text5"'))
        self.assertIn("000001.json", self.ftok("shards", "verify", "removed-llmc", code=1).stdout)

    def test_removal_from_jobs(self):
        job = Job(self, "removed-job", ["--rejects", "text"], 3).run()
        self.assertIn("`ftok job clean", self.line(self.take_down(job.name, ["x"], code=1)))
        self.ftok("job", "clean", job.name)
        ids = [each[0] for each in self.documents(job.folder)]
        self.removed(job.folder, [ids[2], ids[9]])
        self.assertIn("was done already", job.task("cut", 1).stdout)
        (job.folder / "receipts" / "cut" / "000001.json").unlink()
        self.assertIn("its tasks are not done again", self.line(job.task("cut", 1, code=78)))

    @starts_often
    def test_removal_killed_anywhere(self):
        run = self.run_folder(["--rejects", "text"])
        ids = [each[0] for each in self.documents(run)][1:40:6]
        whole = self.copy(run, "whole-removal")
        self.take_down(whole, ids)
        left = lambda folder: {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
        kills = 0
        for point in range(1, 200, 3):
            folder = self.copy(run, "killed-removal")
            done = subprocess.run([FTOK, "remove-ids", folder, "takedown"], cwd=self.folder, capture_output=True, env=faults.killed_at(FTOK, point))
            if done.returncode == 0:
                break
            kills += 1
            self.ftok("remove-ids", folder, "takedown")
            self.assertEqual(left(folder), left(whole))
        self.assertGreater(kills, 8)

    def test_removal_from_corpora_and_what_is_refused(self):
        folder = self.copy(self.run_folder(self.ROUTES, "labelled"), "removed-corpora")
        ids = [self.documents(folder / "corpora" / name)[3][0] for name in ("de", "en")]
        done = json.loads(self.take_down(folder, ids).stdout)
        self.assertEqual([each["documents"] for each in done["folders"]], [0, 1, 1])
        self.assertIn(", whole", self.ftok("shards", "verify", folder).stdout)
        (self.folder / "nobody").write_text("\n")
        self.assertIn("names no document", self.line(self.ftok("remove-ids", folder, "nobody", code=2)))
        self.assertIn("a is not a finished output folder: manifest.json is missing", self.line(self.ftok("remove-ids", "a", "takedown", code=1)))
        self.run_of("unfinished", "--only", "extract", "--task", "0/2")
        self.run_of("unfinished", "--only", "commit", code=75)
        self.assertIn("unfinished holds a run that has not ended", self.line(self.ftok("remove-ids", "unfinished", "takedown", code=1)))
        damaged = folder / "corpora" / "de" / "ftok_train_000000.docs"
        damaged.write_bytes(damaged.read_bytes()[:-1])
        self.assertIn("is not what the manifest lists", self.line(self.take_down(folder, ["x"], code=1)))


if __name__ == "__main__":
    unittest.main()
