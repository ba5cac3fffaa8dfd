"""`ftok whatif` beside the runs it stands for: on the bundled sample, which has a record for each reason, every change of thresholds gives
the funnel of a run with them, document by document where one is named."""
import json
import unittest
from pathlib import Path

from checks import Checks

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE = ROOT / "share" / "sample" / "ftok-sample.warc.gz"

CHANGES = [
    ["gopher_quality.words_min=20", "gopher_quality.stop_words_min=0", "c4.sentences_min=2"],
    ["gopher_repetition.duplicate_lines_max=0.9", "gopher_repetition.duplicate_line_chars_max=0.9", "gopher_repetition.top_2gram_chars_max=0.5",
     "fineweb.duplicate_line_chars_max=0.5", "fineweb.newlines_per_word_max=2"],
    ["language.languages={en=0.99}", "fineweb.short_lines_max=0.1"],
]


class WhatIf(Checks):
    def setUp(self):
        super().setUp()
        # paths in the sample's recipe start at the root of the source tree
        self.write("recipe.toml", (ROOT / "share" / "sample" / "sample.toml").read_text().replace('"share/', f'"{ROOT}/share/'))
        self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "--measure", "m.jsonl", "--quiet")

    def whatif(self, *arguments, **keywords):
        return self.ftok("whatif", "m.jsonl", *arguments, **keywords)

    def run_with(self, sets):
        flags = [flag for each in sets for flag in ("--set", each)]
        done = self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "--output", f"out{len(list(self.folder.iterdir()))}", "--vocab",
                         "ftok-4k", "--quiet", "--json", *flags)
        result = json.loads(done.stdout)
        return {key: result[key] for key in ("documents", "kept", "dropped", "languages_dropped")}

    def test_the_funnel_is_that_of_a_run(self):
        base = self.run_with([])
        self.assertIn("dedup.exact", base["dropped"])
        self.assertIn("dedup.minhash", base["dropped"])
        for sets in CHANGES:
            replayed = json.loads(self.whatif("--json", *[flag for each in sets for flag in ("--set", each)]).stdout)
            self.assertEqual(replayed["measured"], base)
            expected = self.run_with(sets)
            self.assertEqual(replayed["whatif"], expected, sets)
            self.assertNotEqual(expected, base, sets)

    def test_the_table_and_the_documents_beside_a_threshold(self):
        text = self.whatif("--set", "gopher_quality.words_min=20", "--sample", "2", "--rule", "gopher_quality.too_short").stdout
        self.assertRegex(text, r"(?m)^    gopher_quality\.too_short +[1-9]\d* +\d+ +-\d+$")
        self.assertEqual(len([line for line in text.splitlines() if line.startswith("  passes")]), 2)
        rows = [json.loads(line) for line in (self.folder / "m.jsonl").read_text().splitlines()]
        samples = json.loads(self.whatif("--json", "--sample", "1", "--rule", "gopher_quality.too_short").stdout)["samples"]
        values = [m["value"] for row in rows for m in row["measures"] if m["rule"] == "gopher_quality.too_short"
                  and row["outcome"] in ("keep", "gopher_quality.too_short")]
        self.assertEqual([(s["value"], s["drops"], s["threshold"]) for s in samples],
                         [(max(v for v in values if v < 50), True, 50), (samples[1]["value"], False, 50)])
        self.assertLessEqual(samples[1]["value"], min(v for v in values if v >= 50))

    def test_the_screen_of_measure_says_what_kept_is(self):
        screen = self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "--measure", "n.jsonl").stdout
        self.assertTrue(screen.endswith("\nkept is counted before deduplication; `ftok whatif n.jsonl` shows what a run keeps\n"), screen)
        screen = self.ftok("run", "--recipe", "recipe.toml", "--set", "dedup.scope=off", "--input", SAMPLE, "--measure", "n.jsonl").stdout
        self.assertNotIn("deduplication", screen)

    def test_inputs_of_one_file_are_compared_each_by_itself(self):
        """With dedup.scope = file, also where a document without a text stands between two that are alike."""
        text = "The cat sat on the mat with the dog and that is to be of use."
        rows = [{"id": "a", "text": text}, {"id": "b", "text": ""}, {"id": "c", "text": text}]
        inputs = ["w1.jsonl", "w2.jsonl"]
        self.write("w1.jsonl", json.dumps({"id": "x", "text": text}) + "\n")
        self.write("w2.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        recipe = ["--set", 'stages=["http","extract","minhash","dedup"]', "--set", "dedup.scope=file"]
        self.ftok("run", "-q", *inputs, *recipe, "--measure", "w.jsonl")
        done = json.loads(self.ftok("run", "-q", "--json", *inputs, *recipe, "--output", "scope", "--vocab", "ftok-4k").stdout)
        replayed = json.loads(self.ftok("whatif", "--json", "w.jsonl").stdout)["measured"]
        self.assertEqual(done["dropped"], {"dedup.exact": 1, "text.empty": 1})
        self.assertEqual((replayed["kept"], replayed["dropped"]), (done["kept"], done["dropped"]))

    def test_a_language_that_is_a_label_alone_drops_nothing(self):
        recipe = ["--recipe", "recipe.toml", "--set", "language.label_only=true"]
        self.ftok("run", "-q", "--input", SAMPLE, *recipe, "--measure", "l.jsonl")
        before = json.loads(self.ftok("whatif", "--json", "l.jsonl").stdout)["measured"]
        after = json.loads(self.ftok("whatif", "--json", "l.jsonl", "--set", "language.languages={en=0.99}").stdout)["whatif"]
        self.assertEqual(after, before)
        self.assertEqual([reason for reason in before["dropped"] if reason.startswith("language.")], [])

    def test_what_is_refused(self):
        self.one_line(self.whatif("--set", 'preset="c4"', code=2), "--recipe")
        self.one_line(self.whatif("--set", "c4.line_words_min=5", code=2), "c4.line_words_min: no threshold")
        self.one_line(self.whatif("--set", "c4.sentence_min=5", code=2), "sentences_min")
        for key, value in (("rights.noai_drop", "true"), ("prose.score_min", "0.5"), ("refinedweb.words_removed_max", "0.2")):
            self.one_line(self.whatif("--set", f"{key}={value}", code=2), f"{key} is set, and stages does not list")
        self.one_line(self.whatif("--sample", "3", code=2), "--rule")
        for samples in ("0", "-1"):
            self.assertIn("--sample", self.whatif("--sample", samples, "--rule", "gopher_quality.too_short", code=2).stderr)
            self.assertNotIn("--rule", self.whatif("--sample", samples, code=2).stderr.splitlines()[0])
        self.one_line(self.whatif("--sample", "3", "--rule", "c4.nothing", code=1), "c4.nothing")
        self.one_line(self.whatif("--recipe", "fineweb-2024-04", "--set", "dedup.keep=longest", code=2), "dedup.keep")
        self.write("other.jsonl", '{"text": "no measures"}\n')
        self.one_line(self.ftok("whatif", "other.jsonl", code=2), "other.jsonl.recipe.toml")
        self.one_line(self.ftok("whatif", "other.jsonl", "--recipe", "recipe.toml", code=1), "other.jsonl: line 1")


if __name__ == "__main__":
    unittest.main()
