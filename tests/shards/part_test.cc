#include "shards/part.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

std::string decompress(const std::string& bytes) {
  std::string text(1 << 20, '\0');
  const size_t size = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  EXPECT_FALSE(ZSTD_isError(size));
  text.resize(size);
  return text;
}

PartReceipt write_part(const std::string& folder, int documents, size_t token_bytes = 2) {
  make_folder(folder);
  PartWriter writer({folder, true, true, token_bytes, 2}, 7);
  for (int i = 0; i < documents; ++i) {
    const Document document = testing::make_document(i, static_cast<size_t>(i % 17));
    writer.add_judged(document.id, document.dedup_keys);
    if (i % 3 == 2) {
      writer.add_reject("{\"id\":\"" + document.id + "\"}");
    } else {
      writer.add_kept(document, i % 2 == 0 ? Split::kTrain : Split::kValidation);
    }
  }
  return writer.commit("binding", "{\"input\":\"x\",\"tally\":{\"records\":3}}");
}

TEST(Part, TextIsJsonLinesInFineWebsColumns) {
  testing::TemporaryFolder folder;
  write_part(folder / "parts", 2);
  EXPECT_EQ(
      decompress(read_file(folder / "parts/000007.text.jsonl.zst")),
      "{\"text\":\"Text of \\\"document\\\" 0\\nwith two lines.\",\"id\":\"urn:uuid:0\",\"dump\":\"CC-MAIN-2024-22\","
      "\"url\":\"https://example.org/0\",\"date\":\"2024-05-18T01:02:03Z\",\"file_path\":\"a.warc.gz\","
      "\"language\":\"en\",\"language_score\":0.75,\"token_count\":0}\n"
      "{\"text\":\"Text of \\\"document\\\" 1\\nwith two lines.\",\"id\":\"urn:uuid:1\",\"dump\":\"CC-MAIN-2024-22\","
      "\"url\":\"https://example.org/1\",\"date\":\"2024-05-18T01:02:03Z\",\"file_path\":\"a.warc.gz\","
      "\"language\":\"en\",\"language_score\":0.75,\"token_count\":1}\n");
}

TEST(Part, RejectsAreTheCallersLines) {
  testing::TemporaryFolder folder;
  write_part(folder / "parts", 6);
  EXPECT_EQ(decompress(read_file(folder / "parts/000007.rejects.jsonl.zst")),
            "{\"id\":\"urn:uuid:2\"}\n{\"id\":\"urn:uuid:5\"}\n");
}

// Several parts in one file of each kind are the files that each would have had, one after the other.
TEST(Part, PackedPartsAreThePartsOneAfterTheOther) {
  testing::TemporaryFolder folder;
  make_folder(folder / "single");
  make_folder(folder / "packed");
  PartPaths paths = part_paths(folder / "packed", 0);
  const PartOptions options{folder / "single", true, true, 2, 2};
  std::string text, rejects, tokens, keys;
  std::vector<PackedPart> parts;
  {
    PartWriter packed(options, paths);
    for (int part = 0; part < 3; ++part) {
      PartWriter single(options, static_cast<uint64_t>(part));
      packed.begin_part();
      for (int i = 0; i < part * 300; ++i) {  // one of them is empty
        const Document document = testing::make_document(i + part, static_cast<size_t>(i % 17));
        for (PartWriter* writer : {&single, &packed}) {
          writer->add_judged(document.id, document.dedup_keys);
          if (i % 3 == 2) writer->add_reject("{}");
          if (i % 3 != 2) writer->add_kept(document, i % 2 == 0 ? Split::kTrain : Split::kValidation);
        }
      }
      const PartReceipt receipt = single.commit("binding", "{}");
      parts.push_back(packed.end_part(static_cast<uint64_t>(part), "{}"));
      EXPECT_EQ(parts.back().judged, receipt.judged);
      EXPECT_EQ(parts.back().kept(), receipt.kept());
      const PartPaths own = part_paths(folder / "single", static_cast<uint64_t>(part));
      text += read_file(own.text), rejects += read_file(own.rejects);
      tokens += read_file(own.tokens), keys += read_file(own.keys);
      EXPECT_EQ(parts.back().bytes.at("keys"), read_file(own.keys).size());
      EXPECT_EQ(parts.back().bytes.at("text"), read_file(own.text).size());
    }
    for (const FileEntry& file : packed.commit_files()) {
      EXPECT_EQ(file.checksum, checksum_of_file(folder / file.name));
    }
  }
  EXPECT_EQ(read_file(paths.text), text);
  EXPECT_EQ(read_file(paths.rejects), rejects);
  EXPECT_EQ(read_file(paths.tokens), tokens);
  EXPECT_EQ(read_file(paths.keys), keys);
  FileStretch stretch;
  for (const PackedPart& part : parts) {
    stretch.bytes = part.bytes.at("keys");
    EXPECT_EQ(PartKeys(paths.keys, PartKeys::Check::kChecksum, stretch).size(), part.judged);
    stretch.begin += stretch.bytes;
  }
  stretch.bytes = 1;
  EXPECT_THROW(PartKeys(paths.keys, PartKeys::Check::kChecksum, stretch), Error);
}

