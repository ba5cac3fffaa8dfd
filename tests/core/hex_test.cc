#include "core/hex.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(Hex, TwoDigitsPerByteAndBack) {
  const std::string bytes("\x00\x0F\x9A\xFF", 4);
  EXPECT_EQ(to_hex(bytes), "000f9aff");
  EXPECT_EQ(from_hex("000f9aff"), bytes);
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(from_hex(""), "");
}

}  // namespace
}  // namespace ftok
