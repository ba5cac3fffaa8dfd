#include "filters/refinedweb.h"

#include <gtest/gtest.h>

#include "tests/filters/quality_texts.h"

namespace ftok {
namespace {

using testing::outcome;
using testing::plain_words;

// Enough words that one line more or less is within words_removed_max.
const std::string kProse = plain_words(100);

// What the stage leaves of the prose and `line`; a line that goes leaves the prose alone.
std::string rewritten(const std::string& line, const RefinedWebOptions& options = {}) {
  Document document;
  document.text = kProse + "\n" + line;
  EXPECT_TRUE(RefinedWeb(options).process(document).kept()) << line;
  return document.text;
}

void expect_stays(const std::string& line) { EXPECT_EQ(rewritten(line), kProse + "\n" + line) << line; }
void expect_goes(const std::string& line) { EXPECT_EQ(rewritten(line), kProse) << line; }

TEST(RefinedWeb, CapitalsAndDigits) {
  expect_stays("ABCD def");                              // 4 of 8
  expect_goes("ABCDE fgh");                              // 5 of 9
  expect_stays("\u2160\u24B6\U0001F130D def");           // 4 of 8: a numeral, in a circle, in a square
  expect_goes("\u216F\u24CF\U0001F149\U0001F189E fgh");  // 5 of 9
  expect_stays("\u2170\u24D0\U0001F12F\u2188E fgh");     // small, and what is none
  expect_stays("12345 67890");                           // a space is no digit
  RefinedWebOptions options;
  options.line_words_min = 1;
  EXPECT_EQ(rewritten("1234567890", options), kProse);
  EXPECT_EQ(rewritten("1234567890.", options), kProse + "\n1234567890.");
}

TEST(RefinedWeb, Counters) {
  expect_goes("3 likes");
  expect_goes("(1,234.5K  Views)");
  expect_goes("\u0663 shares!");  // a digit of any script
  for (const char* const space : {"\v", "\x1F", "\u0085", "\u00A0", "\u2009", "\u2028", "\u3000"})
    expect_goes(std::string("3") + space + "likes");
  expect_stays("3\u200Blikes today");  // no space
  expect_stays("3 likes today");
  expect_stays("three likes");
  expect_stays("3 apples");
  RefinedWebOptions options;
  options.drop_counters = false;
  EXPECT_EQ(rewritten("3 likes", options), kProse + "\n3 likes");
}

TEST(RefinedWeb, ShortLines) {
  expect_goes("word");
  expect_stays("two words");
  Document document;
  document.text = kProse + "\n\n" + kProse;  // an empty line is none of few words
  EXPECT_TRUE(RefinedWeb().process(document).kept());
  EXPECT_EQ(document.text, kProse + "\n\n" + kProse);
}

TEST(RefinedWeb, Prompts) {
  EXPECT_EQ(rewritten("Two words items in cart"), kProse + "\nTwo words");
  EXPECT_EQ(rewritten("A word Read more..."), kProse + "\nA word");
  EXPECT_EQ(rewritten("sign-in or register"), kProse + "\nor register");
  EXPECT_EQ(rewritten("sign-in\u00A0or register"), kProse + "\nor register");
  EXPECT_EQ(rewritten("A word\u2009Read more..."), kProse + "\nA word");
  expect_goes("Read more...");
  expect_stays("Read more... and more");
  expect_stays("To sign-in");
  expect_stays("one two three four five six seven eight nine read more...");    // eleven words
  EXPECT_EQ(rewritten("one two three four five six seven eight read more..."),  // ten
            kProse + "\none two three four five six seven eight");
}

TEST(RefinedWeb, WordsRemoved) {
  const std::string five = "one\ntwo\nthree\nfour\nfive";
  EXPECT_EQ(outcome(RefinedWeb(), plain_words(95) + "\n" + five), "keep");  // 5 of 100
  EXPECT_EQ(outcome(RefinedWeb(), plain_words(94) + "\n" + five), "refinedweb.words_removed");
  EXPECT_EQ(outcome(RefinedWeb(), plain_words(94) + " - -\n" + five), "refinedweb.words_removed");  // no words
  EXPECT_EQ(outcome(RefinedWeb(), ""), "refinedweb.empty");
  EXPECT_EQ(outcome(RefinedWeb(), "- . -"), "refinedweb.empty");
  EXPECT_EQ(outcome(RefinedWeb(), "word"), "refinedweb.empty");
}

TEST(RefinedWeb, LinesOfProseAloneWhereAsked) {
  EXPECT_EQ(
      testing::outcome_with_code<RefinedWeb>(RefinedWebOptions(), "prose", kProse, {"A", "B", "C", "D", "E", "F"}),
      "keep");
  EXPECT_EQ(testing::outcome_with_code<RefinedWeb>(RefinedWebOptions(), "all", kProse, {"A", "B", "C", "D", "E", "F"}),
            "refinedweb.words_removed");
}

}  // namespace
}  // namespace ftok
