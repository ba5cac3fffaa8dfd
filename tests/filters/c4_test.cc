#include "filters/c4.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "document/text_lines.h"
#include "tests/filters/quality_texts.h"
#include "tests/reference/slow_filters.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::outcome;

const std::string kFive = "One two three.\nFour five six.\nSeven eight nine.\nTen eleven twelve.\nOne more line.";

C4 head() { return C4(C4Options::head()); }

// The text `stage` leaves of five good lines and `line`.
std::string rewritten(const Stage& stage, const std::string& line) {
  Document document;
  document.text = kFive + "\n" + line;
  EXPECT_TRUE(stage.process(document).kept()) << line;
  return document.text;
}

void expect_line(const std::string& line, const std::string& becomes) {
  EXPECT_EQ(rewritten(head(), line), kFive + "\n" + becomes) << line;
}
void expect_line_dropped(const std::string& line) { EXPECT_EQ(rewritten(head(), line), kFive) << line; }

TEST(C4, TooFewSentences) {
  EXPECT_EQ(outcome(head(), kFive), "keep");
  EXPECT_EQ(outcome(head(), "One two three. Four. Five. Six. Seven"), "keep");
  EXPECT_EQ(outcome(head(), "One two three. Four. Five. Six seven"), "c4.too_few_sentences");
  EXPECT_EQ(outcome(head(), ""), "c4.too_few_sentences");
}

TEST(C4, ZeroBoundsNothing) {
  C4Options options = C4Options::head();
  const std::string line = "One two " + std::string(static_cast<size_t>(options.word_chars_max) + 1, 'a') + " four.";
  options.sentences_min = 0;
  EXPECT_EQ(outcome(C4(options), "One"), "keep");
  EXPECT_EQ(rewritten(C4(options), line), kFive);
  options.word_chars_max = 0;
  EXPECT_EQ(rewritten(C4(options), line), kFive + "\n" + line);
}

TEST(C4, TooLong) {
  C4Options options = C4Options::head();
  options.chars_max = static_cast<int64_t>(kFive.size()) + 2;
  EXPECT_EQ(outcome(C4(options), kFive + " \u00E9"), "keep");  // characters, not bytes
  EXPECT_EQ(outcome(C4(options), kFive + " ee."), "c4.too_long");
}

// The outcome under a list of bad words.
std::string outcome_with_list(const std::string& list, const std::string& line) {
  const testing::TemporaryFolder folder;
  write_file(folder / "words", list);
  C4Options options = C4Options::head();
  options.bad_word_lists = {folder / "words"};
  return outcome(C4(options), kFive + "\n" + line);
}

TEST(C4, BadWords) {
  const std::string list = "darn\n two words \n\na+b\n\u60AA\u3044\n";
  EXPECT_EQ(outcome_with_list(list, "What a darn thing."), "c4.bad_word");
  EXPECT_EQ(outcome_with_list(list, "What a thing, (DARN)"), "c4.bad_word");
  EXPECT_EQ(outcome_with_list(list, "What a darned thing."), "keep");
  EXPECT_EQ(outcome_with_list(list, "What a darn_thing this is."), "keep");
  EXPECT_EQ(outcome_with_list(list, "What a \u00E9darn thing."), "keep");
  EXPECT_EQ(outcome_with_list(list, "These are two words."), "c4.bad_word");
  EXPECT_EQ(outcome_with_list(list, "These two are words."), "keep");
  EXPECT_EQ(outcome_with_list(list, "This is a+b there."), "c4.bad_word");  // no pattern, but as it stands
  EXPECT_EQ(outcome_with_list(list, "This is aab there."), "keep");
  EXPECT_EQ(outcome_with_list(list, "a b \u672C\u60AA\u3044\u672C."), "c4.bad_word");  // within a run of ideographs
  EXPECT_EQ(outcome_with_list(list, "darn it"), "keep");                               // in a line that goes
  EXPECT_EQ(outcome_with_list("", "What a darn thing."), "keep");
}

