#include "pipeline/corpus_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/file.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// The sizes of the pieces of a corpus of one file.
std::vector<size_t> pieces_of(const std::string& path, const std::string& format, bool has_sure_cuts,
                              uint64_t& bytes_searched) {
  CorpusReader reader({{path, format, 1}}, "text", has_sure_cuts);
  std::vector<size_t> sizes;
  while (const auto piece = reader.next()) sizes.push_back(piece->size);
  bytes_searched = reader.bytes_searched();
  return sizes;
}

// A piece is read in steps of 1 MiB: were all of it searched at each of them, this would be 78 MiB and more.
TEST(CorpusReader, ALongLineIsSearchedOnce) {
  testing::TemporaryFolder folder;
  uint64_t searched = 0;
  const std::string line = R"({"text":")" + std::string(12 * kMiB, 'x') + "\"}\n";
  write_file(folder / "long.jsonl", line + line);
  EXPECT_EQ(pieces_of(folder / "long.jsonl", "jsonl", true, searched), (std::vector<size_t>(2, line.size())));
  EXPECT_LE(searched, 2 * line.size() + 2 * kMiB);
  for (const bool has_sure_cuts : {true, false}) {
    write_file(folder / "long.txt", std::string(12 * kMiB, 'x'));
    EXPECT_EQ(pieces_of(folder / "long.txt", "text", has_sure_cuts, searched), (std::vector<size_t>{12 * kMiB}));
    EXPECT_LE(searched, 14 * kMiB);
  }
}

TEST(CorpusReader, ShortLinesAreSearchedOnceToo) {
  testing::TemporaryFolder folder;
  std::string lines;
  while (lines.size() < 8 * kMiB)
    lines += R"({"text":"some words of a line"})"
             "\n";
  write_file(folder / "short.jsonl", lines);
  uint64_t searched = 0;
  EXPECT_GE(pieces_of(folder / "short.jsonl", "jsonl", true, searched).size(), 8U);
  EXPECT_LE(searched, lines.size() + kMiB);
}

// Without sure cuts a text of 64 MiB and more is cut behind its last line, however far back that ends.
TEST(CorpusReader, TextsOfOwnPatternsAreCutAtLineEnds) {
  testing::TemporaryFolder folder;
  uint64_t searched = 0;
  const std::string begin = std::string(40 * kMiB, 'x') + '\n';
  write_file(folder / "below.txt", begin + std::string(20 * kMiB, 'y'));
  EXPECT_EQ(pieces_of(folder / "below.txt", "text", false, searched), (std::vector<size_t>{60 * kMiB + 1}));
  write_file(folder / "above.txt", begin + std::string(30 * kMiB, 'y'));
  EXPECT_EQ(pieces_of(folder / "above.txt", "text", false, searched), (std::vector<size_t>{40 * kMiB + 1, 30 * kMiB}));
}

}  // namespace
}  // namespace ftok
