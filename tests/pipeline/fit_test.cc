// Recipes derived from texts in a language.
#include "pipeline/fit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "filters/gopher_quality.h"
#include "filters/language.h"
#include "pipeline/recipe_config.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

// A text of sentences in a made-up language: "le" is one word in five, "la" one in ten, the others are rare.
std::string made_up_text(std::mt19937& random, const std::string& between = " ") {
  std::string text;
  for (int line = 0; line < 10; ++line) {
    for (int word = 0; word < 20; ++word) {
      const uint32_t dice = random() % 10;
      text += dice < 2 ? "le" : dice < 3 ? "la" : fmt::format("mot{}", static_cast<char>('a' + random() % 26));
      text += between;
    }
    text += line % 2 == 0 ? ".\n" : "\n";
  }
  return text;
}

LanguageFit fit_of(size_t texts) {
  LanguageFit fit;
  std::mt19937 random(3);
  for (size_t i = 0; i < texts; ++i) EXPECT_TRUE(fit.add(made_up_text(random)));
  return fit;
}

TEST(LanguageFit, StopWordsAreTheFrequentOnes) {
  LanguageFit fit = fit_of(60);
  const LanguageData data = fit.fit("xx", 0.1, nullptr);
  ASSERT_GE(data.stop_words.size(), 8u);
  EXPECT_LE(data.stop_words.size(), 22u);
  EXPECT_EQ(data.stop_words[0], "le");
  EXPECT_EQ(data.stop_words[1], "la");
  EXPECT_EQ(data.unspaced, "as-rules");
  EXPECT_EQ(data.language_score, 0.65);
}

TEST(LanguageFit, AWordOfOneTextIsNoStopWord) {
  LanguageFit fit = fit_of(60);
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "zut ";
  fit.add(text);
  const LanguageData data = fit.fit("xx", 0.1, nullptr);
  EXPECT_EQ(std::count(data.stop_words.begin(), data.stop_words.end(), "zut"), 0);
}

TEST(LanguageFit, TooFewTexts) {
  LanguageFit fit = fit_of(LanguageFit::kDocumentsMin - 1);
  EXPECT_THROW(fit.fit("xx", 0.1, nullptr), UsageError);
  std::mt19937 random(4);
  fit.add(made_up_text(random));
  EXPECT_NO_THROW(fit.fit("xx", 0.1, nullptr));
}

TEST(LanguageFit, TheTailLiesBeyondTheThresholdsOfFineWeb) {
  LanguageFit fit;
  for (int i = 0; i < 100; ++i) {  // of ten lines, i / 10 end in a full stop
    std::string text;
    for (int line = 0; line < 10; ++line)
      text += fmt::format("these are some words of line {}{}\n", line, line < i / 10 ? "." : "");
    fit.add(text);
  }
  EXPECT_EQ(fit.fit("xx", 0.1, nullptr).punctuated_lines, 0);     // a tenth has none
  EXPECT_EQ(fit.fit("xx", 0.25, nullptr).punctuated_lines, 0.2);  // two tenths have less
}

TEST(LanguageFit, ThresholdsMoveWithTheTexts) {
  LanguageFit fit = fit_of(60);
  const LanguageData data = fit.fit("xx", 0.1, nullptr);
  const Distribution& lengths = fit.distributions().at("gopher_quality.long_words");
  EXPECT_GE(data.word_chars_max, lengths.values.back());
  EXPECT_LE(data.word_chars_min, lengths.values.front());
  EXPECT_LT(data.word_chars_max, 10);  // its words are short
}

TEST(LanguageFit, WordsOfAScriptWithoutSpaces) {
  LanguageFit fit;
  for (size_t i = 0; i < LanguageFit::kDocumentsMin; ++i)
    fit.add(
        "\u6211\u5011\u6628\u5929\u53BB\u4E86\u5317\u4EAC\u7684\u535A\u7269\u9928\u3002\n\u4ECA\u5929\u7684\u5929\u6C23"
        "\u5F88\u597D\uFF0C\u6211\u5011\u5728\u516C\u5712\u3002\n");
  EXPECT_EQ(fit.fit("zh", 0.1, nullptr).unspaced, "segments");
}

TEST(LanguageFit, TheRecipeIsReadAndKeepsItsTexts) {
  LanguageFit fit = fit_of(60);
  const LanguageData data = fit.fit("xx", 0.1, nullptr);
  const testing::TemporaryFolder folder;
  write_file(folder / "xx.toml", fitted_recipe(data, fit, 0.1));
  const RecipeConfig recipe = load_recipe(folder / "xx.toml", {});
  EXPECT_EQ(recipe.top.preset, "fineweb-2");
  EXPECT_EQ(recipe.entries[3].get<LanguageOptions>()->languages, (std::map<std::string, double>{{"xx", 0.65}}));
  const auto* quality = recipe.entries[8].get<GopherQualityOptions>();
  ASSERT_NE(quality, nullptr);
  EXPECT_EQ(quality->stop_words, data.stop_words);
  std::mt19937 random(9);
  Document document;
  document.text = made_up_text(random);
  EXPECT_TRUE(GopherQuality(*quality).process(document).kept());
  EXPECT_EQ(GopherQuality(GopherQualityOptions::head()).process(document).reason, "gopher_quality.few_stop_words");
}