TEST(C4, AMissingListOfBadWordsIsSaid) {
  C4Options options;
  options.bad_word_lists = {"/nonexistent/words"};
  const C4 stage(options);
  EXPECT_EQ(outcome(stage, kFive), "keep");
  Provenance provenance;
  stage.describe(provenance);
  ASSERT_EQ(provenance.notes.size(), 1u);
  EXPECT_NE(provenance.notes[0].find("/nonexistent/words is missing"), std::string::npos);
}

// Five good sentences, a line of two words, a program and a table, laid out as Markdown too.
Document laid_out() {
  Document document;
  document.text = "One two three.[1] Four. Five. Six. Seven.\nTwo words\na = {\nx | y";
  document.markdown =
      "One two three.[1] Four. Five. Six. Seven.\n\n## Two words\n\n```\na = {\n```\n\n| x | y |\n| --- | --- |";
  document.lines = {line_entry(LineKind::kProse, 0), line_entry(LineKind::kProse, 2), line_entry(LineKind::kCode, 5),
                    line_entry(LineKind::kTable, 8)};
  return document;
}

TEST(C4, MarkdownLosesTheSameProseAndNoStructure) {
  C4Options options = C4Options::head();
  options.drop_curly_bracket = false;
  options.line_words_min = 4;  // neither the heading, the program nor the row has so many
  Document document = laid_out();
  EXPECT_TRUE(C4(options).process(document).kept());
  EXPECT_EQ(document.text, "One two three. Four. Five. Six. Seven.");
  EXPECT_EQ(document.markdown, "One two three. Four. Five. Six. Seven.\n\n```\na = {\n```\n\n| x | y |\n| --- | --- |");
  options.strip_citations = false;
  options.sentences_min = 4;  // "three.[1] Four." is one
  document = laid_out();
  EXPECT_TRUE(C4(options).process(document).kept());
  EXPECT_NE(document.markdown.find("[1]"), std::string::npos);
}

TEST(C4, LinesOfProseAloneAreJudgedWhereAsked) {
  C4Options options = C4Options::head();
  Document document = laid_out();
  EXPECT_EQ(C4(options).process(document).reason, "c4.curly_bracket");
  options.lines = "prose";
  document = laid_out();
  EXPECT_TRUE(C4(options).process(document).kept());
  EXPECT_EQ(document.text, "One two three. Four. Five. Six. Seven.\na = {\nx | y");
  EXPECT_EQ(document.lines.size(), 3u);
  document.text = kFive + "\na {b} c";  // of a document whose lines are not known, all are judged
  document.lines.clear();
  EXPECT_EQ(C4(options).process(document).reason, "c4.curly_bracket");
  options.lines = "code";
  EXPECT_THROW(C4{options}, UsageError);
}

TEST(C4, EmptyLinesAtTheEndsGoWithTheirEntries) {
  C4Options options = C4Options::head();
  options.line_words_min = 0;
  options.sentences_min = -1;
  Document document;
  document.text = "\n \na b\n\nc\n\n";
  document.markdown = "a b\n\nc";
  document.lines.assign(7, line_entry(LineKind::kProse, 0));
  document.lines[4] = document.lines[5] = document.lines[6] = line_entry(LineKind::kProse, 2);
  EXPECT_TRUE(C4(options).process(document).kept());
  EXPECT_EQ(document.text, "a b\n\nc");
  EXPECT_TRUE(has_line_entries(document));
}

TEST(C4, LoremIpsum) {
  EXPECT_EQ(outcome(head(), kFive + "\nthis is LOREM Ipsum text"), "c4.lorem_ipsum");
  EXPECT_EQ(outcome(head(), kFive + "\nthis is lorem  ipsum text"), "keep");
  EXPECT_EQ(outcome(head(), kFive + "\nlorem ipsum"), "keep");  // a line of two words is gone before
}

TEST(C4, CurlyBracket) {
  EXPECT_EQ(outcome(head(), kFive + "\nint main () { }"), "c4.curly_bracket");
  EXPECT_EQ(outcome(head(), kFive + "\nint main () }"), "keep");
  EXPECT_EQ(outcome(head(), kFive + "\na {"), "keep");
  EXPECT_EQ(outcome(head(), kFive + "\njavascript has a {"), "keep");             // the line is gone before
  EXPECT_EQ(outcome(head(), kFive + "\nuse cookies and {"), "c4.curly_bracket");  // the bracket comes before
}