TEST(Part, TokensRoundTrip) {
  for (const size_t token_bytes : {2u, 4u}) {
    testing::TemporaryFolder folder;
    const PartReceipt receipt = write_part(folder / "parts", 100, token_bytes);
    PartTokens tokens(folder / "parts/000007.tokens");
    EXPECT_EQ(tokens.size(), receipt.kept());
    std::string_view id;
    Split split;
    std::vector<uint32_t> ids;
    for (int i = 0; i < 100; ++i) {
      if (i % 3 == 2) continue;
      const Document document = testing::make_document(i, static_cast<size_t>(i % 17));
      ASSERT_TRUE(tokens.next(id, split, ids));
      EXPECT_EQ(id, document.id);
      EXPECT_EQ(split, i % 2 == 0 ? Split::kTrain : Split::kValidation);
      EXPECT_EQ(ids, document.tokens);
    }
    EXPECT_FALSE(tokens.next(id, split, ids));
  }
}

TEST(Part, TokensWithShuffleKeysRoundTripAndAShortRowIsNone) {
  testing::TemporaryFolder folder;
  make_folder(folder / "parts");
  PartOptions options{folder / "parts", false, false, 4, 0};
  options.shuffles = true;
  PartWriter writer(options, 7);
  const Document document = testing::make_document(1, 3);
  writer.add_kept(document, Split::kValidation, {5, 6});
  writer.commit("binding", "{}");
  PartTokens tokens(folder / "parts/000007.tokens");
  EXPECT_TRUE(tokens.has_shuffle_keys());
  TokensRow row;
  ASSERT_TRUE(tokens.next(row));
  EXPECT_EQ(row.id, document.id);
  EXPECT_EQ(row.split, Split::kValidation);
  EXPECT_EQ(row.key, (ShuffleKey{5, 6}));
  std::vector<uint32_t> ids;
  row.decode(ids);
  EXPECT_EQ(ids, document.tokens);
  EXPECT_FALSE(tokens.next(row));
  const std::string bytes(PartTokens(folder / "parts/000007.tokens").next(row) ? row.bytes : "");
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_tokens_row(std::string_view(bytes).substr(0, size), 4, true, row)) << size;
  EXPECT_TRUE(read_tokens_row(bytes, 4, true, row));
}

TEST(Part, OfARunThatEndsEarlyTextsHaveAllFieldsAndThereAreNoTokens) {
  testing::TemporaryFolder folder;
  make_folder(folder / "parts");
  PartOptions options{folder / "parts", true, false, 2, 0};
  options.stopped_after = "c4";
  PartWriter writer(options, 7);
  Document document = testing::make_document(1, 3);
  document.title = "A title";
  writer.add_kept(document, Split::kTrain);
  const PartReceipt receipt = writer.commit("binding", "{}");
  EXPECT_EQ(receipt.documents[0], 1U);
  EXPECT_EQ(receipt.tokens[0], 0U);
  EXPECT_FALSE(std::filesystem::exists(folder / "parts/000007.tokens"));
  const std::string line = decompress(read_file(folder / "parts/000007.text.jsonl.zst"));
  EXPECT_NE(line.find("\"stopped_after\":\"c4\",\"id\":\"urn:uuid:1\""), std::string::npos) << line;
  EXPECT_NE(line.find("\"title\":\"A title\""), std::string::npos) << line;
  EXPECT_EQ(line.find("token_count"), std::string::npos);
}