// Ten lines a text, of which the first `punctuated` end in a full stop.
LanguageFit fit_of_lines(int punctuated) {
  LanguageFit fit;
  for (int i = 0; i < 60; ++i) {
    std::string text;
    for (int line = 0; line < 10; ++line)
      text += fmt::format("some words of line {} and of text {}{}\n", line, i, line < punctuated ? "." : "");
    fit.add(text);
  }
  return fit;
}

TEST(LanguageFit, NoShareIsStricterThanOfAnyPublishedLanguage) {
  LanguageFit loose = fit_of_lines(3), strict = fit_of_lines(4);
  const LanguageData at_bound = loose.fit("xx", 0.1, nullptr);
  EXPECT_EQ(at_bound.punctuated_lines, 0.3);
  EXPECT_EQ(fmt::format("{}", fmt::join(loose.notes(), "\n")).find("punctuated"), std::string::npos);
  const LanguageData beyond = strict.fit("xx", 0.1, nullptr);
  EXPECT_EQ(beyond.punctuated_lines, 0.3);
  ASSERT_EQ(strict.notes().size(), 1u);
  EXPECT_NE(strict.notes()[0].find("punctuated_lines_min = 0.3 (the texts: 0.4)"), std::string::npos)
      << strict.notes()[0];
  EXPECT_NE(fitted_recipe(beyond, strict, 0.1).find("\n# bounded by "), std::string::npos);
}

TEST(LanguageFit, ShortTextsWithoutRepetitionDoNotDropPages) {
  LanguageFit fit;
  for (int i = 0; i < 82; ++i) fit.add(fmt::format("昨日の会議で{}番の議案が決まりました。", i));
  const LanguageData data = fit.fit("ja", 0.1, nullptr);
  EXPECT_EQ(data.punctuated_lines, 0.3);
  EXPECT_EQ(data.newlines_per_word, 0.139);
  EXPECT_EQ(data.duplicate_ngrams, (std::array<double, 6>{0.141, 0.134, 0.123, 0.114, 0.107, 0.098}));
  EXPECT_GE(data.top_ngrams[0], 0.077);
  EXPECT_LE(data.alphabetic_words, 0.825);
}

TEST(LanguageFit, TextsOfAnotherLanguageAreToldAndMostAreRefused) {
  const auto model = LanguageModel::load((testing::source_folder() / "share/models/ftok-lid.ftz").string());
  const auto fit_with = [&](int japanese) {
    auto fit = std::make_unique<LanguageFit>();
    for (int i = 0; i < 100; ++i) {
      fit->add(
          i < japanese
              ? fmt::format("昨日の夜に{}番の議案が決まりました。", i)
              : fmt::format("Der Ausschuss trifft sich am {}. Mai, um die Pläne für die Bücherei zu besprechen.", i));
    }
    return fit;
  };
  const auto told = [&](LanguageFit& fit) {
    fit.fit("de", 0.1, model.get());
    return std::any_of(fit.notes().begin(), fit.notes().end(),
                       [](const std::string& note) { return note.find("another language") != std::string::npos; });
  };
  EXPECT_FALSE(told(*fit_with(4)));
  EXPECT_TRUE(told(*fit_with(5)));
  EXPECT_TRUE(told(*fit_with(50)));
  const auto most = fit_with(51);
  try {
    most->fit("de", 0.1, model.get());
    ADD_FAILURE();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "--language: the language model takes 51 of 100 texts for another language than 'de', most often 'ja' "
                 "(51)");
  }
}

TEST(LanguageFit, TheModelSetsTheLanguagesThreshold) {
  const auto model = LanguageModel::load((testing::source_folder() / "share/models/ftok-lid.ftz").string());
  LanguageFit fit;
  for (int i = 0; i < 50; ++i)
    fit.add(fmt::format("Der Ausschuss trifft sich am {}. Mai, um die Pläne für die Bücherei zu besprechen.", i));
  EXPECT_EQ(fit.fit("deu_Latn", 0.1, model.get()).language_score, 0.9);  // no more than that
  LanguageFit half;  // the median is that of a text in another language
  for (int i = 0; i < 25; ++i) {
    half.add(fmt::format("昨日の夜に{}番の議案が決まりました。", i));
    half.add(fmt::format("Der Ausschuss trifft sich am {}. Mai, um die Pläne für die Bücherei zu besprechen.", i));
  }
  EXPECT_EQ(half.fit("de", 0.1, model.get()).language_score, 0.3);  // no less
  EXPECT_THROW(fit.fit("xyz", 0.1, model.get()), UsageError);
}

}  // namespace
}  // namespace ftok
