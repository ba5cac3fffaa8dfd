#include "pipeline/tokenize/buckets.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/error.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::TemporaryFolder;

std::vector<std::string> ids_of(const std::string& path, uint64_t bytes) {
  std::vector<std::string> ids;
  BucketReader reader(path, bytes);
  for (BucketRow row; reader.next(row);) ids.emplace_back(row.id);
  return ids;
}

TEST(Buckets, SpreadByTheFirstByteAndGiveRowsBack) {
  TemporaryFolder folder;
  const std::string prefix = folder / "bucket";
  for (const size_t token_bytes : {2, 4}) {
    BucketWriter writer(prefix, token_bytes, {});
    const std::vector<uint32_t> tokens = {1, 65535, 7};
    writer.add({0x0500000000000000, 1}, "five", tokens);
    writer.add({0xFF00000000000000, 2}, "last", {});
    writer.add({0x05FFFFFFFFFFFFFF, 3}, "", tokens);
    const BucketSizes sizes = writer.flush();
    EXPECT_EQ(sizes.documents[5], 2u);
    EXPECT_EQ(sizes.documents[255], 1u);
    EXPECT_EQ(sizes.bytes[6], 0u);
    EXPECT_EQ(ids_of(bucket_path(prefix, 5), sizes.bytes[5]), (std::vector<std::string>{"five", ""}));
    BucketReader reader(bucket_path(prefix, 5), sizes.bytes[5]);
    BucketRow row;
    ASSERT_TRUE(reader.next(row));
    std::vector<uint32_t> decoded;
    row.decode(decoded);
    EXPECT_EQ(decoded, tokens);
    EXPECT_EQ(row.key, (ShuffleKey{0x0500000000000000, 1}));
  }
}

TEST(Buckets, GoOnFromTheSizesOfACheckpoint) {
  TemporaryFolder folder;
  const std::string prefix = folder / "bucket";
  BucketSizes checkpoint;
  {
    BucketWriter writer(prefix, 4, {});
    writer.add({0, 0}, "a", {});
    checkpoint = writer.flush();
    writer.add({0, 0}, "lost", {});
    writer.flush();
  }
  BucketWriter writer(prefix, 4, checkpoint);
  writer.add({0, 0}, "b", {});
  const BucketSizes sizes = writer.flush();
  EXPECT_EQ(ids_of(bucket_path(prefix, 0), sizes.bytes[0]), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sizes.documents[0], 2u);
}

// Rows that fill a block to its last byte, that are a byte too long for it, and that are larger than a block.
TEST(Buckets, CutBlocksBetweenRows) {
  constexpr size_t kBlock = size_t{1} << 16, kBlockHead = 12, kRowHead = 32;
  const auto blocks = [&](const std::vector<size_t>& row_bytes, size_t token_bytes) {
    TemporaryFolder folder;
    const std::string prefix = folder / "bucket";
    BucketWriter writer(prefix, token_bytes, {});
    std::vector<std::vector<uint32_t>> added;
    uint64_t bytes = 0;
    for (const size_t size : row_bytes) {
      std::vector<uint32_t> tokens((size - kRowHead - token_bytes) / token_bytes);
      for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<uint32_t>((i * 40503 + size) % 65536);
      const std::string id(size - kRowHead - tokens.size() * token_bytes, 'i');
      writer.add({0, added.size()}, id, tokens);
      added.push_back(tokens);
      bytes += size;
    }
    EXPECT_EQ(writer.bytes(), bytes);
    const uint64_t in_file = writer.flush().bytes[0];
    BucketReader reader(bucket_path(prefix, 0), in_file);
    BucketRow row;
    std::vector<uint32_t> tokens;
    for (size_t i = 0; i < added.size(); ++i) {
      EXPECT_TRUE(reader.next(row));
      EXPECT_EQ(row.key, (ShuffleKey{0, i}));
      EXPECT_EQ(row.row.size(), row_bytes[i]);
      row.decode(tokens);
      EXPECT_EQ(tokens, added[i]);
    }
    EXPECT_FALSE(reader.next(row));
    return (in_file - bytes) / kBlockHead;
  };
  for (const size_t token_bytes : {2, 4}) {
    EXPECT_EQ(blocks({1000, kBlock - kBlockHead - 1000}, token_bytes), 1u);
    EXPECT_EQ(blocks({1000, kBlock - kBlockHead - 999}, token_bytes), 2u);
    EXPECT_EQ(blocks({1000, 3 * kBlock, 1000, 1001}, token_bytes), 3u);
    EXPECT_EQ(blocks({5 * kBlock + 1, 6 * kBlock, 100}, token_bytes), 3u);
    EXPECT_EQ(blocks(std::vector<size_t>(5000, 333), token_bytes), 26u);
  }
}

TEST(Buckets, NameAFileThatIsDamaged) {
  TemporaryFolder folder;
  const std::string prefix = folder / "bucket";
  BucketSizes sizes;
  {
    BucketWriter writer(prefix, 4, {});
    writer.add({0, 0}, "document", std::vector<uint32_t>{1, 2, 3});
    sizes = writer.flush();
  }
  const std::string path = bucket_path(prefix, 0);
  const std::string whole = read_file(path);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    write_file(path, damaged);
    EXPECT_THROW(ids_of(path, sizes.bytes[0]), Error) << i;
    write_file(path, whole.substr(0, i));
    EXPECT_THROW(ids_of(path, sizes.bytes[0]), Error) << i;
  }
  EXPECT_THROW(BucketWriter(prefix, 4, sizes), Error);  // shorter than the checkpoint says
}

}  // namespace
}  // namespace ftok
