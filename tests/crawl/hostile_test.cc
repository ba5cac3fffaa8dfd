// Archives that were flipped, cut and lied about: nothing crashes or hangs, every record ends as exactly one item, and
// what lies before the damage is read as ever. Also every file of the public web-archive test suites (the test data).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "crawl/http_stage.h"
#include "crawl/source.h"
#include "tests/crawl/archive_builder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::read_archive;
using testing::ReadArchive;

// Runs the whole of reading over `bytes`: make_source, then the http stage. Returns the number of items.
size_t read_through(const std::string& bytes, const std::string& name) {
  static const HttpStage http{HttpOptions{}};
  SourceOptions options;
  options.format = "warc";
  const auto source = make_source(make_memory_source(bytes, name), options);
  size_t items = 0;
  while (true) {
    Item item;
    if (!source->next(item)) break;
    ++items;
    EXPECT_LE(items, bytes.size());
    if (item.verdict.kept()) item.verdict = http.process(item.document);
    if (!item.verdict.kept()) {
      EXPECT_FALSE(item.verdict.reason.empty());
    } else {
      EXPECT_TRUE(!item.document.html.empty() || item.document.charset == "UTF-8");
    }
  }
  EXPECT_EQ(source->bytes_read(), bytes.size());
  return items;
}

TEST(HostileArchive, EveryFlippedByte) {
  for (const bool zipped : {false, true}) {
    const std::string whole = testing::small_archive(zipped);
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const unsigned char mask : {0x01, 0x80, 0xFF}) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ mask);
        const size_t items = read_through(bytes, zipped ? "x.warc.gz" : "x.warc");
        EXPECT_LE(items, 4U) << at;
        EXPECT_GE(items, 2U) << at;  // one byte costs one record at most
      }
    }
  }
}

TEST(HostileArchive, EveryTruncation) {
  for (const bool zipped : {false, true}) {
    const std::string whole = testing::small_archive(zipped);
    const ReadArchive all = read_archive(whole);
    for (size_t size = 0; size < whole.size(); ++size) {
      const ReadArchive cut = read_archive(whole.substr(0, size), 0, {}, {}, "x.warc.gz");
      EXPECT_EQ(read_through(whole.substr(0, size), "x.warc.gz"), cut.records.size());
      for (size_t i = 0; i < cut.records.size(); ++i) {
        ASSERT_LT(i, all.records.size());
        // Records that lie wholly before the cut are read as ever.
        const uint64_t end = i + 1 < all.records.size() ? all.records[i + 1].offset : whole.size();
        if (end <= size) {
          EXPECT_EQ(cut.records[i], all.records[i]) << size;
        }
      }
    }
  }
}

TEST(HostileArchive, SameItemsForAnySizeOfReadWhateverTheDamage) {
  const std::string whole = testing::small_archive(true);
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xFF);
    const ReadArchive once = read_archive(bytes, 0, {}, {}, "x.warc.gz");
    for (const size_t read_max : {1, 7}) {
      const ReadArchive parts = read_archive(bytes, read_max, {}, {.grow_bytes_min = 1}, "x.warc.gz");
      EXPECT_EQ(parts.records, once.records) << at;
      EXPECT_EQ(parts.damage, once.damage) << at;
    }
  }
}