TEST(Part, KeysRoundTripAndFindAnyRow) {
  testing::TemporaryFolder folder;
  for (const int documents : {0, 1, 255, 256, 257, 1000}) {
    write_part(folder / "parts", documents);
    for (const auto check : {PartKeys::Check::kChecksum, PartKeys::Check::kSizesOnly}) {
      const PartKeys keys(folder / "parts/000007.keys", check);
      ASSERT_EQ(keys.size(), static_cast<uint64_t>(documents));
      EXPECT_EQ(keys.keys_per_document(), 2u);
      uint64_t rows = 0;
      keys.for_each([&](uint64_t row, std::string_view id, std::span<const uint64_t> row_keys) {
        EXPECT_EQ(row, rows++);
        EXPECT_EQ(id, "urn:uuid:" + std::to_string(row));
        EXPECT_EQ(row_keys[0], row * 3);
        EXPECT_EQ(row_keys[1], row * 5);
      });
      EXPECT_EQ(rows, keys.size());
      for (uint64_t row = 0; row < keys.size(); row += 51) EXPECT_EQ(keys.id(row), "urn:uuid:" + std::to_string(row));
    }
  }
}

TEST(Part, ReceiptCountsAndListsTheFiles) {
  testing::TemporaryFolder folder;
  const PartReceipt receipt = write_part(folder / "parts", 6);
  EXPECT_EQ(read_part_receipt(folder / "parts/000007.receipt"), receipt);
  EXPECT_EQ(receipt.number, 7u);
  EXPECT_EQ(receipt.judged, 6u);
  EXPECT_EQ(receipt.documents[0], 2u);  // 0 and 4
  EXPECT_EQ(receipt.documents[1], 2u);  // 1 and 3
  EXPECT_EQ(receipt.tokens[0], 4u);
  EXPECT_EQ(receipt.tokens[1], 4u);
  EXPECT_EQ(receipt.report, "{\"input\":\"x\",\"tally\":{\"records\":3}}");
  ASSERT_EQ(receipt.files.size(), 4u);
  for (const FileEntry& file : receipt.files) {
    uint64_t bytes = 0;
    EXPECT_EQ(checksum_of_file(folder / file.name, &bytes), file.checksum) << file.name;
    EXPECT_EQ(bytes, file.bytes);
  }
}

TEST(Part, IsTheSameBytesEveryTimeAndAbsentUntilCommitted) {
  testing::TemporaryFolder folder;
  EXPECT_EQ(write_part(folder / "a/parts", 50), write_part(folder / "b/parts", 50));
  make_folder(folder / "c");
  { PartWriter writer({folder / "c", true, true, 2, 0}, 1); }
  EXPECT_TRUE(std::filesystem::is_empty(folder / "c"));
}

TEST(Part, OptionalFilesStayAway) {
  testing::TemporaryFolder folder;
  PartWriter writer({folder.path().string(), false, false, 4, 0}, 3);
  const PartReceipt receipt = writer.commit("", "{}");
  EXPECT_EQ(receipt.files.size(), 2u);
  EXPECT_FALSE(std::filesystem::exists(folder / "000003.text.jsonl.zst"));
  EXPECT_FALSE(std::filesystem::exists(folder / "000003.rejects.jsonl.zst"));
}

// Whatever byte is flipped: an Error, never a wrong document.
TEST(Part, FindsEveryFlippedByte) {
  testing::TemporaryFolder folder;
  write_part(folder / "parts", 4);
  for (const std::string name : {"000007.tokens", "000007.keys", "000007.receipt"}) {
    const std::string path = folder / ("parts/" + name);
    const size_t bytes = std::filesystem::file_size(path);
    for (size_t i = 0; i < bytes; ++i) {
      testing::flip_byte(path, i, 0x04);
      const auto open = [&] {
        if (name.ends_with("tokens")) PartTokens tokens(path);
        if (name.ends_with("keys")) PartKeys keys(path);
        if (name.ends_with("receipt")) read_part_receipt(path);
      };
      EXPECT_THROW(open(), Error) << name << " " << i;
      testing::flip_byte(path, i, 0x04);
    }
  }
}

// Without the checksum a damaged keys file may give wrong ids, but never reads outside the file.
TEST(Part, SizesOnlyStaysInBounds) {
  testing::TemporaryFolder folder;
  write_part(folder / "parts", 4);
  const std::string path = folder / "parts/000007.keys";
  const size_t bytes = std::filesystem::file_size(path);
  for (size_t i = 0; i < bytes; ++i) {
    for (const int bit : {0x01, 0x80}) {
      testing::flip_byte(path, i, bit);
      try {
        const PartKeys keys(path, PartKeys::Check::kSizesOnly);
        for (uint64_t row = 0; row < std::min<uint64_t>(keys.size(), 4); ++row) keys.id(row);
      } catch (const Error&) {
      }
      testing::flip_byte(path, i, bit);
    }
  }
}

}  // namespace
}  // namespace ftok
