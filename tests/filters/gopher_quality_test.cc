#include "filters/gopher_quality.h"

#include <gtest/gtest.h>

#include "tests/filters/quality_texts.h"
#include "tests/reference/slow_filters.h"

namespace ftok {
namespace {

using testing::outcome;
using testing::plain_words;

const std::string kStops = "the of ";

GopherQuality head() { return GopherQuality(GopherQualityOptions::head()); }

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(GopherQuality, TooShort) {
  EXPECT_EQ(outcome(head(), kStops + plain_words(48)), "keep");
  EXPECT_EQ(outcome(head(), kStops + plain_words(47)), "gopher_quality.too_short");
  EXPECT_EQ(outcome(head(), kStops + plain_words(47) + " ."), "gopher_quality.too_short");  // a symbol is not a word
  EXPECT_EQ(outcome(head(), ""), "gopher_quality.too_short");
}

TEST(GopherQuality, LinesOfProseAloneWhereAsked) {
  const std::vector<std::string> code(30, "-a");
  const auto judged = [&](const std::string& which, size_t words) {
    return testing::outcome_with_code<GopherQuality>(GopherQualityOptions::head(), which, kStops + plain_words(words),
                                                     code);
  };
  EXPECT_EQ(judged("all", 48), "gopher_quality.bullet_lines");
  EXPECT_EQ(judged("prose", 48), "keep");
  EXPECT_EQ(judged("prose", 47), "gopher_quality.too_short");  // the words of code do not count either
}

TEST(GopherQuality, TooLong) {
  EXPECT_EQ(outcome(head(), kStops + plain_words(99998)), "keep");
  EXPECT_EQ(outcome(head(), kStops + plain_words(99999)), "gopher_quality.too_long");
}

TEST(GopherQuality, MeanWordLength) {
  const std::string stops = "the be ";                                       // 5 characters in 2 words
  EXPECT_EQ(outcome(head(), stops + "abcd " + repeat("xyz ", 60)), "keep");  // mean 3
  EXPECT_EQ(outcome(head(), stops + repeat("xyz ", 60)), "gopher_quality.short_words");
  EXPECT_EQ(outcome(head(), stops + std::string(25, 'x') + " " + repeat("xxxxxxxxxx ", 60)), "keep");  // mean 10
  EXPECT_EQ(outcome(head(), stops + std::string(26, 'x') + " " + repeat("xxxxxxxxxx ", 60)),
            "gopher_quality.long_words");
  EXPECT_EQ(outcome(head(), stops + repeat("\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9 ", 60)),
            "keep");  // characters, not bytes
}

TEST(GopherQuality, Hashes) {
  // A "#" is a word of its own: 9 in 90 words, 10 in 91.
  EXPECT_EQ(outcome(head(), kStops + plain_words(79) + repeat(" #", 9)), "keep");
  EXPECT_EQ(outcome(head(), kStops + plain_words(79) + repeat(" #", 10)), "gopher_quality.hashes");
}

TEST(GopherQuality, Ellipses) {
  const std::string half = " ... x \u2026 y";
  EXPECT_EQ(outcome(head(), kStops + plain_words(74) + repeat(half, 2) + repeat(" ...", 4) + " x x x x"),
            "keep");  // 8 of 88
  EXPECT_EQ(outcome(head(), kStops + plain_words(74) + repeat(half, 2) + repeat(" ...", 5)), "gopher_quality.ellipses");
  GopherQualityOptions options = GopherQualityOptions::head();
  options.ellipses_per_word_max = 10.0 / 100;
  EXPECT_EQ(outcome(GopherQuality(options), kStops + plain_words(87) + repeat(" ...", 10) + " x"), "keep");
  EXPECT_EQ(outcome(GopherQuality(options), kStops + plain_words(86) + repeat(" ...", 10) + " x"),
            "gopher_quality.ellipses");
}

TEST(GopherQuality, BulletLines) {
  const std::string bullets = repeat("\n- " + plain_words(10), 5) + repeat("\n \u2022 " + plain_words(10), 4);
  EXPECT_EQ(outcome(head(), kStops + plain_words(10) + bullets), "keep");  // 9 of 10
  EXPECT_EQ(outcome(head(), "- " + kStops + plain_words(10) + bullets), "gopher_quality.bullet_lines");
}

TEST(GopherQuality, EllipsisLines) {
  const std::string lines = repeat(plain_words(20) + "... \n", 2) + plain_words(20) + "\u2026\n";
  EXPECT_EQ(outcome(head(), kStops + lines + repeat(plain_words(20) + "\n", 7)), "keep");  // 3 of 10
  EXPECT_EQ(outcome(head(), kStops + lines + repeat(plain_words(20) + "\n", 6)), "gopher_quality.ellipsis_lines");
  EXPECT_EQ(outcome(head(), kStops + lines + repeat(plain_words(20) + "\u2028", 7)), "keep");  // any line end counts
}

TEST(GopherQuality, FewAlphabeticWords) {
  EXPECT_EQ(outcome(head(), kStops + plain_words(78) + repeat(" 12345", 20)), "keep");  // 80 of 100
  EXPECT_EQ(outcome(head(), kStops + plain_words(78) + repeat(" 12345", 21)), "gopher_quality.few_alphabetic_words");
  EXPECT_EQ(outcome(head(), kStops + repeat("\u4E2D\u6587\u5B57\u4E2D ", 60)), "keep");  // letters of any script
}

TEST(GopherQuality, FewStopWords) {
  EXPECT_EQ(outcome(head(), "the of " + plain_words(60)), "keep");
  EXPECT_EQ(outcome(head(), "the the " + plain_words(60)), "gopher_quality.few_stop_words");
  EXPECT_EQ(outcome(head(), "the Of " + plain_words(60)), "gopher_quality.few_stop_words");  // case counts
}

TEST(GopherQuality, RulesChooseTheWords) {
  // 48 words, two of them "x-b": spaCy finds four words more (and two symbols).
  const std::string text = kStops + plain_words(44) + " xxx-bbb yyy-bbb";
  EXPECT_EQ(outcome(head(), text), "keep");
  EXPECT_EQ(outcome(GopherQuality(), text), "gopher_quality.too_short");
}

TEST(GopherQuality, EqualsTheSlowFilter) {
  std::mt19937 random(12);
  for (int round = 0; round < 1000; ++round) {
    const std::string text = testing::random_document(random);
    for (const bool head_rules : {false, true}) {
      const GopherQuality stage(head_rules ? GopherQualityOptions::head() : GopherQualityOptions());
      const Report report = testing::measure(stage, text);
      const testing::Values expected = testing::slow_gopher_quality(text, head_rules);
      ASSERT_EQ(report.measurements.size(), expected.size());
      for (const Measurement& m : report.measurements)
        ASSERT_EQ(m.value, expected.at(std::string(m.rule))) << m.rule << "\n" << text;
    }
  }
}

}  // namespace
}  // namespace ftok
