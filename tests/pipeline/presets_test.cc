// The thresholds of published presets, with an input on either side of each.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "filters/c4.h"
#include "filters/classifier.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "filters/language.h"
#include "pipeline/recipe_config.h"

namespace ftok {
namespace {

template <typename Options>
Options options_of(const RecipeConfig& recipe) {
  for (const RecipeEntry& entry : recipe.entries) {
    if (const auto* const options = entry.get<Options>()) return *options;
  }
  ADD_FAILURE() << "no such stage";
  return {};
}

// What the stage measures of the text for one rule.
Measurement measured(const Stage& stage, const std::string& text, std::string_view rule) {
  Document document;
  document.text = text;
  Report report;
  stage.process(document, &report);
  for (const Measurement& measurement : report.measurements) {
    if (measurement.rule.view() == rule) return measurement;
  }
  ADD_FAILURE() << rule << " was not measured";
  return {};
}

// A word of letters, another for each number.
std::string word_number(size_t number, size_t letters) {
  std::string word(letters, 'a');
  for (size_t i = 0; i < letters && number > 0; ++i, number /= 20) word[i] = "bcdfghjklmnpqrstvwxz"[number % 20];
  return word;
}

TEST(Presets, C4IsOfAtMost190000Characters) {
  C4Options options = options_of<C4Options>(load_recipe("c4", {}));
  options.bad_word_lists.clear();  // it has to be fetched
  const C4 c4(options);
  for (const size_t chars : {size_t{190000}, size_t{190001}}) {
    const Measurement measurement = measured(c4, std::string(chars, 'x'), "c4.too_long");
    EXPECT_EQ(measurement.value, static_cast<double>(chars));
    EXPECT_EQ(measurement.drops, chars > 190000);
  }
}

TEST(Presets, DclmTakesItsClassifiersBestTenth) {
  const ClassifierOptions options = options_of<ClassifierOptions>(load_recipe("dclm-baseline", {}));
  EXPECT_EQ(options.model, "dclm-oh-eli5");
  EXPECT_EQ(options.label, "hq");
  Judge judge(nullptr);
  EXPECT_FALSE(judge.below("classifier.low_score", 0.018112, options.score_min));
  EXPECT_TRUE(judge.below("classifier.low_score", 0.018111, options.score_min));
}

// configs/LABEL.yml in huggingface/fineweb-2.
struct PublishedLanguage {
  const char* label;
  double language, top_2gram;
  size_t punctuated_per_mille, word_chars_max;
};
constexpr PublishedLanguage kPublished[] = {
    {"fra_Latn", 0.824, 0.161, 100, 11},
    {"jpn_Jpan", 0.886, 0.121, 167, 5},
    {"rus_Cyrl", 0.9, 0.184, 231, 11},
    {"spa_Latn", 0.84, 0.077, 300, 14},
};

class PublishedPreset : public ::testing::TestWithParam<PublishedLanguage> {
 protected:
  const RecipeConfig recipe_ = load_recipe(fmt::format("fineweb-2-{}", GetParam().label), {});
};

TEST_P(PublishedPreset, TheLanguagesThreshold) {
  EXPECT_EQ(options_of<LanguageOptions>(recipe_).languages,
            (std::map<std::string, double>{{GetParam().label, GetParam().language}}));
}

TEST_P(PublishedPreset, LinesThatEndInPunctuation) {
  const FineWeb fineweb(options_of<FineWebOptions>(recipe_));
  const size_t least = GetParam().punctuated_per_mille;
  for (const size_t punctuated : {least, least - 1}) {
    std::string text;
    for (size_t line = 0; line < 1000; ++line)
      text += fmt::format("one line of some words with its number {}{}\n", line, line < punctuated ? "." : "");
    EXPECT_EQ(measured(fineweb, text, "fineweb.few_punctuated_lines").drops, punctuated < least) << punctuated;
  }
}

TEST_P(PublishedPreset, LengthsOfWords) {
  const GopherQuality quality(options_of<GopherQualityOptions>(recipe_));
  const size_t most = GetParam().word_chars_max;
  for (const size_t chars : {most, most + 1}) {
    std::string text;
    for (size_t i = 0; i < 100; ++i) text += word_number(i, chars) + " ";
    EXPECT_EQ(measured(quality, text, "gopher_quality.long_words").drops, chars > most) << chars;
  }
}

// More and more words of a text are one pair, until it is dropped.
TEST_P(PublishedPreset, ThePairOfWordsMetMost) {
  const GopherRepetition repetition(options_of<GopherRepetitionOptions>(recipe_));
  double last = 0;
  for (size_t pairs = 2;; ++pairs) {
    ASSERT_LT(pairs, 400u);
    std::string text;
    for (size_t i = 0; i < 1000; ++i) text += (i < pairs ? "zy yz " : "") + word_number(i, 6) + " ";
    const Measurement measurement = measured(repetition, text, "gopher_repetition.top_2gram");
    if (measurement.drops) {
      EXPECT_GT(measurement.value, GetParam().top_2gram);
      break;
    }
    last = measurement.value;
  }
  EXPECT_LE(last, GetParam().top_2gram);
  EXPECT_GT(last, GetParam().top_2gram - 0.005);
}

INSTANTIATE_TEST_SUITE_P(Languages, PublishedPreset, ::testing::ValuesIn(kPublished),
                         [](const auto& one) { return std::string(one.param.label); });

}  // namespace
}  // namespace ftok
