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
