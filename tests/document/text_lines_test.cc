#include "document/text_lines.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

using enum LineKind;

// A title that the plain text lacks, a paragraph, a fence of two lines, a table of two rows, a paragraph of two lines.
Document sample() {
  Document document;
  document.text = "One.\nint a;\n  b;\nx | y\n1 | 2\nTwo.\nThree.";
  document.markdown =
      "# Title\n\nOne.\n\n```\nint a;\n  b;\n```\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n\nTwo.\nThree.";
  document.lines = {line_entry(kProse, 2),  line_entry(kCode, 5),   line_entry(kCode, 6),  line_entry(kTable, 9),
                    line_entry(kTable, 11), line_entry(kProse, 13), line_entry(kProse, 14)};
  return document;
}

TEST(Lines, AnEntryHoldsBoth) {
  EXPECT_EQ(kind_of_line(line_entry(kFormula, 70000)), kFormula);
  EXPECT_EQ(markdown_line_of(line_entry(kFormula, 70000)), 70000u);
}

TEST(Lines, ProseAlone) {
  Document document = sample();
  std::string scratch;
  EXPECT_EQ(prose_of(document, scratch), "One.\nTwo.\nThree.");
  document.lines = {line_entry(kCode, 0)};  // of another text
  EXPECT_EQ(prose_of(document, scratch), document.text);
  document.lines.clear();
  EXPECT_EQ(prose_of(document, scratch).data(), document.text.data());  // nothing is copied
}

TEST(Lines, WhichEntriesBelongToTheText) {
  Document document = sample();
  EXPECT_TRUE(has_line_entries(document));
  document.text += "\nFour.";
  EXPECT_FALSE(has_line_entries(document));
  document = sample();
  document.lines.back() = line_entry(kProse, 15);  // the Markdown has 15 lines, the last is 14
  EXPECT_FALSE(has_line_entries(document));
  document = sample();
  std::swap(document.lines[0], document.lines[6]);
  EXPECT_FALSE(has_line_entries(document));
}

TEST(Lines, ALineOfProseGoesWithTheEmptyLineBehindIt) {
  Document document = sample();
  rewrite_lines(document, {"int a;\nx | y\n1 | 2\nThree.", {1, 3, 4, 6}});  // a line of code left out too
  EXPECT_EQ(document.text, "int a;\nx | y\n1 | 2\nThree.");
  EXPECT_EQ(document.markdown, "# Title\n\n```\nint a;\n  b;\n```\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n\nThree.");
  ASSERT_TRUE(has_line_entries(document));
  EXPECT_EQ(document.lines, (std::vector<uint32_t>{line_entry(kCode, 3), line_entry(kTable, 7), line_entry(kTable, 9),
                                                   line_entry(kProse, 11)}));
  // What is left can be rewritten again; the line of code that no line of the text shows stays.
  rewrite_lines(document, {"int a;", {0}});
  EXPECT_EQ(document.markdown, "# Title\n\n```\nint a;\n  b;\n```\n\n| x | y |\n| --- | --- |\n| 1 | 2 |");
}

TEST(Lines, ALineOfMarkdownThatShowsSeveralStaysWithAnyOfThem) {
  Document document;
  document.text = "A heading\nof two lines\nText.";
  document.markdown = "# A heading of two lines\n\nText.";
  document.lines = {line_entry(kProse, 0), line_entry(kProse, 0), line_entry(kProse, 2)};
  Document other = document;
  rewrite_lines(document, {"of two lines\nText.", {1, 2}});
  EXPECT_EQ(document.markdown, "# A heading of two lines\n\nText.");
  rewrite_lines(other, {"Text.", {2}});
  EXPECT_EQ(other.markdown, "Text.");
}

TEST(Lines, EmptyLinesOfCodeStay) {
  Document document;
  document.text = "Gone.\na\n\n\nb\nGone.";
  document.markdown = "Gone.\n\n```\na\n\n\nb\n```\n\nGone.";
  document.lines = {line_entry(kProse, 0), line_entry(kCode, 3), line_entry(kCode, 4),
                    line_entry(kCode, 5),  line_entry(kCode, 6), line_entry(kProse, 9)};
  rewrite_lines(document, {"a\nb", {1, 4}});
  EXPECT_EQ(document.markdown, "```\na\n\n\nb\n```");
}

TEST(Lines, ATextWhoseLinesAreNotKnownLosesItsMarkdown) {
  Document document = sample();
  document.text = "Another.";
  rewrite_lines(document, {"Another", {0}});
  EXPECT_EQ(document.text, "Another");
  EXPECT_EQ(document.markdown, "");
  EXPECT_TRUE(document.lines.empty());
}

TEST(Lines, WhatIsWrittenIsTheMarkdown) {
  Document document = sample();
  const std::string markdown = document.markdown;
  take_layout(document);
  EXPECT_EQ(document.text, markdown);
  EXPECT_TRUE(document.markdown.empty() && document.lines.empty());
  take_layout(document);
  EXPECT_EQ(document.text, markdown);
}

}  // namespace
}  // namespace ftok
