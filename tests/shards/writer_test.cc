#include "shards/writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <tuple>

#include "core/error.h"
#include "core/file.h"
#include "shards/reader.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

std::map<std::string, std::string> files_of(const testing::TemporaryFolder& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    files[entry.path().filename().string()] = read_file(entry.path().string());
  }
  return files;
}

ShardWriterOptions options_for(const testing::TemporaryFolder& folder, EndOfText placement = EndOfText::kBefore,
                               uint64_t vocabulary_size = 1000) {
  return {folder.path().string(), 50, vocabulary_size, 999, placement};
}

ShardWriterOptions with_masks(ShardWriterOptions options) {
  options.loss_masks = true;
  return options;
}

Split split_of(int number) { return number % 5 == 0 ? Split::kValidation : Split::kTrain; }

// A token's byte in the loss mask, in these tests: whether it is odd.
std::vector<uint8_t> mask_of(const std::vector<uint32_t>& tokens) {
  std::vector<uint8_t> mask;
  for (const uint32_t token : tokens) mask.push_back(token % 2);
  return mask;
}

void add_documents(ShardWriter& writer, int begin, int end, bool masks = false) {
  for (int i = begin; i < end; ++i) {
    const Document document = testing::make_document(i, static_cast<size_t>(i * 13 % 120));
    writer.add(split_of(i), document.id, document.tokens, masks ? mask_of(document.tokens) : std::vector<uint8_t>());
  }
}

// The naive twin: all tokens of the split in a row.
std::vector<uint32_t> stream_of(Split split, int end, EndOfText placement) {
  std::vector<uint32_t> stream;
  for (int i = 0; i < end; ++i) {
    if (split_of(i) != split) continue;
    const Document document = testing::make_document(i, static_cast<size_t>(i * 13 % 120));
    if (placement == EndOfText::kBefore) stream.push_back(999);
    stream.insert(stream.end(), document.tokens.begin(), document.tokens.end());
    if (placement == EndOfText::kAfter) stream.push_back(999);
  }
  return stream;
}

TEST(ShardWriter, CutsTheStreamAtExactCounts) {
  for (const EndOfText placement : {EndOfText::kBefore, EndOfText::kAfter, EndOfText::kNone}) {
    for (const uint64_t vocabulary_size : {1000u, 100000u}) {
      testing::TemporaryFolder folder;
      ShardWriter writer(options_for(folder, placement, vocabulary_size));
      add_documents(writer, 0, 40);
      const auto shards = writer.checkpoint();
      for (const Split split : kSplits) {
        const std::vector<uint32_t> expected = stream_of(split, 40, placement);
        std::vector<uint32_t> got, tokens;
        uint64_t index = 0;
        for (const ShardEntry& entry : shards) {
          if (entry.split != split) continue;
          EXPECT_EQ(entry.index, index++);
          EXPECT_EQ(entry.shard.name, shard_name(split, entry.index, default_shard_format()));
          const ShardReader reader(folder / entry.shard.name);
          EXPECT_EQ(reader.view().layout().token_bytes, token_bytes_for(vocabulary_size));
          EXPECT_EQ(reader.view().size(), entry.tokens);
          reader.view().read(0, entry.tokens, tokens);
          got.insert(got.end(), tokens.begin(), tokens.end());
          EXPECT_EQ(entry.tokens, std::min<uint64_t>(50, expected.size() - entry.index * 50));
        }
        EXPECT_EQ(got, expected);
        EXPECT_EQ(writer.tokens(split), expected.size());
      }
    }
  }
}

