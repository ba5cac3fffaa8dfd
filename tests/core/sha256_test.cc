#include "core/sha256.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hex.h"
#include "core/hmac.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

TEST(Sha256, AgreesWithThePublishedVectors) {  // FIPS 180-4, examples
  EXPECT_EQ(Sha256::of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256::of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, IsTheSameForAnyPieces) {
  const std::string text(100000, 'a');
  Sha256 digest;
  for (size_t at = 0, step = 1; at < text.size(); at += step, step = step * 3 % 1009 + 1) {
    digest.update(std::string_view(text).substr(at, step));
  }
  EXPECT_EQ(digest.hex(), Sha256::of(text));
  const testing::TemporaryFolder folder;
  write_file(folder / "a", text);
  EXPECT_EQ(Sha256::of_file(folder / "a"), Sha256::of(text));
  EXPECT_THROW(Sha256::of_file(folder / "b"), Error);
}

TEST(Hmac, AgreesWithThePublishedVectors) {  // RFC 4231, test cases 2 and 6
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_TRUE(are_equal_secrets("ab", "ab"));
  EXPECT_FALSE(are_equal_secrets("ab", "ac"));
  EXPECT_FALSE(are_equal_secrets("ab", "abc"));
}

}  // namespace
}  // namespace ftok
