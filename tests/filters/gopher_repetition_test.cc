#include "filters/gopher_repetition.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "filters/measures/ngrams.h"
#include "tests/filters/quality_texts.h"
#include "tests/reference/slow_filters.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::outcome;
using testing::plain_words;

// No rule drops anything but the one that is then set.
GopherRepetitionOptions nothing_drops() {
  GopherRepetitionOptions options = GopherRepetitionOptions::head();
  options.duplicate_paragraphs_max = options.duplicate_paragraph_chars_max = 9;
  options.duplicate_lines_max = options.duplicate_line_chars_max = 9;
  options.top_ngram_chars_max.fill(9);
  options.duplicate_ngram_chars_max.fill(9);
  return options;
}

TEST(GopherRepetition, LinesOfProseAloneWhereAsked) {
  const std::vector<std::string> code(4, "}");  // of 5 lines, 3 repeat one
  const auto judged = [&](const std::string& which) {
    return testing::outcome_with_code<GopherRepetition>(GopherRepetitionOptions::head(), which, plain_words(60), code);
  };
  EXPECT_EQ(judged("all"), "gopher_repetition.duplicate_lines");
  EXPECT_EQ(judged("prose"), "keep");
}

// `repeated` stands `times` times among other words; with fewer and fewer of those the share of the repeated part
// grows. The outcome must change exactly where the slow filter's value passes the default threshold, and both sides
// must be met.
void expect_edge(const GopherRepetitionOptions& options, const std::string& reason, double threshold,
                 const std::string& repeated, size_t times, const std::string& between) {
  const GopherRepetition stage(options);
  size_t kept = 0, dropped = 0;
  for (size_t fill = 90; fill > 0; fill -= 3) {
    std::string text;
    for (size_t i = 0; i < times; ++i) {
      if (i > 0) text += between;
      text += plain_words(fill, i * 400) + between + repeated;
    }
    const double value = testing::slow_gopher_repetition(text, true).at(reason);
    ASSERT_EQ(outcome(stage, text), value > threshold ? reason : "keep") << value << " with " << fill;
    ++(value > threshold ? dropped : kept);
  }
  EXPECT_GT(kept, 0u) << reason;
  EXPECT_GT(dropped, 0u) << reason;
}

TEST(GopherRepetition, Empty) {
  const GopherRepetition stage(GopherRepetitionOptions::head());
  EXPECT_EQ(outcome(stage, ""), "gopher_repetition.empty");
  EXPECT_EQ(outcome(stage, "x"), "keep");
}

TEST(GopherRepetition, DuplicateParagraphs) {
  GopherRepetitionOptions options = nothing_drops();
  options.duplicate_paragraphs_max = 0.30;
  const GopherRepetition stage(options);
  EXPECT_EQ(outcome(stage, "a\n\nb\n\nc\n\nd\n\ne\n\nf\n\ng\n\na\n\na\n\n\nb"), "keep");  // 3 of 10
  EXPECT_EQ(outcome(stage, "a\n\nb\n\nc\n\nd\n\ne\n\nf\n\na\n\na\n\n\nb"), "gopher_repetition.duplicate_paragraphs");
  EXPECT_EQ(outcome(stage, "a\nb\na\nb\na"), "keep");            // one newline does not end a paragraph
  EXPECT_EQ(outcome(stage, "\n\na\n\nb\n\nc\n\n\n\n"), "keep");  // empty ones at the ends do not count
}

TEST(GopherRepetition, DuplicateParagraphChars) {
  GopherRepetitionOptions options = nothing_drops();
  options.duplicate_paragraph_chars_max = 0.20;
  expect_edge(options, "gopher_repetition.duplicate_paragraph_chars", 0.20,
              "the same \u00E9\u00E9\u00E9\u00E9 paragraph", 2, "\n\n");
}

TEST(GopherRepetition, DuplicateLines) {
  GopherRepetitionOptions options = nothing_drops();
  options.duplicate_lines_max = 0.30;
  const GopherRepetition stage(options);
  EXPECT_EQ(outcome(stage, "a\nb\nc\nd\ne\nf\ng\na\na\n\nb"), "keep");  // 3 of 10
  EXPECT_EQ(outcome(stage, "a\nb\nc\nd\ne\nf\na\na\n\nb"), "gopher_repetition.duplicate_lines");
  EXPECT_EQ(outcome(stage, "\n\na\n\n"), "gopher_repetition.duplicate_lines");  // the ends count: "", "a", ""
}

TEST(GopherRepetition, DuplicateLineChars) {
  GopherRepetitionOptions options = nothing_drops();
  options.duplicate_line_chars_max = 0.20;
  expect_edge(options, "gopher_repetition.duplicate_line_chars", 0.20, "the same \u00E9\u00E9\u00E9\u00E9 line", 2,
              "\n");
}

TEST(GopherRepetition, TopNGrams) {
  const double thresholds[] = {0.20, 0.18, 0.16};
  const std::string repeated[] = {"new york", "new york city", "the new york city"};
  for (size_t i = 0; i < 3; ++i) {
    GopherRepetitionOptions options = nothing_drops();
    options.top_ngram_chars_max[i] = thresholds[i];
    const std::string reason = "gopher_repetition.top_" + std::to_string(i + 2) + "gram";
    expect_edge(options, reason, thresholds[i], repeated[i], 9, " ");
  }
}