TEST(ShardWriter, SidecarsTellWhereEachDocumentLies) {
  testing::TemporaryFolder folder;
  ShardWriter writer(options_for(folder));
  add_documents(writer, 0, 40);
  std::map<std::string, std::vector<uint32_t>> pieces;
  for (const ShardEntry& entry : writer.checkpoint()) {
    const ShardReader reader(folder / entry.shard.name);
    ASSERT_NE(reader.sidecar(), nullptr);
    EXPECT_EQ(reader.sidecar()->size(), entry.documents);
    for (size_t row = 0; row < reader.sidecar()->size(); ++row) {
      const ShardDocument document = reader.sidecar()->document(row);
      auto& so_far = pieces[std::string(document.id)];
      EXPECT_EQ(so_far.size(), document.skipped);
      std::vector<uint32_t> tokens;
      reader.view().read(document.begin, reader.sidecar()->end(row), tokens);
      so_far.insert(so_far.end(), tokens.begin(), tokens.end());
      EXPECT_LE(so_far.size(), document.document_tokens);
    }
  }
  ASSERT_EQ(pieces.size(), 40u);
  for (int i = 0; i < 40; ++i) {
    const Document document = testing::make_document(i, static_cast<size_t>(i * 13 % 120));
    std::vector<uint32_t> expected = {999};
    expected.insert(expected.end(), document.tokens.begin(), document.tokens.end());
    EXPECT_EQ(pieces[document.id], expected) << i;
  }
}

// Checkpoints, and new writers that go on from them, change no byte.
TEST(ShardWriter, ContinuedGivesTheSameBytes) {
  testing::TemporaryFolder whole_folder;
  ShardWriter whole(options_for(whole_folder));
  add_documents(whole, 0, 40);
  const auto expected = whole.checkpoint();
  for (const int cut : {0, 1, 5, 14, 27, 40}) {
    testing::TemporaryFolder folder;
    std::vector<ShardEntry> shards;
    {
      ShardWriter first(options_for(folder));
      add_documents(first, 0, cut / 2);
      first.checkpoint();
      add_documents(first, cut / 2, cut);
      first.checkpoint();
      shards = first.shards();
      EXPECT_TRUE(first.checkpoint().empty());
    }
    ShardWriter second(options_for(folder), shards);
    add_documents(second, cut, 40);
    second.checkpoint();
    EXPECT_EQ(second.shards(), expected);
    EXPECT_EQ(files_of(folder), files_of(whole_folder)) << cut;
  }
}

// What a checkpoint returns is what has changed, so that its cost does not grow with the shards before it.
TEST(ShardWriter, ACheckpointReturnsWhatIsNewOrLonger) {
  testing::TemporaryFolder folder;
  std::vector<ShardEntry> all;
  const auto names_of_changes = [&](ShardWriter& writer) {
    std::string names;
    for (const ShardEntry& entry : writer.checkpoint()) {
      names += entry.shard.name + " ";
      const auto at = std::find_if(all.begin(), all.end(), [&](const ShardEntry& one) {
        return one.split == entry.split && one.index == entry.index;
      });
      at == all.end() ? all.push_back(entry) : void(*at = entry);
    }
    std::sort(all.begin(), all.end(), [](const ShardEntry& a, const ShardEntry& b) {
      return std::tie(a.split, a.index) < std::tie(b.split, b.index);
    });
    EXPECT_EQ(writer.shards(), all);
    return names;
  };
  {
    ShardWriter writer(options_for(folder));
    writer.add(Split::kTrain, "a", std::vector<uint32_t>(59, 1));
    writer.add(Split::kValidation, "b", std::vector<uint32_t>(9, 1));
    EXPECT_EQ(names_of_changes(writer), "ftok_train_000000.bin ftok_train_000001.bin ftok_val_000000.bin ");
    EXPECT_EQ(names_of_changes(writer), "");
    writer.add(Split::kTrain, "c", std::vector<uint32_t>(9, 1));
    EXPECT_EQ(names_of_changes(writer), "ftok_train_000001.bin ");
  }
  ShardWriter second(options_for(folder), all);
  EXPECT_EQ(names_of_changes(second), "");
  second.add(Split::kTrain, "d", std::vector<uint32_t>(40, 1));
  EXPECT_EQ(names_of_changes(second), "ftok_train_000001.bin ftok_train_000002.bin ");
}

