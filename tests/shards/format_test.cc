#include "shards/format.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "shards/bytes.h"
#include "shards/checksum.h"
#include "shards/reader.h"
#include "shards/split.h"

namespace ftok {
namespace {

std::string shard_of(const std::vector<uint32_t>& tokens, size_t token_bytes) {
  std::string bytes = encode_shard_header(token_bytes, tokens.size());
  for (const uint32_t token : tokens) {
    if (token_bytes == 2) append_little_endian(bytes, static_cast<uint16_t>(token));
    if (token_bytes == 4) append_little_endian(bytes, token);
  }
  return bytes;
}

std::string with_word(std::string bytes, size_t offset, int32_t value) {
  std::string word;
  append_little_endian(word, value);
  return bytes.replace(offset, 4, word);
}

std::string code_of(const std::string& bytes) {
  const auto view = ShardView::parse(default_shard_format(), {"a.bin", bytes});
  return std::string(view.ok() ? "" : view.damage().code);
}

TEST(ShardHeader, IsLlmCs) {
  const std::string header = encode_shard_header(2, 3);
  ASSERT_EQ(header.size(), 1024u);
  EXPECT_EQ(load_little_endian<int32_t>(header, 0), 20240520);
  EXPECT_EQ(load_little_endian<int32_t>(header, 4), 1);
  EXPECT_EQ(load_little_endian<int32_t>(header, 8), 3);
  EXPECT_EQ(header.find_first_not_of('\0', 12), std::string::npos);
  const std::string wide = encode_shard_header(4, 3);
  EXPECT_EQ(load_little_endian<int32_t>(wide, 0), 20240801);
  EXPECT_EQ(load_little_endian<int32_t>(wide, 4), 7);
}

TEST(ShardHeader, WidthFollowsTheVocabulary) {
  EXPECT_EQ(token_bytes_for(65536), 2u);
  EXPECT_EQ(token_bytes_for(65537), 4u);
}

TEST(ShardView, ReadsBothWidths) {
  for (const size_t token_bytes : {2u, 4u}) {
    const std::string bytes = shard_of({5, 65535, 7}, token_bytes);
    const auto view = ShardView::parse(default_shard_format(), {"a.bin", bytes});
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(view->size(), 3u);
    EXPECT_EQ(view->token(1), 65535u);
    EXPECT_EQ(view->largest_token(), 65535u);
    EXPECT_EQ(view->document_begins(7), (std::vector<uint64_t>{0, 2}));
    std::vector<uint32_t> tokens;
    view->read(1, 3, tokens);
    EXPECT_EQ(tokens, (std::vector<uint32_t>{65535, 7}));
  }
}

TEST(ShardView, NamesEachDamage) {
  const std::string good = shard_of({1, 2, 3}, 2);
  EXPECT_EQ(code_of(good), "");
  EXPECT_EQ(code_of(shard_of({}, 4)), "");
  EXPECT_EQ(code_of(good.substr(0, 1023)), "short_header");
  EXPECT_EQ(code_of(with_word(good, 0, 20240522)), "bad_magic");
  EXPECT_EQ(code_of(with_word(good, 4, 2)), "bad_version");
  EXPECT_EQ(code_of(with_word(good, 8, -1)), "bad_count");
  EXPECT_EQ(code_of(with_word(good, 1020, 1)), "bad_reserved");
  EXPECT_EQ(code_of(with_word(good, 8, 4)), "size_mismatch");
  EXPECT_EQ(code_of(good + "x"), "size_mismatch");
  EXPECT_EQ(code_of(good.substr(0, good.size() - 1)), "size_mismatch");
}

TEST(ShardView, SaysWhatTheMagicIsInstead) {
  const std::string bytes = with_word(shard_of({1}, 2), 0, 20240522);
  const auto view = ShardView::parse(default_shard_format(), {"a.bin", bytes});
  ASSERT_FALSE(view.ok());
  EXPECT_EQ(
      view.damage().detail,
      "magic 20240522 (llm.c's HellaSwag evaluation format), expected 20240520 (uint16 tokens) or 20240801 (uint32 "
      "tokens)");
}

TEST(Sidecar, RoundTrips) {
  const std::string checksum = checksum_of("shard");
  const std::vector<ShardDocument> documents = {{0, 5, 15, "first"}, {10, 0, 20, ""}, {30, 0, 100, "third"}};
  const std::string bytes = encode_sidecar(50, checksum, documents);
  const auto view = SidecarView::parse(bytes);
  ASSERT_TRUE(view.ok()) << view.damage().detail;
  EXPECT_EQ(view->shard_tokens(), 50u);
  EXPECT_EQ(view->shard_checksum(), checksum);
  ASSERT_EQ(view->size(), 3u);
  EXPECT_EQ(view->document(0).skipped, 5u);
  EXPECT_EQ(view->document(0).document_tokens, 15u);
  EXPECT_EQ(view->document(1).id, "");
  EXPECT_EQ(view->document(2).id, "third");
  EXPECT_EQ(view->end(0), 10u);
  EXPECT_EQ(view->end(2), 50u);
  for (const auto& [token, row] :
       std::vector<std::pair<uint64_t, size_t>>{{0, 0}, {9, 0}, {10, 1}, {29, 1}, {30, 2}, {49, 2}}) {
    EXPECT_EQ(view->row_of_token(token), row) << token;
  }
}

TEST(Sidecar, FindsEveryFlippedByte) {
  const std::string good = encode_sidecar(50, checksum_of(""), {{0, 0, 30, "a"}, {30, 0, 20, "bc"}});
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(SidecarView::parse(bad).ok()) << i;
  }
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(SidecarView::parse(good.substr(0, size)).ok()) << size;
}

TEST(Sidecar, RefusesRowsOutOfOrder) {
  EXPECT_EQ(SidecarView::parse(encode_sidecar(50, checksum_of(""), {{0, 0, 1, "a"}, {30, 0, 1, "b"}, {20, 0, 1, "c"}}))
                .damage()
                .code,
            "sidecar_bad_row");
  EXPECT_EQ(SidecarView::parse(encode_sidecar(50, checksum_of(""), {{1, 0, 1, "a"}})).damage().code, "sidecar_bad_row");
  EXPECT_EQ(SidecarView::parse(encode_sidecar(50, checksum_of(""), {{0, 0, 1, "a"}, {51, 0, 1, "b"}})).damage().code,
            "sidecar_bad_row");
}

// XXH64 of "a" is 0xD24EC4F1A98C6E5B (the reference implementation), mod 1000 = 755; of "" it is 0xEF46DB3751D8E999,
// 625.
TEST(Split, ComparesTheHashWithThePerMille) {
  EXPECT_FALSE(is_validation("a", 0xD24EC4F1A98C6E5BULL % 1000));
  EXPECT_TRUE(is_validation("a", 0xD24EC4F1A98C6E5BULL % 1000 + 1));
  EXPECT_FALSE(is_validation("", 0xEF46DB3751D8E999ULL % 1000));
  EXPECT_TRUE(is_validation("", 0xEF46DB3751D8E999ULL % 1000 + 1));
  EXPECT_FALSE(is_validation("anything", 0));
  EXPECT_TRUE(is_validation("anything", 1000));
}

TEST(Split, Names) {
  EXPECT_EQ(shard_name(Split::kTrain, 12, default_shard_format()), "ftok_train_000012.bin");
  EXPECT_EQ(shard_name(Split::kValidation, 0, find_shard_format("mds", "")), "val/ftok_val_000000.mds");
  EXPECT_EQ(split_of_name("val/shard.00000.mds"), Split::kValidation);  // the folder says it where the name does not
  EXPECT_EQ(split_of_name("train/ftok_val_000000.mds"), Split::kValidation);
  EXPECT_EQ(split_of_name("a/x_train_000001.bin"), Split::kTrain);
  EXPECT_EQ(split_of_name("a/test_train_000001.bin"), Split::kTrain);  // a corpus called "test"
  EXPECT_EQ(split_of_name("a/train_mills_VAL_000001.bin"), Split::kValidation);
  EXPECT_EQ(split_of_name("a/contest_000001.bin"), std::nullopt);
  EXPECT_EQ(split_of_name("a/train_mills_test_000001.bin"), std::nullopt);
  for (const char* both : {"x_train_val.bin", "x_val_train.bin", "x_train_eval.bin", "x-validation-test.bin",
                           "x_train_val_a0.bin", "x_train_val_a_0.bin"})
    EXPECT_THROW(split_of_name(both), Error) << both;
  // The word directly in front of the number decides.
  EXPECT_EQ(split_of_name("a/train_val_000000.bin"), Split::kValidation);
  EXPECT_EQ(split_of_name("a/val_train_000000.bin"), Split::kTrain);
  EXPECT_EQ(split_of_name("a_train_val_0.bin"), Split::kValidation);
  EXPECT_EQ(split_of_name("x_train_eval_0.bin"), std::nullopt);
  for (const char* held_out : {"x_val_0.bin", "val/shard.00000.mds", "x_test_0.bin", "x-dev.bin"})
    EXPECT_TRUE(is_held_out_by_name(held_out)) << held_out;
  for (const char* other : {"x_train_0.bin", "tokens.bin", "val_notes_train_0.bin", "train/shard.00000.mds"})
    EXPECT_FALSE(is_held_out_by_name(other)) << other;
  EXPECT_EQ(shard_sidecar_path("a/ftok_val_000000.bin"), "a/ftok_val_000000.docs");
  EXPECT_EQ(shard_mask_path("a/ftok_val_000000.bin"), "a/ftok_val_000000.mask");
}

// The published test vector of XXH3-128 with seed 0 on no bytes: what `xxhsum -H2 /dev/null` prints.
TEST(Checksum, IsXxh3Of128Bits) {
  EXPECT_EQ(checksum_of(""), "99aa06d3014798d86001c324468d497f");
  Checksum pieces;
  pieces.update("ab");
  pieces.update("c");
  EXPECT_EQ(pieces.hex(), checksum_of("abc"));
}

}  // namespace
}  // namespace ftok
