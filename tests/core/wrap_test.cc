#include "core/wrap.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(Wrapped, BreaksAtSpacesWhereALineIsTooLong) {
  EXPECT_EQ(wrapped("one two", 7), "one two");
  EXPECT_EQ(wrapped("one two", 6), "one\n  two");
  EXPECT_EQ(wrapped("one two\nthree", 7), "one two\nthree");
  EXPECT_EQ(wrapped("a-word-without-a-space b", 5), "a-word-without-a-space\n  b");
  EXPECT_EQ(wrapped("  indented words", 10, 4), "  indented\n    words");
  EXPECT_EQ(wrapped("ends \n\n", 10), "ends \n\n");
  EXPECT_EQ(wrapped("", 10), "");
  EXPECT_EQ(wrapped("\u4e2d\u4e2d \u4e2d", 6), "\u4e2d\u4e2d\n  \u4e2d");  // two columns each
}

TEST(Wrapped, KeepsACommandBetweenBackticksTogether) {
  EXPECT_EQ(wrapped("see `ftok a b`, or c", 14), "see\n  `ftok a b`,\n  or c");
  EXPECT_EQ(wrapped("see `ftok a b`", 11), "see `ftok a\n  b`");  // too long for a line: 10 columns in 9
  EXPECT_EQ(wrapped("see `ftok a b`", 12), "see\n  `ftok a b`");
  EXPECT_EQ(wrapped("a ` b c", 3), "a `\n  b\n  c");  // never closed
  EXPECT_EQ(wrapped("`a\nb` c", 20), "`a\nb` c");     // no further than the line
}

}  // namespace
}  // namespace ftok
