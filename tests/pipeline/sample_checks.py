#!/usr/bin/env python3
"""`ftok run` on the bundled sample: what became of every single record, compared with share/sample/expected.tsv.

  FTOK=path/to/ftok sample_checks.py [TestName...]

Needs the zstd program. Exit code 77 (skipped) without it, or when there is no language model, bundled or in $FTOK_TEST_DATA.
"""
import collections, json, os, re, shutil, subprocess, sys, tempfile, unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from test_folders import TEST_DATA

SAMPLE = ROOT / "share" / "sample"
FTOK = os.path.abspath(os.environ.get("FTOK", "build/release/ftok"))

# Kinds of stage that no recipe of FineWeb's has: their unit tests drop something under each of their reasons.
OF_OTHER_RECIPES = {"prose", "refinedweb", "rights"}
# Reasons no record of a WARC file can meet with this recipe, each with the earlier rule that takes all that would.
UNREACHABLE = {
    "gopher_repetition.empty": "extract.no_text",
    "fineweb.empty": "c4.too_few_sentences",
}

# Measurements that decide nothing.
MEASURED_ONLY = {"extract.steps", "minhash.shingles"}


def language_model():
    if any((ROOT / "share" / "models").glob("*.ftz")):
        return []
    path = TEST_DATA / "lid" / "lid.176.ftz"
    return ["--language-model", str(path)] if path.exists() else None


def zstd_lines(path):
    text = subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, check=True).stdout.decode("utf-8")
    return [json.loads(line) for line in text.splitlines()]


