// What may be replayed: each threshold decides its own rule and nothing else, and every other key is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "pipeline/stage_kinds.h"
#include "pipeline/whatif/changes.h"
#include "pipeline/whatif/row.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

// Sets one key of a stage to another number.
class Raise : public OptionVisitor {
 public:
  explicit Raise(std::string_view key) : key_(key) {}
  void field(std::string_view key, int64_t& value, std::string_view) override {
    if (key == key_) value += 1, ++found;
  }
  void field(std::string_view key, double& value, std::string_view) override {
    if (key == key_) value += 0.25, ++found;
  }
  void field(std::string_view, bool&, std::string_view) override {}
  void field(std::string_view, std::string&, std::string_view) override {}
  void field(std::string_view, std::vector<std::string>&, std::string_view) override {}
  void field(std::string_view, std::map<std::string, double>&, std::string_view) override {}
  void choice(std::string_view, std::string&, const std::vector<std::string>&, std::string_view) override {}

  int found = 0;

 private:
  std::string_view key_;
};

TEST(WhatIf, AThresholdDecidesItsOwnRuleAndNothingElse) {
  Document text;
  for (int i = 0; i < 40; ++i)
    text.text += "The mill of the village has a wheel and a roof, they say. Twice " + std::to_string(i) + "...\n";
  size_t thresholds = 0;
  for (const StageKind* const listed : stage_kinds()) {
    const StageKind& kind = *listed;
    if (!kind.is_text_filter() || kind.options(RuleSet::kHead)->idle()) continue;
    const auto report_of = [&](const StageOptions& options, std::string& rewritten) {
      Document document;
      document.text = text.text;
      Report report;
      StageContext context;
      context.name = kind.name;
      context.model = [](const std::string& name) {
        return (testing::source_folder() / "share/models" / (name + ".ftz")).string();
      };
      make_stage(kind, options, context)->process(document, &report);
      rewritten = document.text;
      return report;
    };
    for (const ThresholdKey& threshold : kind.thresholds) {
      const auto options = kind.options(RuleSet::kHead);
      const std::string rule = std::string(kind.name) + "." + std::string(threshold.rule);
      std::string before_text, after_text;
      Report before = report_of(*options, before_text);
      Raise raise(threshold.key);
      if (std::none_of(before.measurements.begin(), before.measurements.end(),
                       [&](const Measurement& m) { return m.rule.view() == rule; })) {  // the rule is off
        options->visit(raise);
        before = report_of(*options, before_text);
      }
      options->visit(raise);
      ASSERT_GE(raise.found, 1) << kind.name << "." << threshold.key;
      const Report after = report_of(*options, after_text);
      ASSERT_EQ(before.measurements.size(), after.measurements.size());
      bool changed = false;
      for (size_t i = 0; i < before.measurements.size(); ++i) {
        const Measurement &a = before.measurements[i], &b = after.measurements[i];
        EXPECT_EQ(a.value, b.value) << rule;
        if (a.threshold == b.threshold) continue;
        EXPECT_EQ(a.rule.view(), rule);
        EXPECT_STRNE(a.relation, "");
        changed = true;
      }
      EXPECT_TRUE(changed) << rule;
      ++thresholds;
    }
  }
  // gopher_repetition, gopher_quality, c4, fineweb, refinedweb, prose
  EXPECT_EQ(thresholds, 13u + 10 + 2 + 4 + 1 + 2);
}

ThresholdChanges changes(const std::vector<std::string>& measured, std::vector<std::string> changed) {
  changed.insert(changed.begin(), measured.begin(), measured.end());
  return threshold_changes(load_recipe("fineweb-2024-04", measured), load_recipe("fineweb-2024-04", changed));
}

std::string refused(const std::vector<std::string>& measured, const std::vector<std::string>& changed) {
  try {
    changes(measured, changed);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(WhatIf, KeysThatCanBeReplayed) {
  EXPECT_TRUE(changes({}, {}).empty());
  EXPECT_TRUE(changes({}, {"gopher_quality.words_min=50"}).empty());  // what it was
  const ThresholdChanges some = changes({}, {"gopher_quality.words_min=30", "fineweb.newlines_per_word_max=0.5"});
  EXPECT_EQ(some.thresholds.at("gopher_quality.too_short"), 30);
  EXPECT_EQ(some.thresholds.at("fineweb.list"), 0.5);
  EXPECT_EQ(some.thresholds.size(), 2u);
  const ThresholdChanges language = changes({}, {"language.languages={en=0.9}"});
  EXPECT_EQ(language.language, "en");
  EXPECT_EQ(language.language_threshold, 0.9);
  EXPECT_TRUE(changes({"minhash.keep_signature=true"}, {"dedup.verify_jaccard=0.8"}).changes_dedup);
}

TEST(WhatIf, ALabelThatDropsNothingHasNoThreshold) {
  EXPECT_TRUE(
      changes({"language.label_only=true"}, {"language.label_only=true", "language.languages={en=0.9}"}).empty());
}

TEST(WhatIf, KeysThatCannotAreRefusedByName) {
  for (const char* const set :
       {"c4.line_words_min=5", "fineweb.short_line_chars=40", "gopher_repetition.parts_max=9", "minhash.seed=2",
        "gopher_quality.stop_words=[\"der\"]", "dedup.scope=run", "extract.markdown=true", "url.soft_words_min=3",
        "language.languages={de=0.65}", "language.languages={en=0.5, de=0.5}", "classifier.score_min=0.5",
        "gopher_quality.lines=prose", "shards.shuffle=1"}) {
    const std::string key = std::string(set).substr(0, std::string(set).find('='));
    EXPECT_EQ(refused({}, {set}).substr(0, key.size() + 1), key + ":") << set;
  }
}

TEST(WhatIf, ARowReadBack) {
  MeasuredRowReader reader;
  const MeasuredRow* const row = reader.read(
      R"({"id":"a","url":"","outcome":"c4.x","language":"en","language_score":0.5,"measures":[{"rule":"c4.x","value":3,)"
      R"("relation":"<","threshold":5,"drops":true,"detail":"d"},{"rule":"pii.email","value":0,"relation":"","threshold":0,)"
      R"("drops":false}],"input":2,"dedup_keys":"00000000000000ffffffffffffffffff"})");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->outcome, "c4.x");
  ASSERT_EQ(row->measures.size(), 2u);
  EXPECT_EQ(row->measures[0].relation, Relation::kLess);
  EXPECT_TRUE(drops_at(Relation::kLess, row->measures[0].value, 3.5));
  EXPECT_FALSE(drops_at(Relation::kLess, row->measures[0].value, 3));
  EXPECT_EQ(row->measures[1].relation, Relation::kNone);
  EXPECT_EQ(row->input, 2u);
  EXPECT_EQ(row->keys, (std::vector<uint64_t>{255, UINT64_MAX}));
  for (const char* const bad : {"", "[]", "{}", "{\"outcome\":\"keep\"}", "{\"outcome\":\"keep\",\"measures\":[{}]}",
                                "{\"outcome\":\"keep\",\"measures\":[],\"dedup_keys\":\"12\"}", "{\"outcome\":"}) {
    EXPECT_EQ(reader.read(bad), nullptr) << bad;
  }
}

}  // namespace
}  // namespace ftok
