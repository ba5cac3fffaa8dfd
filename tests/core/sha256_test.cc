#include "core/sha256.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
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

}  // namespace
}  // namespace ftok
