#include "core/utf8.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(Utf8, RoundTripsEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    const Utf8Char decoded = decode_utf8(text, 0);
    ASSERT_TRUE(decoded.valid) << std::hex << static_cast<uint32_t>(c);
    ASSERT_EQ(decoded.code_point, c);
    ASSERT_EQ(decoded.size, text.size());
  }
}

TEST(Utf8, TakesTheMaximalIllFormedPrefix) {
  const auto size_of = [](std::string_view text) {
    const Utf8Char c = decode_utf8(text, 0);
    EXPECT_FALSE(c.valid);
    return int{c.size};
  };
  EXPECT_EQ(size_of("\x80"), 1);
  EXPECT_EQ(size_of("\xC0\xAF"), 1);          // overlong
  EXPECT_EQ(size_of("\xED\xA0\x80"), 1);      // surrogate
  EXPECT_EQ(size_of("\xF0\x9F\x91"), 3);      // cut off at the end
  EXPECT_EQ(size_of("\xF0\x9F\x91z"), 3);     // cut off before a letter
  EXPECT_EQ(size_of("\xF5\x80\x80\x80"), 1);  // above U+10FFFF
  EXPECT_EQ(utf8_length("a\xF0\x9F\x91zé"), 4u);
  EXPECT_FALSE(is_valid_utf8("a\x80"));
  EXPECT_TRUE(is_valid_utf8("aé👍"));
}

TEST(Utf8Prefix, CutsBeforeACharacter) {
  EXPECT_EQ(utf8_prefix("caf\xC3\xA9!", 5), "caf\xC3\xA9");
  EXPECT_EQ(utf8_prefix("caf\xC3\xA9!", 4), "caf");
  EXPECT_EQ(utf8_prefix("caf\xC3\xA9!", 6), "caf\xC3\xA9!");
  EXPECT_EQ(utf8_prefix("caf\xC3\xA9!", 0), "caf\xC3\xA9!");
  EXPECT_EQ(utf8_prefix("\xA9\xA9\xA9", 2), "");
}

}  // namespace
}  // namespace ftok
