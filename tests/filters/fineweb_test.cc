#include "filters/fineweb.h"

#include <gtest/gtest.h>

#include "tests/filters/quality_texts.h"
#include "tests/reference/slow_filters.h"

namespace ftok {
namespace {

using testing::outcome;
using testing::plain_words;

FineWeb head() { return FineWeb(FineWebOptions::head()); }
FineWeb released() { return FineWeb(FineWebOptions()); }

// Without the rule on newlines, which few long words would meet.
FineWeb without_list(FineWebOptions options) {
  options.newlines_per_word_max = 9;
  return FineWeb(options);
}

// `count` lines of ten words each, all different; the first `punctuated` end in `end`.
std::string lines(size_t count, size_t punctuated, const std::string& end = ".") {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) text += '\n';
    text += plain_words(10, i * 10) + (i < punctuated ? end : "");
  }
  return text;
}

TEST(FineWeb, Empty) {
  EXPECT_EQ(outcome(head(), ""), "fineweb.empty");
  EXPECT_EQ(outcome(head(), " \n\t\n"), "fineweb.empty");
  EXPECT_EQ(outcome(released(), ""), "fineweb.empty");
  EXPECT_EQ(outcome(head(), lines(1, 1)), "keep");
}

TEST(FineWeb, LinesOfProseAloneWhereAsked) {
  const std::vector<std::string> code(7, "a = b");  // of 10 lines, 7 are short and 6 repeat one
  const auto judged = [&](const std::string& which) {
    return testing::outcome_with_code<FineWeb>(FineWebOptions::head(), which, lines(3, 3), code);
  };
  EXPECT_EQ(judged("all"), "fineweb.short_lines");
  EXPECT_EQ(judged("prose"), "keep");
}

TEST(FineWeb, FewPunctuatedLines) {
  EXPECT_EQ(outcome(head(), lines(8, 1)), "keep");
  EXPECT_EQ(outcome(head(), lines(9, 1)), "fineweb.few_punctuated_lines");
  EXPECT_EQ(outcome(released(), lines(8, 1)), "keep");
  EXPECT_EQ(outcome(released(), lines(9, 1)), "fineweb.few_punctuated_lines");
}

TEST(FineWeb, DifferenceThresholdsAreInclusiveInTheRelease) {
  EXPECT_EQ(outcome(head(), lines(25, 3)), "keep");  // 0.12
  EXPECT_EQ(outcome(released(), lines(25, 3)), "fineweb.few_punctuated_lines");

  std::string short_lines = lines(33, 33);  // 67 of 100 lines are short
  for (size_t i = 0; i < 67; ++i) short_lines += "\n" + plain_words(1, 5000 + i) + ".";
  EXPECT_EQ(outcome(without_list(FineWebOptions::head()), short_lines), "keep");
  EXPECT_EQ(outcome(without_list(FineWebOptions()), short_lines), "fineweb.short_lines");

  const std::string line = std::string(49, 'x') + ".";  // 50 of 5000 characters
  const std::string filler(4900 - 1, 'y');
  const std::string text = line + "\n" + filler + ".\n" + line;
  EXPECT_EQ(outcome(without_list(FineWebOptions::head()), text), "keep");
  EXPECT_EQ(outcome(without_list(FineWebOptions()), text), "fineweb.duplicate_line_chars");
}

TEST(FineWeb, DifferenceEmptyLinesCountInTheRelease) {
  const std::string text = lines(4, 1) + std::string(5, '\n');  // 1 of 4 lines, or of 9 with the empty ones
  EXPECT_EQ(outcome(head(), text), "keep");
  EXPECT_EQ(outcome(released(), text), "fineweb.few_punctuated_lines");
  const std::string blank = lines(4, 4) + std::string(10, '\n');  // and an empty line is short
  EXPECT_EQ(outcome(head(), blank), "keep");
  EXPECT_EQ(outcome(released(), blank), "fineweb.short_lines");
}

