// Tokens on their way into shards: their widths, the blocks they are gathered in, and the spool of the formats whose
// table is known last.
#include "shards/token_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/file.h"
#include "shards/bytes.h"
#include "shards/formats/token_block.h"
#include "shards/reader.h"
#include "shards/writer.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

std::vector<uint32_t> tokens_below(size_t count, uint32_t bound, uint32_t seed) {
  std::vector<uint32_t> tokens(count);
  for (uint32_t& token : tokens) token = (seed = seed * 1664525 + 1013904223) % bound;
  return tokens;
}

std::string stored(const std::vector<uint32_t>& tokens, size_t width) {
  std::string bytes;
  for (const uint32_t token : tokens) {
    if (width == 2) append_little_endian(bytes, static_cast<uint16_t>(token));
    else append_little_endian(bytes, token);
  }
  return bytes;
}

// Of every length around those of vectors.
TEST(TokenBytes, AreThoseOfTheirWidth) {
  for (size_t count = 0; count < 140; ++count) {
    for (const size_t width : {2, 4}) {
      std::vector<uint32_t> tokens = tokens_below(count, width == 2 ? 65536 : UINT32_MAX, static_cast<uint32_t>(count));
      if (count > 0) tokens.back() = width == 2 ? 65535 : UINT32_MAX;
      std::string bytes(count * width, '\0');
      store_tokens(tokens, width, bytes.data());
      ASSERT_EQ(bytes, stored(tokens, width));
      std::vector<uint32_t> again = {7};
      append_tokens(bytes, width, again);
      ASSERT_EQ(again.front(), 7u);
      again.erase(again.begin());
      ASSERT_EQ(again, tokens);
      ASSERT_EQ(largest_of(tokens), tokens.empty() ? 0 : tokens.back());
    }
  }
}

// What the sink gets is what was appended, in order; all pieces but the last are as long as whole tokens allow.
TEST(TokenBlock, GivesWhatIsFull) {
  TokenBlock block;
  std::string all, expected;
  std::vector<size_t> pieces;
  const auto sink = [&](std::string_view bytes) {
    all += bytes;
    pieces.push_back(bytes.size());
  };
  const std::vector<uint32_t> tokens = tokens_below(100'000, 65536, 1);
  block.append("odd", sink);
  block.append(tokens, 2, sink);
  block.append(tokens, 4, sink);
  block.append(std::string(kTokenBlockBytes, 'x'), sink);
  block.flush(sink);
  block.flush(sink);
  expected = "odd" + stored(tokens, 2) + stored(tokens, 4) + std::string(kTokenBlockBytes, 'x');
  EXPECT_EQ(all, expected);
  for (size_t i = 0; i + 1 < pieces.size(); ++i) EXPECT_GT(pieces[i] + 4, kTokenBlockBytes) << i;
}

struct Written {
  std::string shard;
  std::vector<ShardEntry> entries;
};

// Documents in one shard; with a checkpoint before document `stop`.
Written write_shard(const std::string& format, const std::vector<std::vector<uint32_t>>& documents, size_t stop) {
  testing::TemporaryFolder folder;
  ShardWriterOptions options{folder.path().string(), 1'000'000, 100'000, 9};
  options.format = &find_shard_format(format, "format");
  options.placement = EndOfText::kAfter;
  Written written;
  for (size_t i = 0; i < documents.size();) {
    ShardWriter writer(options, written.entries);
    for (const size_t end = i < stop ? stop : documents.size(); i < end; ++i)
      writer.add(Split::kTrain, std::to_string(i), documents[i]);
    writer.checkpoint();
    written.entries = writer.shards();
  }
  const std::string path = folder / ("train/ftok_train_000000" + std::string(options.format->extension()));
  written.shard = read_file(path);
  const ShardReader reader(path);
  std::vector<uint32_t> tokens;
  reader.view().read(0, reader.view().size(), tokens);
  std::vector<uint32_t> expected;
  for (const std::vector<uint32_t>& document : documents) {
    expected.insert(expected.end(), document.begin(), document.end());
    expected.push_back(9);
  }
  EXPECT_EQ(tokens, expected);
  EXPECT_EQ(written.entries.front().shard.checksum, checksum_of(written.shard));
  return written;
}

// The spool holds two bytes for each token up to the document with the first id above 65535: none, or the first, one
// behind an odd or an even number of tokens, or the last; far more tokens than a block holds. The shard's bytes are the
// table, then four bytes for each.
TEST(SampleFiles, WidenWhereTheFirstIdNeedsIt) {
  constexpr size_t kNone = 1000;
  for (const size_t wide : {kNone, size_t{0}, size_t{1}, size_t{2}, size_t{499}}) {
    std::vector<std::vector<uint32_t>> documents;
    for (size_t i = 0; i < 500; ++i) {
      documents.push_back(tokens_below(i == 0 ? 400 : 401 + i % 3, 65536, static_cast<uint32_t>(i)));
      documents.back()[i % 400] = i == wide ? 65536 : 65535;
    }
    const Written litdata = write_shard("litdata", documents, 0);
    std::string table, rest;
    append_little_endian(table, static_cast<uint32_t>(documents.size()));
    uint32_t at = static_cast<uint32_t>(4 * (documents.size() + 2));
    append_little_endian(table, at);
    for (const std::vector<uint32_t>& document : documents) {
      rest += stored(document, 4) + stored({9}, 4);
      append_little_endian(table, at += static_cast<uint32_t>(4 * document.size() + 4));
    }
    ASSERT_EQ(litdata.shard, table + rest) << wide;
    for (const std::string format : {"litdata", "mds"}) {
      const Written whole = write_shard(format, documents, 0), continued = write_shard(format, documents, 250);
      ASSERT_EQ(continued.shard, whole.shard) << format << " " << wide;
      EXPECT_EQ(continued.entries, whole.entries);
    }
  }
}

}  // namespace
}  // namespace ftok