TEST(GopherRepetition, DuplicateNGrams) {
  const double thresholds[] = {0.15, 0.14, 0.13, 0.12, 0.11, 0.10};
  for (size_t i = 0; i < 6; ++i) {
    GopherRepetitionOptions options = nothing_drops();
    options.duplicate_ngram_chars_max[i] = thresholds[i];
    const std::string reason = "gopher_repetition.duplicate_" + std::to_string(i + 5) + "gram";
    expect_edge(options, reason, thresholds[i], plain_words(i + 5, 90000), 4, " ");
  }
}

TEST(GopherRepetition, RulesChooseTheWords) {
  // spaCy takes each "-" between letters off; NLTK leaves the words whole: only spaCy's words repeat the 2-gram "- b".
  std::string text;
  for (size_t i = 0; i < 30; ++i) text += plain_words(1, i) + "-b ";
  GopherRepetitionOptions options = nothing_drops();
  options.top_ngram_chars_max[0] = 0.20;
  EXPECT_EQ(outcome(GopherRepetition(options), text), "gopher_repetition.top_2gram");
  options.rules = "2024-04";
  EXPECT_EQ(outcome(GopherRepetition(options), text), "keep");
  options.rules = "2025";
  EXPECT_THROW(GopherRepetition{options}, UsageError);
}

TEST(GopherRepetition, EqualsTheSlowFilter) {
  std::mt19937 random(11);
  for (int round = 0; round < (testing::kSanitized ? 60 : 300); ++round) {
    const std::string text = testing::random_document(random);
    for (const bool head : {false, true}) {
      const GopherRepetition stage(head ? GopherRepetitionOptions::head() : GopherRepetitionOptions());
      const Report report = testing::measure(stage, text);
      const testing::Values expected = testing::slow_gopher_repetition(text, head);
      ASSERT_EQ(report.measurements.size(), expected.size());
      for (const Measurement& m : report.measurements)
        ASSERT_EQ(m.value, expected.at(std::string(m.rule))) << m.rule << "\n" << text;
    }
  }
}

TEST(GopherRepetition, DenseMarksEqualTheSlowFilter) {
  std::mt19937 random(12);
  for (int round = 0; round < 40; ++round) {
    const size_t kinds = 2 + random() % 30;
    std::string text;
    for (size_t size = 200 + random() % 4000; text.size() < size;) {
      text += "!?.,;:'\"()[]{}<>#$%&*+-/=@^_`|~ab\n"[random() % kinds];
      if (random() % 50 == 0) text += ' ';
    }
    for (const bool head : {false, true}) {
      const GopherRepetition stage(head ? GopherRepetitionOptions::head() : GopherRepetitionOptions());
      const testing::Values expected = testing::slow_gopher_repetition(text, head);
      for (const Measurement& m : testing::measure(stage, text).measurements) {
        ASSERT_EQ(m.value, expected.at(std::string(m.rule))) << m.rule << "\n" << text;
      }
    }
  }
}

TEST(GopherRepetition, TooLong) {
  GopherRepetitionOptions options = nothing_drops();
  options.parts_max = 6;
  EXPECT_EQ(outcome(GopherRepetition(options), "Two words, \u4E2D\u6587 \u2014 x2"), "keep");
  EXPECT_EQ(outcome(GopherRepetition(options), "Two words, \u4E2D\u6587 \u2014 x2."), "gopher_repetition.too_long");
  options.parts_max = 0;
  EXPECT_EQ(outcome(GopherRepetition(options), "Two words, \u4E2D\u6587 \u2014 x2."), "keep");
  EXPECT_EQ(GopherRepetitionOptions().parts_max, 500000);
}

TEST(GopherRepetition, NGramsOfATextThatIsTooLongAreNotMeasured) {
  GopherRepetitionOptions options;
  options.parts_max = 2;
  const Report report = testing::measure(GopherRepetition(options), "a b c");
  EXPECT_EQ(report.measurements.back().rule, "gopher_repetition.too_long");
}

TEST(WordNGrams, JoinedWordsAreComparedAsStrings) {
  // "ab" "c" and "a" "bc" are the same string, as in datatrove, though not the same words.
  WordNGrams grams;
  const std::vector<std::string_view> words = {"ab", "c", "x", "a", "bc"};
  grams.assign(words);
  EXPECT_EQ(grams.duplicate_chars(2), 3u);
  EXPECT_EQ(grams.top_chars(2), 4u);  // as words they differ: the first 2-gram, once
  EXPECT_EQ(grams.duplicate_chars(9), 0u);
}

TEST(WordNGrams, TheFirstOfEquallyFrequentCounts) {
  WordNGrams grams;
  const std::vector<std::string_view> words = {"aaa", "bbb", "c", "d", "c", "d", "e", "aaa", "bbb"};
  grams.assign(words);
  EXPECT_EQ(grams.top_chars(2), 14u);
}

TEST(WordNGrams, HostileTextsEnd) {
  for (const std::string& piece : {std::string("a"), std::string("ab"), std::string(1000, 'x')}) {
    const std::string all(std::string(300000, 'x'));
    std::vector<std::string_view> words;
    for (size_t at = 0; at + piece.size() <= all.size(); at += piece.size())
      words.push_back(std::string_view(all).substr(at, piece.size()));
    WordNGrams grams;
    grams.assign(words);
    for (size_t n = 2; n <= 4; ++n) EXPECT_GT(grams.top_chars(n), 0u);
    for (size_t n = 5; n <= 10; ++n) EXPECT_GT(grams.duplicate_chars(n), 0u);
  }
}

}  // namespace
}  // namespace ftok