TEST(FineWeb, DifferenceEndMarks) {
  for (const std::string end : {"'", "\""}) {
    EXPECT_EQ(outcome(head(), lines(4, 4, end)), "fineweb.few_punctuated_lines") << end;
    EXPECT_EQ(outcome(released(), lines(4, 4, end)), "keep") << end;
  }
  for (const std::string end : {"\u3002", "\u0964", "\uFF1F"}) {
    EXPECT_EQ(outcome(head(), lines(4, 4, end)), "keep") << end;
    EXPECT_EQ(outcome(released(), lines(4, 4, end)), "fineweb.few_punctuated_lines") << end;
  }
  for (const std::string end : {".", "!", "?"}) {
    EXPECT_EQ(outcome(head(), lines(4, 4, end)), "keep") << end;
    EXPECT_EQ(outcome(released(), lines(4, 4, end)), "keep") << end;
  }
  for (const std::string end : {"\u2026", ",", ":", "\u201D"}) {
    EXPECT_EQ(outcome(head(), lines(4, 4, end)), "fineweb.few_punctuated_lines") << end;
    EXPECT_EQ(outcome(released(), lines(4, 4, end)), "fineweb.few_punctuated_lines") << end;
  }
}

TEST(FineWeb, DifferenceWords) {
  // Three newlines; spaCy makes three words of each "x-y" where NLTK makes one.
  const std::string line = "wwwwwwwwwwwwwww-xxxxxxxxxxxxxxxxxx ";
  const std::string text = line + "a.\n" + line + "b.\n" + line + "c.\n" + line + "d.";
  EXPECT_EQ(outcome(head(), text), "keep");
  FineWebOptions options;
  options.newlines_per_word_max = 0.25;
  EXPECT_EQ(outcome(FineWeb(options), text), "fineweb.list");
}

TEST(FineWeb, ShortLines) {
  const auto text = [](size_t short_count, size_t chars) {
    std::string out = lines(4, 4);
    for (size_t i = 0; i < short_count; ++i) out += "\n" + plain_words(1, 900 + i) + std::string(chars - 5, 'x') + ".";
    return out;
  };
  const FineWeb stage = without_list(FineWebOptions::head());
  EXPECT_EQ(outcome(stage, text(8, 30)), "keep");  // 8 of 12
  EXPECT_EQ(outcome(stage, text(9, 30)), "fineweb.short_lines");
  EXPECT_EQ(outcome(stage, text(9, 31)), "keep");
}

TEST(FineWeb, DuplicateLineChars) {
  const std::string line = std::string(49, 'x') + ".";
  const auto text = [&](size_t others) { return line + "\n" + std::string(others - 1, 'y') + ".\n" + line; };
  const FineWeb stage = without_list(FineWebOptions::head());
  EXPECT_EQ(outcome(stage, text(4899)), "fineweb.duplicate_line_chars");
  EXPECT_EQ(outcome(stage, text(4901)), "keep");
  EXPECT_EQ(outcome(without_list(FineWebOptions()), text(4901)), "keep");
}

TEST(FineWeb, List) {
  const auto text = [](size_t words) {  // 3 newlines
    std::string out;
    for (size_t i = 0; i < words; ++i) out += std::string(31, 'x') + plain_words(1, i) + (i < 3 ? ".\n" : " ");
    return out;
  };
  EXPECT_EQ(outcome(head(), text(7)), "keep");  // 3 newlines to 7 words and 3 stops
  EXPECT_EQ(outcome(head(), text(6)), "fineweb.list");
}

TEST(FineWeb, EqualsTheSlowFilter) {
  std::mt19937 random(14);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = testing::random_document(random);
    for (const bool head_rules : {false, true}) {
      const FineWeb stage(head_rules ? FineWebOptions::head() : FineWebOptions());
      const Report report = testing::measure(stage, text);
      const testing::Values expected = testing::slow_fineweb(text, head_rules);
      ASSERT_EQ(report.measurements.size(), expected.size());
      for (const Measurement& m : report.measurements)
        ASSERT_EQ(m.value, expected.at(std::string(m.rule))) << m.rule << "\n" << text;
    }
  }
}

}  // namespace
}  // namespace ftok