// The same with masks; a mask has a byte for each token of its shard, 0 for end-of-text.
// Each shard by itself, from the document that its first token belongs to, is as the whole writer leaves it.
TEST(ShardWriter, ARangeOfShardsIsThoseOfTheWholeStream) {
  for (const EndOfText placement : {EndOfText::kBefore, EndOfText::kAfter, EndOfText::kNone}) {
    testing::TemporaryFolder whole, pieces;
    ShardWriter all(options_for(whole, placement));
    add_documents(all, 0, 60);
    const std::vector<ShardEntry> expected = all.checkpoint();
    std::vector<ShardEntry> got;
    for (const Split split : kSplits) {
      const uint64_t shards = (all.tokens(split) + 49) / 50;
      for (uint64_t first = 0; first < shards; first += 1 + first % 3) {
        const uint64_t end = std::min(first + 1 + first % 3, shards);
        std::optional<ShardWriter> writer;
        uint64_t at = 0;
        for (int i = 0; i < 60; ++i) {
          const Document document = testing::make_document(i, static_cast<size_t>(i * 13 % 120));
          const uint64_t size = document.tokens.size() + (placement == EndOfText::kNone ? 0 : 1);
          if (split_of(i) != split) continue;
          if (at + size > first * 50) {
            if (!writer) writer.emplace(options_for(pieces, placement), ShardRange{split, first, end, first * 50 - at});
            writer->add(split, document.id, document.tokens);
          }
          at += size;
        }
        EXPECT_EQ(writer->is_full(split), at >= end * 50);
        for (ShardEntry& entry : writer->checkpoint()) got.push_back(std::move(entry));
      }
    }
    EXPECT_EQ(got, expected);
    EXPECT_EQ(files_of(pieces), files_of(whole));
  }
}

TEST(ShardWriter, WritesLossMasksBesideTheShards) {
  for (const EndOfText placement : {EndOfText::kBefore, EndOfText::kAfter, EndOfText::kNone}) {
    testing::TemporaryFolder whole_folder;
    ShardWriter whole(with_masks(options_for(whole_folder, placement)));
    add_documents(whole, 0, 40, true);
    const auto expected = whole.checkpoint();
    for (const ShardEntry& entry : expected) {
      ASSERT_TRUE(entry.mask);
      const std::string mask = read_file(whole_folder / entry.mask->name);
      EXPECT_EQ(checksum_of(mask), entry.mask->checksum);
      const ShardReader reader(whole_folder / entry.shard.name);
      ASSERT_EQ(mask.size(), entry.tokens);
      for (size_t i = 0; i < mask.size(); ++i) {
        const uint32_t token = reader.view().token(i);
        ASSERT_EQ(mask[i], token == 999 ? 0 : token % 2) << entry.mask->name << " " << i;
      }
    }
    for (const int later : {14, 27}) {
      testing::TemporaryFolder folder;
      std::vector<ShardEntry> shards;
      {
        ShardWriter first(with_masks(options_for(folder, placement)));
        add_documents(first, 0, 7, true);
        shards = first.checkpoint();
        add_documents(first, 7, later, true);
        first.checkpoint();  // and no manifest names these
      }
      remove_unlisted_shards(folder.path().string(), shards);
      ShardWriter second(with_masks(options_for(folder, placement)), shards);
      add_documents(second, 7, 40, true);
      second.checkpoint();
      EXPECT_EQ(second.shards(), expected);
      EXPECT_EQ(files_of(folder), files_of(whole_folder)) << later;
    }
  }
}

TEST(ShardWriter, RefusesToGoOnFromAChangedMask) {
  testing::TemporaryFolder folder;
  std::vector<ShardEntry> shards;
  {
    ShardWriter first(with_masks(options_for(folder)));
    add_documents(first, 1, 3, true);
    shards = first.checkpoint();
  }
  EXPECT_THROW(ShardWriter(options_for(folder), shards), Error);  // a list with masks, a writer without
  std::string bytes = read_file(folder / "ftok_train_000000.mask");
  bytes[3] ^= 1;
  write_file(folder / "ftok_train_000000.mask", bytes);
  ShardWriter second(with_masks(options_for(folder)), shards);
  EXPECT_THROW(add_documents(second, 3, 4, true), Error);
}

// Killed after later shards were published but before the next manifest: going on from the older list must give the
// same.
TEST(ShardWriter, GoesOnFromAnOlderCheckpoint) {
  testing::TemporaryFolder whole_folder;
  ShardWriter whole(options_for(whole_folder));
  add_documents(whole, 0, 40);
  const auto expected = whole.checkpoint();
  for (int later = 7; later <= 40; later += 11) {
    testing::TemporaryFolder folder;
    std::vector<ShardEntry> shards;
    {
      ShardWriter first(options_for(folder));
      add_documents(first, 0, 7);
      shards = first.checkpoint();
      add_documents(first, 7, later);
      first.checkpoint();
    }
    remove_unlisted_shards(folder.path().string(), shards);
    ShardWriter second(options_for(folder), shards);
    add_documents(second, 7, 40);
    second.checkpoint();
    EXPECT_EQ(second.shards(), expected);
    EXPECT_EQ(files_of(folder), files_of(whole_folder)) << later;
  }
}