TEST(C4, TheFirstThatDropsCounts) {
  const std::string lorem = "\nthis is lorem ipsum text", bracket = "\nint main () { }";
  EXPECT_EQ(outcome(head(), kFive + lorem + bracket), "c4.lorem_ipsum");
  EXPECT_EQ(outcome(head(), kFive + bracket + lorem), "c4.curly_bracket");
  EXPECT_EQ(testing::measure(head(), kFive + bracket + lorem).measurements.size(), 3u);
}

TEST(C4, LinesOfFewWords) {
  expect_line("only three words", "only three words");
  expect_line_dropped("two words");
  expect_line("[1] [2] [3]x",
              "  x");  // words are counted before citations go; the text's ends are stripped only at the end
}

TEST(C4, LongWords) {
  expect_line("a b " + std::string(1000, 'x'), "a b " + std::string(1000, 'x'));
  expect_line_dropped("a b " + std::string(1001, 'x'));
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "\u00E9";
  expect_line("a b " + wide, "a b " + wide);  // characters, not bytes
  expect_line_dropped("a b " + wide + "\u00E9");
}

TEST(C4, Citations) {
  expect_line("It was so[12] and so[edit] on[citation needed].", "It was so and so on.");
  expect_line("An empty[] one, digits\u0661[\u0661\u0662] too.", "An empty one, digits\u0661 too.");
  expect_line("Not [a], [1, [edit or [[2]] here", "Not [a], [1, [edit or [] here");
}

TEST(C4, JavascriptLines) {
  expect_line_dropped("please enable JavaScript now");
  expect_line("please enable java script", "please enable java script");
}

TEST(C4, PolicyLines) {
  for (const std::string phrase : {"Terms of Use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
                                   "use cookies", "use coo\u212Aies"}) {
    expect_line_dropped("about our " + phrase + " here");
  }
  expect_line("about our terms of usage", "about our terms of usage");
  expect_line("cookies are good food", "cookies are good food");
}

TEST(C4, LinesAreStrippedAndJoined) {
  EXPECT_EQ(rewritten(head(), "  six words are in here \t\r\n\n\nand six\u00A0more \u2028at the end\n"),
            kFive + "\nsix words are in here\nand six\u00A0more\nat the end");
}

TEST(C4, PunctuationRuleIsAnOption) {
  C4Options options = C4Options::head();
  options.drop_unpunctuated_lines = true;
  const C4 stage(options);
  EXPECT_EQ(rewritten(stage, "this has no end"), kFive);
  EXPECT_EQ(rewritten(stage, "this goes on..."), kFive);
  for (const std::string end : {".", "?", "!", "\"", "'"}) {
    EXPECT_EQ(rewritten(stage, "this has one" + end), kFive + "\nthis has one" + end);
  }
}

TEST(C4, RulesChooseTheSentences) {
  // "i.e." ends no sentence for spaCy; neither rule ends one before a lower-case word but spaCy does after "end."
  const std::string text = "This is the end. of it. and of. that too. really";
  EXPECT_EQ(outcome(head(), text), "keep");
  EXPECT_EQ(outcome(C4(), text), "c4.too_few_sentences");
}

TEST(C4, EqualsTheSlowFilter) {
  std::mt19937 random(13);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = testing::random_document(random);
    for (const bool head_rules : {false, true}) {
      const C4 stage(head_rules ? C4Options::head() : C4Options());
      const Report report = testing::measure(stage, text);
      std::string expected_text;
      const testing::Values expected = testing::slow_c4(text, head_rules, expected_text);
      ASSERT_EQ(report.measurements.size(), expected.size()) << text;
      for (const Measurement& m : report.measurements)
        ASSERT_EQ(m.value, expected.at(std::string(m.rule))) << m.rule << "\n" << text;
      Document document;
      document.text = text;
      if (!stage.process(document).kept()) continue;
      ASSERT_EQ(document.text, expected_text);
    }
  }
}

}  // namespace
}  // namespace ftok
