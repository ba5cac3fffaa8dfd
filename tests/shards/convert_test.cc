// Conversion of shards that other programs wrote: what they do not say themselves; and the width of tokens.
#include "shards/convert.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "shards/bytes.h"
#include "shards/reader.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;
using testing::bytes_of;

TEST(ConvertShards, ReadsWhatOtherProgramsWrote) {
  testing::TemporaryFolder folder;
  write_file(folder / "train.bin", bytes_of<uint16_t>({1, 2, 9, 3, 9, 4}));
  ConvertOptions options;
  options.inputs = {folder / "train.bin"};
  options.output = folder / "out";
  EXPECT_THROW(convert_shards(options), Error);  // nothing says what it is
  options.from.shards = {&find_shard_format("raw", ""), 2};
  options.from.end_of_text_id = 9;
  EXPECT_EQ(convert_shards(options).documents, 3u);
  const ShardReader reader(folder / "out/ftok_train_000000.bin");
  std::vector<uint32_t> tokens;
  reader.view().read(0, reader.view().size(), tokens);
  EXPECT_EQ(tokens, (std::vector<uint32_t>{9, 1, 2, 9, 3, 9, 4}));
  EXPECT_EQ(reader.sidecar()->document(1).id, "train.bin#1");
  EXPECT_FALSE(fs::exists(folder / "out/manifest.json"));
}

// What convert_shards throws for `inputs`; empty: nothing, and `out` has the tokens.
std::string refusal_of(const ShardSourceHints& from, const std::string& input, const std::string& output,
                       std::vector<uint32_t>* out = nullptr) {
  ConvertOptions options;
  options.inputs = {input};
  options.output = output;
  options.from = from;
  options.from.split = Split::kTrain;
  options.to = &find_shard_format("raw", "");
  try {
    const std::vector<ShardEntry> shards = convert_shards(options).shards;
    const ShardReader reader(output + "/" + shards.at(0).shard.name);
    if (out != nullptr) reader.view().read(0, reader.view().size(), *out);
    fs::remove_all(output);
    return "";
  } catch (const UsageError& error) {
    EXPECT_FALSE(fs::exists(output));
    return error.what();
  }
}

// An end-of-text token that nobody named has to be there.
TEST(ConvertShards, RefusesAnAssumedEndOfTextThatNoDocumentHas) {
  testing::TemporaryFolder folder;
  const auto datatrove = [&](const std::string& vocabulary, uint16_t end) {
    write_file(folder / "a.ds", bytes_of<uint16_t>({1, 2, end, 3, end, 7, 7, 7}));
    write_file(folder / "a.ds.index", bytes_of<uint64_t>({3, 5, 8}));
    write_file(folder / "a.ds.metadata", vocabulary + "|2\n8\n8.00 T");
  };
  std::vector<uint32_t> got;
  datatrove("mine", 9);
  EXPECT_EQ(refusal_of({}, folder / "a.ds", folder / "out"),
            folder / "a.ds" +
                ": none of its documents ends with 50256, the end-of-text token (the commonest last token is "
                "9, of 2 of 3); say which token it is with --end-of-text-id, or with --from-end-of-text "
                "where it is");
  ShardSourceHints from;
  from.end_of_text_id = 9;
  EXPECT_EQ(refusal_of(from, folder / "a.ds", folder / "out", &got), "");
  EXPECT_EQ(got, (std::vector<uint32_t>{1, 2, 9, 3, 9, 7, 7, 7, 9}));
  from = {};
  from.end_of_text = EndOfText::kNone;
  EXPECT_EQ(refusal_of(from, folder / "a.ds", folder / "out", &got), "");
  EXPECT_EQ(got, (std::vector<uint32_t>{1, 2, 9, 3, 9, 7, 7, 7}));
  from = {};
  from.end_of_text_of = [](const std::string& name) {
    return name == "mine" ? std::optional<uint32_t>(9) : std::nullopt;
  };
  EXPECT_EQ(refusal_of(from, folder / "a.ds", folder / "out"), "");
  datatrove("another", 9);
  EXPECT_NE(refusal_of(from, folder / "a.ds", folder / "out"), "");
  datatrove("another", 50256);
  EXPECT_EQ(refusal_of({}, folder / "a.ds", folder / "out"), "");
  // A stream without it is one document; llm.c's has it before each.
  from = {};
  from.shards = {&find_shard_format("raw", ""), 2};
  write_file(folder / "a.bin", bytes_of<uint16_t>({1, 2, 9, 3, 9}));
  EXPECT_NE(refusal_of(from, folder / "a.bin", folder / "out").find("the commonest last token is 9, of 1 of 1"),
            std::string::npos);
  write_file(folder / "b.bin", encode_shard_header(2, 4) + bytes_of<uint16_t>({9, 1, 9, 2}));
  EXPECT_NE(refusal_of({}, folder / "b.bin", folder / "out").find("none of its documents begins with 50256"),
            std::string::npos);
  from = {};
  from.end_of_text_id = 9;
  EXPECT_EQ(refusal_of(from, folder / "b.bin", folder / "out"), "");
}

