#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.h"
#include "shards/bytes.h"
#include "tests/cli/run_ftok.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok::testing {
namespace {

// `text` without `folder/`.
std::string without(std::string text, const std::string& folder) {
  for (size_t at = text.find(folder + "/"); at != std::string::npos; at = text.find(folder + "/")) {
    text.erase(at, folder.size() + 1);
  }
  return text;
}

TEST(ShardsInspect, ListsHeaderAndDocuments) {
  TemporaryFolder folder;
  make_output_folder(folder.path().string());
  const Ran ran = run_ftok("shards inspect --documents " + folder / "ftok_train_000001.bin");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(without(ran.out, folder.path().string()),
            "ftok_train_000001.bin: 50 tokens of 2 bytes (magic 20240520, version 1), largest id 999, 3 documents\n"
            "           0         16 tokens  urn:uuid:10  (from token 5)\n"
            "          16         22 tokens  urn:uuid:11\n"
            "          38         12 tokens  urn:uuid:12  (continues: 23 in all)\n");
  const Ran json = run_ftok("shards inspect --json " + folder / "ftok_val_000000.bin");
  EXPECT_TRUE(
      without(json.out, folder.path().string())
          .starts_with("{\"path\":\"ftok_val_000000.bin\",\"magic\":20240520,\"version\":1,\"tokens\":21,\"token_"
                       "bytes\":2,\"largest_token\":999,\"documents\":1,\"checksum\":\""));
}

TEST(ShardsVerify, ExitsOneOnAFinding) {
  TemporaryFolder folder;
  make_output_folder(folder.path().string());
  EXPECT_EQ(run_ftok("shards verify " + folder.path().string()).exit_code, 0);
  std::filesystem::remove(folder / "ftok_val_000000.docs");
  const Ran ran = run_ftok("shards verify " + folder.path().string());
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("ftok_val_000000.docs: is listed but missing"), std::string::npos) << ran.out;
  EXPECT_EQ(run_ftok("shards verify").exit_code, 2);
}

TEST(ShardsCat, PutsTogetherADocumentThatACutDivides) {
  TemporaryFolder folder;
  make_output_folder(folder.path().string());
  const Document document = make_document(10, 20);
  std::string expected = "--- urn:uuid:10: 21 tokens\n999";
  for (const uint32_t token : document.tokens) expected += " " + std::to_string(token);
  const Ran whole = run_ftok("shards cat --ids --id urn:uuid:10 " + folder.path().string());
  EXPECT_EQ(whole.out, expected + "\n");
  const Ran piece = run_ftok("shards cat --ids --limit 1 " + folder / "ftok_train_000001.bin");
  EXPECT_TRUE(piece.out.starts_with("--- urn:uuid:10: 16 tokens, from token 5 of 21\n")) << piece.out;
}

TEST(ShardsCat, DividesAForeignShardAtTheEndOfText) {
  TemporaryFolder folder;
  std::string bytes = encode_shard_header(2, 5);
  for (const int token : {50256, 1, 2, 50256, 3}) append_little_endian(bytes, static_cast<uint16_t>(token));
  write_file(folder / "a.bin", bytes);
  EXPECT_EQ(run_ftok("shards cat " + folder / "a.bin").out,
            "--- a.bin#0: 3 tokens\n50256 1 2\n--- a.bin#1: 2 tokens\n50256 3\n");
}

// The manifest of the test folder names a vocabulary "test" that there is none of.
TEST(ShardsCat, DecodesWithTheVocabularyNamed) {
  TemporaryFolder folder;
  make_output_folder(folder.path().string());
  const std::string shard = folder / "ftok_val_000000.bin";
  const Ran unknown = run_ftok("shards cat " + shard);
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.out.find("or print ids with --ids"), std::string::npos) << unknown.out;
  const Ran text = run_ftok("shards cat --vocab ftok-4k " + shard);
  EXPECT_EQ(text.exit_code, 0);
  std::string ids;
  for (const uint32_t token : make_document(0, 20).tokens) ids += " " + std::to_string(token);
  const Ran decoded = run_ftok("decode --vocab ftok-4k" + ids);
  ASSERT_EQ(decoded.exit_code, 0) << decoded.out;
  EXPECT_NE(text.out.find(decoded.out), std::string::npos) << text.out << decoded.out;
}

TEST(ShardsCat, SaysWhatIsNoShard) {
  TemporaryFolder folder;
  write_file(folder / "a.bin", std::string(2000, 'x'));
  const Ran ran = run_ftok("shards cat " + folder / "a.bin");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(
      without(ran.out, folder.path().string()),
      "ftok: a.bin is not a token shard: bad_magic: magic 2021161080, expected 20240520 (uint16 tokens) or 20240801 "
      "(uint32 tokens); where tokens have no header, give their format and width\n");
}

TEST(ShardsConvert, NamesTheFlagOfAShardTooLargeForTheFormat) {
  TemporaryFolder folder;
  make_output_folder(folder.path().string());
  const auto convert = [&](const std::string& tokens) {
    return run_ftok("shards convert --to llmc --shard-tokens " + tokens + " " + folder.path().string() + " " +
                    (folder / ("out-" + tokens)));
  };
  const Ran large = convert("2147483648");
  EXPECT_EQ(large.exit_code, 2);
  EXPECT_EQ(large.out, "ftok: --shard-tokens: 2147483648 is not in 1..2147483647\n");
  EXPECT_EQ(convert("2147483647").exit_code, 0);
}

}  // namespace
}  // namespace ftok::testing