// The input that costs most a byte: false gzip magic everywhere.
TEST(HostileArchive, FalseMagicIsBounded) {
  std::string bytes;
  while (bytes.size() < 200'000)
    bytes += std::string("\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03\x01\x00\x00\xFF\xFF", 15);
  EXPECT_EQ(read_through(bytes, "x.warc.gz"), 0U);
}

// A block spread over a great many members of one byte: neither the list of members nor the work grows with the square.
TEST(HostileArchive, ManyTinyMembersInOneRecord) {
  const std::string head = "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 100000\r\n\r\n";
  std::string bytes = testing::gzip(head);
  const std::string one = testing::gzip("x");
  for (int i = 0; i < 100'000; ++i) bytes += one;
  const auto input = make_decoded_input(make_memory_source(bytes));
  size_t members = 0;
  while (input->grow()) members = std::max(members, input->members().size());
  EXPECT_LE(members, 4096U);
  const ReadArchive archive = read_archive(bytes + testing::gzip(testing::warc_record("response", "y")));
  ASSERT_EQ(archive.records.size(), 2U);
  EXPECT_EQ(archive.records[0].block, std::string(100'000, 'x'));
  EXPECT_EQ(archive.records[0].damage, "");
}

// ---- The test data ----

std::map<std::string, std::string> expected_records(const std::filesystem::path& folder) {
  std::ifstream table(folder / "VERIFY.tsv");
  std::map<std::string, std::string> expected;
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string file, bytes, gzip, records;
    fields >> file >> bytes >> gzip >> records;
    expected[file] = records;
  }
  return expected;
}

// Files where more records are found than any of the readers the table was made with found: these stop at the first
// damaged ARC header, or at a missing empty line.
const std::map<std::string, size_t> kMoreRecords = {
    {"aut/arc/badexample.arc.gz", 6},
    {"ukwa_discovery/IAH-20080430204825-00000-blackbook-truncated.arc", 9},
    {"webarchive_commons/format/arc/IAH-20080430204825-00000-blackbook-truncated.arc", 9},
};

TEST(PublicArchives, EveryFileGivesItsRecords) {
  FTOK_NEEDS_TEST_DATA("warc/VERIFY.tsv");
  const auto folder = testing::test_data_folder() / "warc";
  size_t files = 0;
  for (const auto& [file, records] : expected_records(folder)) {
    const std::string bytes = read_file((folder / file).string());
    const ReadArchive archive = read_archive(bytes, 0, {}, {}, file);
    const auto more = kMoreRecords.find(file);
    const std::string wanted = more != kMoreRecords.end() ? std::to_string(more->second)
                               : records == "-"           ? "0"
                                                          : records;
    EXPECT_EQ(std::to_string(archive.records.size()), wanted) << file;
    const ReadArchive parts = read_archive(bytes, 4099, {}, {.read_ahead = 8192, .grow_bytes_min = 1}, file);
    EXPECT_EQ(parts.records, archive.records) << file;
    EXPECT_EQ(parts.damage, archive.damage) << file;
    EXPECT_EQ(read_through(bytes, file), archive.records.size()) << file;
    ++files;
  }
  EXPECT_EQ(files, 105U);
}

// The damage in those files, by name: what a record lost, and what lay between records.
TEST(PublicArchives, DamageIsCounted) {
  FTOK_NEEDS_TEST_DATA("warc/VERIFY.tsv");
  const auto folder = testing::test_data_folder() / "warc";
  using Codes = std::vector<std::string>;
  struct Case {
    const char* file;
    Codes records, between;
  };
  const Case cases[] = {
      {"ia_gowarc/warcs/corrupted-mid-record.warc.gz.open", {}, {"gzip.garbage"}},
      {"ia_gowarc/warcs/corrupted-trailing-bytes.warc.gz.open", {}, {"gzip.garbage"}},
      {"resiliparse/clipped.warc.gz", {"gzip.truncated"}, {"gzip.truncated"}},
      {"solrwayback/compressions_warc/transfer_compression_none_truncated.warc.gz",
       {"gzip.truncated"},
       {"gzip.truncated"}},
      {"solrwayback/example_warc/Evil-Warc-Headers.warc", {"warc.truncated"}, {}},
      {"warcio/example-trunc.warc", {"warc.bad_length"}, {"warc.garbage"}},
      {"warcio/example-space-in-url.arc", {"warc.truncated"}, {}},
      {"pywb/warcs/example.warc", {"warc.bad_length"}, {"warc.garbage"}},
      {"warcio/bad.arc", {"warc.bad_length", "warc.bad_length", "warc.bad_length"}, {}},
      {"webarchive_commons/format/gzip/double-single-inflate-error.gz", {}, {"gzip.bad_data", "warc.garbage"}},
  };
  for (const Case& one : cases) {
    const ReadArchive archive = read_archive(read_file((folder / one.file).string()), 0, {}, {}, one.file);
    Codes records;
    for (const auto& record : archive.records) {
      if (!record.damage.empty()) records.push_back(record.damage);
    }
    EXPECT_EQ(records, one.records) << one.file;
    EXPECT_EQ(archive.damage, one.between) << one.file;
  }
}

}  // namespace
}  // namespace ftok
