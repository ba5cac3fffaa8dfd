// Measures in columns answer what they answer row by row, exactly.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "dedup/deduplicator.h"
#include "pipeline/whatif.h"
#include "tests/reference/slow_whatif.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::slow_what_if;

struct Rule {
  const char *name, *relation;
  double threshold;
  bool is_count;
};

// In the order of the recipe; refinedweb stands behind deduplication below.
constexpr Rule kRules[] = {{"gopher_repetition.duplicate_lines", ">", 0.3, false},
                           {"gopher_quality.too_short", "<", 50, true},
                           {"gopher_quality.too_long", ">", 100000, true},
                           {"gopher_quality.hashes", ">", 0.1, false},
                           {"c4.lorem_ipsum", "", 0, true},
                           {"c4.too_few_sentences", "<", 5, true},
                           {"fineweb.short_lines", ">=", 0.67, false}};

// Files of measures that no run wrote, with every kind of row: few words and many, documents without a page, duplicates
// of texts, of buckets and of nothing.
class Measures {
 public:
  explicit Measures(const std::vector<std::string>& sets, uint64_t seed, size_t rows)
      : measured(load_recipe("fineweb-2024-04", sets)), random_(seed) {
    size_t keys = 0;
    for (const RecipeEntry& entry : measured.entries) {
      if (const auto* const minhash = entry.get<MinHashOptions>()) layout_ = MinHashStage(*minhash).layout();
    }
    for (const RecipeEntry& entry : measured.entries) {
      if (const auto* const dedup = entry.get<DeduplicatorOptions>())
        keys = Deduplicator(*dedup, layout_).keys_per_document();
    }
    for (size_t i = 0; i < rows; ++i) lines.push_back(row(i, keys));
  }

  // The same rows as a file in `folder`.
  std::string written(const std::string& folder) const {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    write_file(folder + "/m.jsonl", text);
    return folder + "/m.jsonl";
  }

  const RecipeConfig measured;
  std::vector<std::string> lines;

 private:
  size_t below(size_t end) { return random_() % end; }