class SampleChecks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="ftok-sample-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.expected = [tuple(line.split("\t")) for line in (SAMPLE / "expected.tsv").read_text("utf-8").splitlines()]
        cls.arguments = ["run", "--recipe", "share/sample/sample.toml", "--input", "share/sample/ftok-sample.warc.gz",
                         "--quiet", "--json", *language_model()]
        cls.result = json.loads(cls.ftok("--output", str(cls.folder / "out"), "--vocab", "ftok-50k"))
        parts = cls.folder / "out" / "parts"
        cls.kept = zstd_lines(parts / "000000.text.jsonl.zst")
        cls.rejects = zstd_lines(parts / "000000.rejects.jsonl.zst")

    @classmethod
    def ftok(cls, *flags):
        done = subprocess.run([FTOK, *cls.arguments, *flags], capture_output=True, text=True, cwd=ROOT)
        if done.returncode != 0:
            raise AssertionError(done.stderr[-3000:])
        return done.stdout

    @classmethod
    def other(cls, *command):
        return subprocess.run([FTOK, *command], capture_output=True, text=True, cwd=ROOT, check=True).stdout

    def text_of(self, slug):
        texts = [d["text"] for d in self.kept if f"/{slug}.html" in d["url"]]
        self.assertEqual(len(texts), 1, slug)
        return texts[0]

    def test_every_record_meets_its_expected_end(self):
        documents = collections.Counter(row for row in self.expected if not row[1].startswith("skip."))
        got = collections.Counter([(d["url"], "kept") for d in self.kept] + [(d["url"], d["reason"]) for d in self.rejects])
        self.assertEqual(sorted((documents - got).elements()), [], "expected, and not so")
        self.assertEqual(sorted((got - documents).elements()), [], "not expected")

    def test_every_record_is_counted_once(self):
        counts = collections.Counter(outcome for _, outcome in self.expected)
        skipped = {key[5:]: n for key, n in counts.items() if key.startswith("skip.")}
        dropped = {key: n for key, n in counts.items() if "." in key and not key.startswith("skip.")}
        self.assertEqual(self.result["skipped"], skipped)
        self.assertEqual(self.result["dropped"], dropped)
        self.assertEqual(self.result["kept"], counts["kept"])
        self.assertEqual(self.result["records"], len(self.expected))

    def test_every_rule_of_every_stage_drops_something(self):
        # What a kept document was measured for is every rule there is.
        self.ftok("--measure", str(self.folder / "measures.jsonl"))
        with open(self.folder / "measures.jsonl", encoding="utf-8") as lines:
            measured = [json.loads(line) for line in lines]
        rules = {m["rule"] for d in measured if d["outcome"] in ("keep", "kept") for m in d["measures"]} - MEASURED_ONLY
        outcomes = {outcome for _, outcome in self.expected}
        self.assertGreaterEqual(len(rules), 40)
        self.assertEqual(sorted(rules - outcomes), sorted(UNREACHABLE), "rules that are no record's outcome")

    def test_every_kind_of_stage_runs_on_the_sample(self):
        kinds = [json.loads(line) for line in self.other("recipe", "kinds", "--json").splitlines()]
        shown = self.other("recipe", "show", "share/sample/sample.toml", "--plain")
        stages = json.loads(re.search(r"^stages = (.*)$", shown, re.M).group(1))
        expected = [kind["name"] for kind in kinds if not kind["idle"] and kind["name"] not in OF_OTHER_RECIPES]  # what is idle waits for a model of the user's
        self.assertEqual(sorted(set(expected) - set(stages)), [], "add them to stages in share/sample/sample.toml")

    def test_every_reason_is_in_the_documents(self):
        pages = "".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))
        reasons = {outcome for _, outcome in self.expected if "." in outcome and not outcome.startswith("skip.")}
        missing = [reason for reason in sorted(reasons)
                   if not re.search(rf"`{re.escape(reason)}`|`{re.escape(reason.partition('.')[2])}`", pages)]
        self.assertEqual(missing, [])

    def test_enough_distinct_documents_of_150_words(self):
        long_ones = [d for d in self.kept if len(d["text"].split()) >= 150]
        self.assertGreaterEqual(len(long_ones), 60)
        shingles = []
        for document in long_ones:
            words = re.findall(r"\w+", document["text"].lower())
            shingles.append({tuple(words[i:i + 5]) for i in range(len(words) - 4)})
        for i, a in enumerate(shingles):
            for b in shingles[:i]:
                self.assertLess(len(a & b) / len(a | b), 0.2)

    def test_charsets_come_out_as_characters(self):
        for slug, words in {"euler-bridges": "Königsberg", "brass-valves": "Stölzel and Blühmel", "pencil-lead": "Conté",
                            "translators-problem": "hygge", "swifts": "they are back",
                            "umbrella": "Hanway", "hand-saw": "The knife severs the fibres", "zero": "Brahmagupta"}.items():
            self.assertIn(words, self.text_of(slug))
        self.assertEqual([d["url"] for d in self.kept if "\ufffd" in d["text"]], [])

    def test_boilerplate_stays_out(self):
        for document in self.kept:
            for phrase in ("cookie", "All rights reserved", "Newsletter", "Recent posts", "Log in", "dataLayer", "Advertisement"):
                self.assertNotIn(phrase, document["text"], document["url"])

    def test_personal_data_is_replaced_and_special_tokens_are_text(self):
        text = self.text_of("personal-data")
        self.assertNotIn("hollin-parish", text)
        self.assertIn("email@example.com", text)
        for public in ("93.184.216.34", "151.101.1.69"):
            self.assertNotIn(public, text)
        for private in ("192.168.1.20", "10.0.0.7"):
            self.assertIn(private, text)
        self.assertEqual(self.text_of("special-token").count("<|endoftext|>"), 2)

    def test_rejects_say_which_document_they_repeat(self):
        duplicates = [d for d in self.rejects if d["reason"].startswith("dedup.")]
        self.assertEqual(len(duplicates), 5)
        kept_ids = {d["id"] for d in self.kept}
        for document in duplicates:
            self.assertIn(document["duplicate_of"], kept_ids)


if __name__ == "__main__":
    if shutil.which("zstd") is None or language_model() is None:
        print("SKIPPED: needs the zstd program and a language model, bundled or in the test data (set FTOK_TEST_DATA)")
        sys.exit(77)
    unittest.main(verbosity=1)