// Samples of one length, of MDS's tokens "ndarray:uint16" or "ndarray:uint16:LENGTH".
std::string samples(const std::string& type, const std::vector<std::vector<uint16_t>>& rows) {
  const bool is_fixed = type != "ndarray:uint16";
  const std::string config =
      R"({"column_encodings": [")" + type + R"("], "column_names": ["tokens"], "column_sizes": [)" +
      (is_fixed ? std::to_string(2 * rows.front().size()) : "null") + R"(], "compression": null})";
  std::vector<uint32_t> offsets = {static_cast<uint32_t>(4 + 4 * (rows.size() + 1) + config.size())};
  std::string body;
  for (const std::vector<uint16_t>& row : rows) {
    if (!is_fixed) {
      append_little_endian(body, static_cast<uint32_t>(2 + 2 * row.size()));
      append_little_endian(body, uint8_t{4});
      append_little_endian(body, static_cast<uint8_t>(row.size()));
    }
    body += bytes_of<uint16_t>(row);
    offsets.push_back(static_cast<uint32_t>(offsets.front() + body.size()));
  }
  return bytes_of<uint32_t>({static_cast<uint32_t>(rows.size())}) + bytes_of<uint32_t>(offsets) + config + body;
}

// Windows of a stream, as LLM Foundry packs them: documents are what end-of-text tokens end.
TEST(ConvertShards, TakesSamplesOfOneLengthForAStreamWhereDocumentsEndInThem) {
  testing::TemporaryFolder folder;
  ShardSourceHints from;
  from.end_of_text_id = 9;
  const auto converted = [&](const std::string& type, const std::vector<std::vector<uint16_t>>& rows) {
    write_file(folder / "a.mds", samples(type, rows));
    std::vector<uint32_t> got;
    EXPECT_EQ(refusal_of(from, folder / "a.mds", folder / "out", &got), "");
    return got;
  };
  using Tokens = std::vector<uint32_t>;
  for (const std::string type : {"ndarray:uint16", "ndarray:uint16:4"}) {
    EXPECT_EQ(converted(type, {{1, 9, 2, 3}, {4, 5, 6, 7}, {8, 9, 1, 9}}),
              (Tokens{1, 9, 2, 3, 4, 5, 6, 7, 8, 9, 1, 9}));
    EXPECT_EQ(converted(type, {{1, 2, 3, 9}, {4, 5, 6, 9}}), (Tokens{1, 2, 3, 9, 4, 5, 6, 9}));  // a document each
  }
  // The file says that they are windows, or they are documents that happen to be as long.
  EXPECT_EQ(converted("ndarray:uint16:4", {{1, 2, 3, 4}, {4, 5, 6, 9}}), (Tokens{1, 2, 3, 4, 4, 5, 6, 9}));
  EXPECT_EQ(converted("ndarray:uint16", {{1, 2, 3, 4}, {4, 5, 6, 9}}), (Tokens{1, 2, 3, 4, 9, 4, 5, 6, 9}));
  EXPECT_EQ(converted("ndarray:uint16", {{1, 2, 3}, {4, 5, 6, 9}}), (Tokens{1, 2, 3, 9, 4, 5, 6, 9}));
}

// Which split a shard is of is the manifest's to say, else the last field of its name that is one, never a substring.
TEST(ConvertShards, TakesTheSplitFromTheNamesFields) {
  testing::TemporaryFolder folder;
  const auto split_of = [&](const std::string& name, std::optional<Split> split = {}) {
    write_file(folder / name, encode_shard_header(2, 1) + bytes_of<uint16_t>({7}));
    ConvertOptions options;
    options.inputs = {folder / name};
    options.output = folder / "out";
    options.from.split = split;
    options.from.end_of_text_id = 7;
    const std::vector<ShardEntry> shards = convert_shards(options).shards;
    fs::remove_all(folder / "out");
    return shards.at(0).split;
  };
  EXPECT_EQ(split_of("train.bin"), Split::kTrain);
  EXPECT_EQ(split_of("pretrain_val_000000.bin"), Split::kValidation);
  EXPECT_EQ(split_of("medieval_train_000000.bin"), Split::kTrain);
  EXPECT_EQ(split_of("train_val_000000.bin"), Split::kValidation);  // of a corpus called "train"
  EXPECT_THROW(split_of("train_val.bin"), Error);                   // says both
  EXPECT_THROW(split_of("pretrain.bin"), UsageError);
  EXPECT_EQ(split_of("pretrain.bin", Split::kValidation), Split::kValidation);
}

TEST(ParseTokenBytes, FollowsTheVocabularyOrRefuses) {
  EXPECT_EQ(parse_token_bytes(default_shard_format(), "auto", 65536, "k"), 2u);
  EXPECT_EQ(parse_token_bytes(default_shard_format(), "auto", 65537, "k"), 4u);
  EXPECT_EQ(parse_token_bytes(default_shard_format(), "4", 100, "k"), 4u);
  EXPECT_EQ(parse_token_bytes(default_shard_format(), "2", 65536, "k"), 2u);
  EXPECT_THROW(parse_token_bytes(default_shard_format(), "2", 65537, "k"), UsageError);
  EXPECT_THROW(parse_token_bytes(default_shard_format(), "3", 100, "k"), UsageError);
  const ShardFormat& litdata = find_shard_format("litdata", "k");
  EXPECT_EQ(parse_token_bytes(litdata, "auto", 100, "k"), 4u);  // its older readers have no uint16
  EXPECT_EQ(parse_token_bytes(litdata, "2", 100, "k"), 2u);
  EXPECT_EQ(parse_token_bytes(litdata, "auto", uint64_t{1} << 31, "k"), 4u);
  EXPECT_THROW(parse_token_bytes(litdata, "auto", (uint64_t{1} << 31) + 1, "k"), UsageError);
}

}  // namespace
}  // namespace ftok