  double value_of(const Rule& rule) {
    if (rule.is_count) return static_cast<double>(below(rule.threshold > 100 ? 200'000 : 100));
    return below(4) == 0 ? 0 : static_cast<double>(below(1000)) / static_cast<double>(1 + below(1500));
  }

  std::string row(size_t number, size_t keys) {
    JsonWriter json;
    std::string outcome = "keep";
    json.begin_object()
        .field("id", fmt::format("id-{}", number))
        .field("url", fmt::format("https://a.example/{}", number));
    json.key("measures").begin_array();
    const auto measure = [&](const std::string& name, const char* relation, double value, double threshold, bool drops,
                             const std::string& detail) {
      json.begin_object().field("rule", name).field("value", value).field("relation", relation);
      json.field("threshold", threshold).field("drops", drops);
      if (!detail.empty()) json.field("detail", detail);
      json.end_object();
      if (drops && outcome == "keep") outcome = name;
    };
    const bool is_page = below(20) != 0;
    if (is_page) {
      const char* const languages[] = {"en", "en", "en", "de", "fr", ""};
      const std::string language = languages[below(6)];
      const double score = static_cast<double>(below(1000)) / 1000;
      const bool is_english = language == "en";
      measure(is_english ? "language.low_score" : "language.not_wanted", is_english ? "<=" : "", score, 0.65,
              !is_english || score <= 0.65, language);
      for (const Rule& rule : kRules) {
        if (below(10) == 0) continue;  // not asked of this one
        const double value = value_of(rule);
        const bool drops = *rule.relation == '\0'    ? below(8) == 0
                           : rule.relation[0] == '<' ? value < rule.threshold
                           : rule.relation[1] == '=' ? value >= rule.threshold
                                                     : value > rule.threshold;
        measure(rule.name, rule.relation, value, rule.threshold, drops, "");
      }
      if (below(10) == 0) measure("pii.too_many", ">", static_cast<double>(below(9)), 3, below(2) == 0, "");
    }
    json.end_array().field("outcome", is_page ? outcome : std::string("warc.damaged"));
    json.field("input", uint64_t{number / 100});
    std::string hex;
    for (size_t i = 0; i < keys; ++i) {
      // Keys that a few others have, none, and those of one kind that are another's of another kind.
      const uint64_t key = below(12) == 0 ? 0 : below(4) == 0 ? 1 + below(40) : random_();
      hex += fmt::format("{:016x}", i + 1 == keys ? 1 + below(3) : key);
    }
    return json.field("dedup_keys", hex).end_object().take();
  }

  std::mt19937_64 random_;
  KeyLayout layout_;
};

void expect_same(const Tally& ours, const Tally& slow) {
  EXPECT_EQ(ours.documents, slow.documents);
  EXPECT_EQ(ours.records, slow.records);
  EXPECT_EQ(ours.kept, slow.kept);
  EXPECT_EQ(ours.dropped, slow.dropped);
  EXPECT_EQ(ours.languages_dropped, slow.languages_dropped);
  EXPECT_TRUE(ours.holds());
}

void expect_same(const std::vector<WhatIfSample>& ours, const std::vector<WhatIfSample>& slow) {
  ASSERT_EQ(ours.size(), slow.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(std::tie(ours[i].id, ours[i].url, ours[i].value, ours[i].threshold, ours[i].drops, ours[i].outcome),
              std::tie(slow[i].id, slow[i].url, slow[i].value, slow[i].threshold, slow[i].drops, slow[i].outcome));
  }
}

const std::vector<std::string> kQuestions[] = {
    {},
    {"gopher_quality.words_min=20"},
    {"gopher_quality.words_min=80", "c4.sentences_min=2"},
    {"gopher_repetition.duplicate_lines_max=0.05", "fineweb.short_lines_max=0.1"},
    {"language.languages={en=0.2}"},
    {"language.languages={en=0.9}", "gopher_quality.words_min=10"}};

TEST(WhatIfColumns, AnswerWhatRowsAnswer) {
  const std::vector<std::string> recipes[] = {{},
                                              {"dedup.scope=run", "dedup.exact=false"},
                                              {"dedup.scope=file"},
                                              {"dedup.minhash=false"},
                                              {"dedup.url=exact"},
                                              {"dedup.scope=off"},
                                              {"minhash.keep_signature=true", "dedup.verify_jaccard=0.3"}};
  const testing::TemporaryFolder folder;
  for (const auto& recipe : recipes) {
    const Measures measures(recipe, 7, 2000);
    const std::string file = measures.written(folder.path());
    const WhatIf columns({file}, measures.measured, 2);
    for (std::vector<std::string> sets : kQuestions) {
      SCOPED_TRACE(fmt::format("{} {}", fmt::join(recipe, " "), fmt::join(sets, " ")));
      sets.insert(sets.begin(), recipe.begin(), recipe.end());
      for (const char* const rule : {"", "gopher_quality.too_short", "fineweb.short_lines", "language.low_score"}) {
        const WhatIfOptions options{
            {file}, measures.measured, load_recipe("fineweb-2024-04", sets), rule, size_t{*rule == '\0' ? 0U : 5U}, 1};
        const WhatIfResult slow = slow_what_if(measures.lines, options);
        for (const WhatIfResult& ours :
             {columns.answer(options.changed, options.rule, options.samples), what_if(options)}) {
          expect_same(ours.measured, slow.measured);
          expect_same(ours.changed, slow.changed);
          expect_same(ours.samples, slow.samples);
        }
      }
    }
  }
}

TEST(WhatIfColumns, AnotherSimilarityIsVerifiedAnew) {
  const std::vector<std::string> recipe = {"minhash.keep_signature=true", "dedup.verify_jaccard=0.3"};
  const Measures measures(recipe, 11, 1500);
  const testing::TemporaryFolder folder;
  const WhatIf columns({measures.written(folder.path())}, measures.measured);
  for (const char* const similarity : {"0", "0.01", "0.9"}) {
    const WhatIfOptions options{
        {},
        measures.measured,
        load_recipe("fineweb-2024-04", {recipe[0], fmt::format("dedup.verify_jaccard={}", similarity)}),
        "",
        0,
        0};
    expect_same(columns.answer(options.changed).changed, slow_what_if(measures.lines, options).changed);
  }
}

TEST(WhatIfColumns, SpreadsAreOfAllThatWereAsked) {
  const Measures measures({}, 3, 1000);
  const testing::TemporaryFolder folder;
  const WhatIf columns({measures.written(folder.path())}, measures.measured);
  std::vector<std::string> rules;
  for (const RuleSpread& spread : columns.spreads()) {
    rules.push_back(spread.rule);
    uint64_t rows = 0, drops = 0;
    for (const std::string& line : measures.lines) {
      const size_t at = line.find("\"" + spread.rule + "\"");
      if (at == std::string::npos) continue;
      ++rows;
      drops += line.compare(line.find("\"drops\":", at) + 8, 4, "true") == 0 ? 1 : 0;
    }
    EXPECT_EQ(spread.values.count(), rows) << spread.rule;
    EXPECT_EQ(spread.drops, drops) << spread.rule;
  }
  EXPECT_EQ(rules.front(), "language.low_score");
  EXPECT_EQ(rules.size(), 8U);  // of kRules all that compare, the language, pii
}

TEST(WhatIfColumns, AStageBehindDedupThatRewritesIsRefused) {
  const Measures measures({}, 5, 10);
  const testing::TemporaryFolder folder;
  const std::string file = measures.written(folder.path());
  const auto with = [](const std::string& stages) { return load_recipe("fineweb-2024-04", {"stages=" + stages}); };
  EXPECT_NO_THROW(
      WhatIf({file}, with(R"(["http", "extract", "language", "c4", "minhash", "dedup", "gopher_quality"])")));
  for (const std::string name : {"c4", "refinedweb"}) {
    try {
      const WhatIf whatif({file},
                          with(R"(["http", "extract", "minhash", "dedup", "gopher_quality", ")" + name + "\"]"));
      FAIL() << "expected a UsageError";
    } catch (const UsageError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("stages: " + name + " stands behind dedup", 0), 0U) << error.what();
    }
  }
}

TEST(WhatIfColumns, KeysOfAnotherRecipeAreRefused) {
  const Measures measures({}, 5, 10);
  const testing::TemporaryFolder folder;
  const std::string file = measures.written(folder.path());
  try {
    const WhatIf whatif({file}, load_recipe("fineweb-2024-04", {"dedup.url=exact"}));
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("dedup_keys where its recipe has"), std::string::npos) << error.what();
  }
  EXPECT_THROW(WhatIf({file}, load_recipe("fineweb-2024-04", {"dedup.keep=longest"})), UsageError);
  EXPECT_THROW(WhatIf({file}, load_recipe("fineweb-2024-04", {"dedup.clusters=one"})), UsageError);
}

}  // namespace
}  // namespace ftok
