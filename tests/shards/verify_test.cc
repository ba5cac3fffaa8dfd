#include "shards/verify.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.h"
#include "shards/checksum.h"
#include "shards/format.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  return files;
}

using testing::overwrite;

TEST(VerifyFolder, FindsNothingInAWholeFolder) {
  testing::TemporaryFolder folder;
  testing::make_output_folder(folder.path().string());
  const Verification result = verify_folder(folder.path().string());
  for (const Finding& finding : result.findings) ADD_FAILURE() << finding.path << ": " << finding.what;
  EXPECT_TRUE(result.unchecked.empty());
  EXPECT_EQ(result.files, files_below(folder.path().string()).size());
  for (const std::string& path : files_below(folder.path().string())) {
    if (path.ends_with(".zst") || path.ends_with(".toml")) continue;  // only a folder says what they are
    EXPECT_TRUE(verify_file(path).findings.empty()) << path;
  }
}

TEST(VerifyFolder, FindsEveryFlippedByteOfEveryFile) {
  testing::TemporaryFolder folder;
  testing::make_output_folder(folder.path().string());
  for (const std::string& path : files_below(folder.path().string())) {
    const std::string good = read_file(path);
    for (size_t i = 0; i < good.size(); i += testing::kEveryNth) {
      testing::flip_byte(path, i, 1 << (i % 8));
      ASSERT_FALSE(verify_folder(folder.path().string()).findings.empty()) << path << " byte " << i;
      testing::flip_byte(path, i, 1 << (i % 8));
    }
    overwrite(path, good + "x");
    EXPECT_FALSE(verify_folder(folder.path().string()).findings.empty()) << path;
    overwrite(path, good.substr(0, good.size() - 1));
    EXPECT_FALSE(verify_folder(folder.path().string()).findings.empty()) << path;
    overwrite(path, good);
  }
}

TEST(VerifyFolder, NamesAMissingBinding) {
  testing::TemporaryFolder folder;
  testing::make_output_folder(folder.path().string());
  std::filesystem::remove(folder / kBindingName);
  const Verification result = verify_folder(folder.path().string());
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_TRUE(result.findings[0].path.ends_with("/binding.toml")) << result.findings[0].path;
}

TEST(IsShardFileName, TakesOurNamesAlone) {
  for (const char* const name : {"ftok_train_000000.bin", "ftok_val_1.docs", "ftok_train_000001.mask",
                                 "ftok_val_000002.ds", "ftok_val_000002.ds.index", "ftok_train_000000.bin.docs"}) {
    EXPECT_TRUE(is_shard_file_name(name)) << name;
  }
  for (const char* const name : {"ftok_train_mine.bin", "ftok_train_.bin", "ftok_train_1", "ftok_train_1.txt",
                                 "my_ftok_train_1.bin", "ftok_train_1.bin.bak", "ftok_train_1x.bin"}) {
    EXPECT_FALSE(is_shard_file_name(name)) << name;
  }
}

TEST(VerifyFolder, NamesMissingAndUnlistedFiles) {
  testing::TemporaryFolder folder;
  testing::make_output_folder(folder.path().string());
  write_file(folder / "ftok_train_000099.bin", "x");
  std::filesystem::remove(folder / "parts/000001.keys");
  const Verification result = verify_folder(folder.path().string());
  ASSERT_EQ(result.findings.size(), 2u);
  EXPECT_EQ(result.findings[0].path, folder / "parts/000001.keys");
  EXPECT_EQ(result.findings[0].what, "is listed but missing");
  EXPECT_EQ(result.findings[1].path, folder / "ftok_train_000099.bin");
}

TEST(VerifyFile, FindsEveryFlippedByteOfAShardWithASidecar) {
  testing::TemporaryFolder folder;
  testing::make_output_folder(folder.path().string());
  for (const std::string name : {"ftok_train_000000.bin", "ftok_train_000000.docs"}) {
    const size_t bytes = std::filesystem::file_size(folder / name);
    for (size_t i = 0; i < bytes; ++i) {
      testing::flip_byte(folder / name, i, 0x20);
      ASSERT_FALSE(verify_file(folder / "ftok_train_000000.bin").findings.empty()) << name << " byte " << i;
      testing::flip_byte(folder / name, i, 0x20);
    }
  }
}

TEST(VerifyFile, SaysThatAForeignShardHasNoChecksum) {
  testing::TemporaryFolder folder;
  write_file(folder / "fineweb_val_000000.bin", encode_shard_header(2, 1) + std::string("\x01\x02", 2));
  const Verification result = verify_file(folder / "fineweb_val_000000.bin");
  EXPECT_TRUE(result.findings.empty());
  EXPECT_EQ(result.unchecked.size(), 1u);
}

TEST(VerifyFile, FindsRowsThatContradictEachOther) {
  testing::TemporaryFolder folder;
  const auto findings = [&](const std::vector<ShardDocument>& rows) {
    write_file(folder / "a.docs", encode_sidecar(50, checksum_of(""), rows));
    return verify_file(folder / "a.docs").findings.size();
  };
  EXPECT_EQ(findings({{0, 5, 25, "a"}, {20, 0, 30, "b"}}), 0u);
  EXPECT_EQ(findings({{0, 5, 25, "a"}, {20, 0, 90, "b"}}), 0u);  // goes on in the next shard
  EXPECT_EQ(findings({{0, 5, 26, "a"}, {20, 0, 30, "b"}}), 1u);  // the first has a token too few
  EXPECT_EQ(findings({{0, 5, 25, "a"}, {20, 0, 29, "b"}}), 1u);  // the last has one too many
  EXPECT_EQ(findings({{0, 5, 25, "a"}, {20, 1, 31, "b"}}), 1u);  // only the first row can begin in an earlier shard
  EXPECT_EQ(findings({}), 1u);
}

}  // namespace
}  // namespace ftok
