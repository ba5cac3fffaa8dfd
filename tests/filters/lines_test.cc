#include "filters/measures/lines.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

using Views = std::vector<std::string_view>;

TEST(Lines, SplitAtEveryLineEndPythonKnows) {
  Views lines;
  split_lines("a\nb\r\nc\rd\ve\ff\x1cg\x1dh\x1ei\u0085j\u2028k\u2029l", lines);
  EXPECT_EQ(lines, Views({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}));
  split_lines("a\n\nb\n", lines);
  EXPECT_EQ(lines, Views({"a", "", "b"}));
  split_lines("\n", lines);
  EXPECT_EQ(lines, Views({""}));
  split_lines("", lines);
  EXPECT_TRUE(lines.empty());
}

TEST(Lines, NewlineRuns) {
  Views pieces;
  split_at_newline_runs("a\nb\n\nc\n\n\nd", 2, pieces);
  EXPECT_EQ(pieces, Views({"a\nb", "c", "d"}));
  split_at_newline_runs("\n\na\n", 1, pieces);
  EXPECT_EQ(pieces, Views({"", "a", ""}));
  split_at_newline_runs("", 1, pieces);
  EXPECT_EQ(pieces, Views({""}));
  split_at_newlines("a\n\nb\n", pieces);
  EXPECT_EQ(pieces, Views({"a", "", "b", ""}));
}

TEST(Lines, StripTakesAllWhiteSpaceOfPython) {
  EXPECT_EQ(strip(" \t\n\x1c\u0085\u00A0\u2003\u3000x y\u2028 "), "x y");
  EXPECT_EQ(strip("\u200Bx\u200B"), "\u200Bx\u200B");  // a zero-width space is none
  EXPECT_EQ(strip(" \u3000 "), "");
  EXPECT_EQ(strip_front(" x "), "x ");
  EXPECT_EQ(strip_back(" x "), " x");
}

TEST(Lines, CountsCharactersAndOccurrences) {
  EXPECT_EQ(char_count("a\u00E9\u3000\U0001F600"), 4u);
  EXPECT_EQ(count_occurrences("......", "..."), 2u);
  EXPECT_EQ(count_occurrences(".....", "..."), 1u);
}

TEST(Lines, DuplicatesAreCountedFromTheSecondOn) {
  const Duplicates found = find_duplicates({"ab", "\u00E9", "ab", "", "ab", "", "\u00E9"});
  EXPECT_EQ(found.pieces, 4u);
  EXPECT_EQ(found.chars, 5u);
  EXPECT_EQ(find_duplicates({}).pieces, 0u);
}

TEST(Lines, ManyDifferentPiecesAreNeverMistaken) {
  std::vector<std::string> owned;
  for (int i = 0; i < 100000; ++i) owned.push_back(std::to_string(i));
  const Views pieces(owned.begin(), owned.end());
  EXPECT_EQ(find_duplicates(pieces).pieces, 0u);
}

}  // namespace
}  // namespace ftok
