#include "text/unicode.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(Category, KnowsEveryKind) {
  EXPECT_EQ(category_of(U'A'), Category::kLu);
  EXPECT_EQ(category_of(U'a'), Category::kLl);
  EXPECT_EQ(category_of(0x01C5), Category::kLt);
  EXPECT_EQ(category_of(0x4E2D), Category::kLo);
  EXPECT_EQ(category_of(0x0301), Category::kMn);
  EXPECT_EQ(category_of(U'7'), Category::kNd);
  EXPECT_EQ(category_of(0x2018), Category::kPi);
  EXPECT_EQ(category_of(U'$'), Category::kSc);
  EXPECT_EQ(category_of(U' '), Category::kZs);
  EXPECT_EQ(category_of(0x0A), Category::kCc);
  EXPECT_EQ(category_of(0xD800), Category::kCs);
  EXPECT_EQ(category_of(0x0378), Category::kCn);
  EXPECT_EQ(category_of(0x110000), Category::kCn);
  EXPECT_TRUE(is_white_space(0x85));
  EXPECT_FALSE(is_white_space(0x200B));
}

}  // namespace
}  // namespace ftok