TEST(ShardWriter, RefusesToGoOnFromAChangedShard) {
  for (const std::string name : {"ftok_train_000000.bin", "ftok_train_000000.docs"}) {
    testing::TemporaryFolder folder;
    std::vector<ShardEntry> shards;
    {
      ShardWriter first(options_for(folder));
      add_documents(first, 1, 3);
      shards = first.checkpoint();
    }
    std::string bytes = read_file(folder / name);
    bytes[bytes.size() / 2 + 500 * (name.ends_with(".bin"))] ^= 1;
    write_file(folder / name, bytes);
    ShardWriter second(options_for(folder), shards);
    EXPECT_THROW(add_documents(second, 3, 4), Error) << name;
  }
}

TEST(ShardWriter, LeavesNothingHalfWritten) {
  testing::TemporaryFolder folder;
  {
    ShardWriter writer(options_for(folder));
    writer.add(Split::kTrain, "a", std::vector<uint32_t>{1, 2, 3});
  }
  EXPECT_TRUE(files_of(folder).empty());
}

TEST(ShardWriter, CountsDocumentsWithoutATokenAndWritesNone) {
  testing::TemporaryFolder folder;
  ShardWriter writer(options_for(folder, EndOfText::kNone));
  writer.add(Split::kTrain, "a", {});
  EXPECT_EQ(writer.empty_documents(), 1u);
  EXPECT_TRUE(writer.checkpoint().empty());
}

TEST(ShardWriter, RefusesBadOptionsAndTokens) {
  testing::TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_THROW(ShardWriter({path, 0, 1000, 999, EndOfText::kBefore}), UsageError);
  EXPECT_THROW(ShardWriter({path, kShardTokensMax + 1, 1000, 999, EndOfText::kBefore}), UsageError);
  EXPECT_NO_THROW(ShardWriter({path, kShardTokensMax, 1000, 999, EndOfText::kBefore}));
  EXPECT_THROW(ShardWriter({path, 50, 1000, 1000, EndOfText::kBefore}), UsageError);
  EXPECT_THROW(ShardWriter({path, 50, 0, 0, EndOfText::kNone}), UsageError);
  ShardWriter writer(options_for(folder));
  EXPECT_NO_THROW(writer.add(Split::kTrain, "a", std::vector<uint32_t>{999}));
  EXPECT_THROW(writer.add(Split::kTrain, "a", std::vector<uint32_t>{1000}), Error);
  EXPECT_THROW(parse_end_of_text("first", "--end-of-text"), UsageError);
  EXPECT_EQ(parse_end_of_text("after", "--end-of-text"), EndOfText::kAfter);
}

TEST(ShardWriter, RefusesAListOfOtherShards) {
  testing::TemporaryFolder folder;
  ShardWriter first(options_for(folder));
  add_documents(first, 0, 20);
  auto shards = first.checkpoint();
  ShardWriterOptions other = options_for(folder);
  other.shard_tokens = 40;
  EXPECT_THROW(ShardWriter(other, shards), Error);
  shards.erase(shards.begin());
  EXPECT_THROW(ShardWriter(options_for(folder), shards), Error);
}

TEST(RemoveUnlistedShards, RemovesOnlyThem) {
  testing::TemporaryFolder folder;
  ShardWriter writer(options_for(folder));
  add_documents(writer, 0, 20);
  auto shards = writer.checkpoint();
  write_file(folder / "notes.bin", "mine");
  EXPECT_TRUE(remove_unlisted_shards(folder.path().string(), shards).empty());
  const ShardEntry last = shards.back();
  shards.pop_back();
  EXPECT_EQ(remove_unlisted_shards(folder.path().string(), shards),
            (std::vector<std::string>{last.shard.name, last.sidecar.name}));
  EXPECT_TRUE(std::filesystem::exists(folder / "notes.bin"));
}

}  // namespace
}  // namespace ftok
