// WARC and ARC records: what is tolerated, what is damage, and where reading goes on.
#include "crawl/warc.h"

#include <gtest/gtest.h>

#include "tests/crawl/archive_builder.h"

namespace ftok {
namespace {

using testing::gzip;
using testing::read_archive;
using testing::ReadArchive;
using testing::small_archive;
using testing::warc_record;
using testing::zstd;

std::vector<std::string> damages(const ReadArchive& archive) {
  std::vector<std::string> all;
  for (const auto& record : archive.records) all.push_back(record.damage);
  return all;
}

using Strings = std::vector<std::string>;

TEST(WarcReader, ReadsPlainGzipAndZstdAlike) {
  const ReadArchive plain = read_archive(small_archive(false));
  ASSERT_EQ(plain.records.size(), 3U);
  EXPECT_EQ(plain.records[1].type, "request");
  EXPECT_EQ(plain.records[2].url, "http://example.com/2");
  EXPECT_TRUE(plain.damage.empty());
  const std::string one_member = gzip(small_archive(false));
  for (const std::string& bytes : {small_archive(true), one_member, zstd(small_archive(false))}) {
    const ReadArchive zipped = read_archive(bytes);
    ASSERT_EQ(zipped.records.size(), 3U);
    EXPECT_TRUE(zipped.damage.empty());
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(zipped.records[i].block, plain.records[i].block);
      EXPECT_EQ(zipped.records[i].damage, "");
    }
  }
}

TEST(WarcReader, OffsetsAreOfTheMemberOrOfThePlainByte) {
  const std::string first = warc_record("warcinfo", "a"), second = warc_record("response", "bb");
  const ReadArchive plain = read_archive(first + second);
  EXPECT_EQ(plain.records[1].offset, first.size());
  EXPECT_EQ(plain.records[1].offset_in_member, 0U);
  const ReadArchive members = read_archive(gzip(first) + gzip(second));
  EXPECT_EQ(members.records[1].offset, gzip(first).size());
  EXPECT_EQ(members.records[1].offset_in_member, 0U);
  const ReadArchive one = read_archive(gzip(first + second));
  EXPECT_EQ(one.records[1].offset, 0U);
  EXPECT_EQ(one.records[1].offset_in_member, first.size());
}

TEST(WarcReader, ToleratesLineFeedsFoldedFieldsAnglesAndBlankLines) {
  const std::string bytes =
      "\n\r\nWARC/0.18\nwarc-type: response\nWARC-Target-URI: <http://a.example/with space>\n"
      "X-Folded: one\n  two\n\tthree\nno colon here\nWARC-Date: 2008-10-294T05:21:46-0700\nContent-Length:   5   "
      "\n\nhello\n\n\n\n\n"
      "WARC/1.1\r\r\nWARC-Type: metadata\r\r\nContent-Length: 2\r\r\n\r\r\nhi\n\n";
  WarcReader reader(make_decoded_input(make_memory_source(bytes)));
  WarcRecord record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.version, "WARC/0.18");
  EXPECT_EQ(record.type, "response");
  EXPECT_EQ(record.url, "http://a.example/with space");
  EXPECT_EQ(record.date, "2008-10-294T05:21:46-0700");
  EXPECT_EQ(record.field("x-folded"), "one two three");
  EXPECT_EQ(record.block, "hello");
  EXPECT_EQ(record.damage, nullptr);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.type, "metadata");
  EXPECT_EQ(record.block, "hi");
  EXPECT_FALSE(reader.next(record));
  EXPECT_TRUE(reader.take_damage().empty());
}

// Records of which none is followed by what could be the next one: the rest of the window is searched once, not once a
// record. An ARC record's header is read more liberally than it is searched for.
TEST(WarcReader, TheNextRecordIsSearchedOnce) {
  const std::string version = "filedesc://a.arc 0.0.0.0 20240101000000 text/plain 4\n1 0\n\n";
  std::string liberal, strict, markers;
  for (int i = 0; i < 20'000; ++i) {
    liberal += "http://a.example/ - - - 2\nhi\n";
    strict += "http://a.example/ 1.2.3.4 20240101000000 text/html 2\nhi\n";
    markers += "WARC/1.0\r\nContent-Length: 2\r\n\r\nhi!\r\n\r\n";  // a byte more than it says
  }
  const std::string tail(1 << 20, 'x');  // a line that does not end
  for (const std::string& bytes : {version + liberal + tail, version + strict + tail, markers + tail}) {
    for (const bool zipped : {false, true}) {
      WarcReader reader(make_decoded_input(make_memory_source(zipped ? gzip(bytes) : bytes)));
      WarcRecord record;
      size_t count = 0;
      while (reader.next(record)) ++count;
      EXPECT_GE(count, 20'000U);
      EXPECT_LE(reader.bytes_searched(), 4 * bytes.size());
    }
  }
}

// A head is read in steps; its last line is not searched again at each of them.
TEST(WarcReader, ALongHeadIsSearchedOnce) {
  const std::string head = "WARC/1.0\r\nContent-Length: 0\r\nX: " + std::string(200 << 10, 'x');
  WarcReader reader(
      make_decoded_input(make_memory_source(head + "\r\n\r\n", "memory", 1000), {.grow_bytes_min = 1000}));
  WarcRecord record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.damage, nullptr);
  EXPECT_LE(reader.bytes_searched(), 2 * head.size());
}

// Records that all say they reach to the end, before thousands of members that start no record: each member is looked
// at once, not once a record.
TEST(WarcReader, MembersAreLookedAtOnce) {
  std::string records, bytes;
  for (int i = 0; i < 2000; ++i) records += "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9999999\r\n\r\n";
  bytes = gzip(records);
  for (int i = 0; i < 3000; ++i) bytes += gzip("no record starts here\n");
  WarcReader reader(make_decoded_input(make_memory_source(bytes)));
  WarcRecord record;
  size_t count = 0;
  while (reader.next(record)) ++count;
  EXPECT_EQ(count, 2000U);
  EXPECT_LE(reader.members_looked_at(), 3001U);
}

// A wrong Content-Length costs its own record, never the next one.
TEST(WarcReader, LyingLengthsEndAtTheNextRecord) {
  const std::string good = warc_record("response", "good");
  for (const char* length : {"2", "20", "400", "none", "abc", "-1", "99999999999999999999", "1e3", ""}) {
    if (*length == '\0') continue;
    const std::string bad = warc_record("response", "0123456789", "http://bad.example/", length);
    const ReadArchive plain = read_archive(bad + good + good);
    ASSERT_EQ(plain.records.size(), 3U) << length;
    EXPECT_EQ(damages(plain), (Strings{"warc.bad_length", "", ""})) << length;
    EXPECT_EQ(plain.records[2].block, "good");
    const ReadArchive members = read_archive(gzip(bad) + gzip(good) + gzip(good));
    ASSERT_EQ(members.records.size(), 3U) << length;
    EXPECT_EQ(damages(members), (Strings{"warc.bad_length", "", ""})) << length;
    const ReadArchive one = read_archive(gzip(bad + good + good));
    EXPECT_EQ(damages(one), (Strings{"warc.bad_length", "", ""})) << length;
  }
}

TEST(WarcReader, LengthThatFitsIsNoDamageWhateverFollows) {
  const std::string record = warc_record("response", "0123456789");
  const std::string bare = record.substr(0, record.size() - 4);  // without its closing lines
  EXPECT_EQ(damages(read_archive(bare + record)), (Strings{"", ""}));
  EXPECT_EQ(damages(read_archive(bare)), (Strings{""}));
  EXPECT_EQ(damages(read_archive(gzip(bare) + gzip(bare))), (Strings{"", ""}));
  EXPECT_EQ(damages(read_archive(record + std::string(5000, '\n') + record)), (Strings{"", ""}));
}

TEST(WarcReader, GarbageBetweenRecordsIsReportedAndPassed) {
  const std::string record = warc_record("response", "x");
  const ReadArchive plain = read_archive("rubbish\nWARC/ no\n" + record);
  EXPECT_EQ(damages(plain), (Strings{""}));
  EXPECT_EQ(plain.damage, (Strings{"warc.garbage"}));
  // Behind a record that ends where its length says it is no part of it.
  const ReadArchive behind = read_archive(record + "rubbish" + record);
  EXPECT_EQ(damages(behind), (Strings{"", ""}));
  EXPECT_EQ(behind.damage, (Strings{"warc.garbage"}));
  // Behind one that does not, it also shows that the length may be wrong.
  for (const std::string end : {"", "\r\n", "\r\n\n"}) {
    const ReadArchive loose = read_archive(record.substr(0, record.size() - 4) + end + "rubbish" + record);
    EXPECT_EQ(damages(loose), (Strings{"warc.bad_length", ""}));
    EXPECT_EQ(loose.damage, (Strings{"warc.garbage"}));
  }
}

TEST(WarcReader, TruncatedInputDamagesItsLastRecord) {
  const std::string record = warc_record("response", "0123456789");
  const ReadArchive plain = read_archive(record + record.substr(0, record.size() - 8));
  EXPECT_EQ(damages(plain), (Strings{"", "warc.truncated"}));
  EXPECT_EQ(plain.records[1].block, "012345");
  const ReadArchive head = read_archive(record + record.substr(0, 40));
  EXPECT_EQ(damages(head), (Strings{"", "warc.bad_header"}));
  EXPECT_EQ(head.records[1].type, "response");
}

TEST(WarcReader, RecordsAboveTheLimitArePassedOver) {
  const std::string large = warc_record("response", std::string(1000, 'x'), "http://large.example/");
  const std::string limit = warc_record("response", std::string(999, 'x'), "http://limit.example/");
  for (const bool zipped : {false, true}) {
    const auto pack = [&](const std::string& record) { return zipped ? gzip(record) : record; };
    const ReadArchive archive =
        read_archive(pack(large) + pack(limit), 7, {.record_bytes_max = 999}, {.grow_bytes_min = 1});
    EXPECT_EQ(damages(archive), (Strings{"warc.too_large", ""}));
    EXPECT_EQ(archive.records[0].url, "http://large.example/");
    EXPECT_EQ(archive.records[0].block, "");
    EXPECT_EQ(archive.records[1].block.size(), 999U);
  }
}

TEST(WarcReader, HeadersAboveTheLimitAreDamage) {
  const std::string record = warc_record("response", "x", "http://example.com/" + std::string(5000, 'a'));
  const std::string good = warc_record("response", "y");
  EXPECT_EQ(damages(read_archive(record + good, 0, {.header_bytes_max = 1000})), (Strings{"warc.bad_header", ""}));
  EXPECT_EQ(damages(read_archive(record + good, 0, {.header_bytes_max = 10000})), (Strings{"", ""}));
}

TEST(WarcReader, SameRecordsForAnySizeOfRead) {
  for (const std::string& bytes :
       {small_archive(false), small_archive(true), gzip(small_archive(false)), zstd(small_archive(false)),
        warc_record("response", "0123456789", "http://bad.example/", "400") + small_archive(false)}) {
    const ReadArchive whole = read_archive(bytes);
    for (const size_t read_max : {1, 7, 4096}) {
      for (const size_t grow_bytes_min : {1, 4096}) {
        const ReadArchive parts = read_archive(bytes, read_max, {}, {.grow_bytes_min = grow_bytes_min});
        EXPECT_EQ(parts.records, whole.records) << read_max;
        EXPECT_EQ(parts.damage, whole.damage) << read_max;
      }
    }
  }
}

// ---- ARC ----

constexpr char kArcVersion[] =
    "filedesc://test.arc 0.0.0.0 20080430204825 text/plain 65\n1 0 Test\nURL IP-address Archive-date Content-type "
    "Archive-length\n\n";

std::string arc_record(std::string_view line, std::string_view block) {
  return std::string(line).append("\n").append(block).append("\n");
}

TEST(ArcReader, ReadsVersionOneWithSpacesInUrls) {
  const std::string bytes =
      kArcVersion +
      arc_record("http://a.example/b c d 10.0.0.1 20080430204825 text/html 19", "HTTP/1.0 200 OK\r\n\r\n") +
      arc_record("dns:a.example 10.0.0.1 20080430204825 text/dns 3", "abc");
  for (const std::string& stored : {bytes, gzip(bytes)}) {
    const ReadArchive archive = read_archive(stored);
    ASSERT_EQ(archive.records.size(), 3U);
    EXPECT_EQ(damages(archive), (Strings{"", "", ""}));
    EXPECT_EQ(archive.records[0].type, "warcinfo");
    EXPECT_EQ(archive.records[1].url, "http://a.example/b c d");
    EXPECT_EQ(archive.records[1].block, "HTTP/1.0 200 OK\r\n\r\n");
    EXPECT_EQ(archive.records[2].block, "abc");
  }
}

TEST(ArcReader, ReadsVersionTwo) {
  const std::string bytes =
      "filedesc://test.arc 0.0.0.0 20080430204825 text/plain 200 - - 0 test.arc 9\n2 0 Test\n\n"
      "http://a.example/ 10.0.0.1 20080430204825 text/html 200 sum - 99 test.arc 4\nbody\n";
  const ReadArchive archive = read_archive(bytes);
  ASSERT_EQ(archive.records.size(), 2U);
  EXPECT_EQ(archive.records[1].url, "http://a.example/");
  EXPECT_EQ(archive.records[1].block, "body");
  EXPECT_EQ(damages(archive), (Strings{"", ""}));
}

TEST(ArcReader, WrongLengthsEndAtTheNextHeader) {
  for (const char* length : {"-1", "abc", "3", "500"}) {
    const std::string bytes =
        kArcVersion +
        arc_record(std::string("http://a.example/ 10.0.0.1 20080430204825 text/html ") + length, "block") +
        arc_record("http://b.example/ 10.0.0.1 20080430204825 text/html 4", "good");
    const ReadArchive archive = read_archive(bytes);
    ASSERT_EQ(archive.records.size(), 3U) << length;
    EXPECT_EQ(damages(archive), (Strings{"", "warc.bad_length", ""})) << length;
    EXPECT_EQ(archive.records[2].block, "good");
  }
}

TEST(ArcReader, TellsHeadersFromText) {
  EXPECT_TRUE(is_arc_header("http://a.example/ 10.0.0.1 20080430204825 text/html 4"));
  EXPECT_TRUE(is_arc_header("http://a.example/ 10.0.0.1 null text/html 4"));
  EXPECT_FALSE(is_arc_header("http://a.example/ 10.0.0.1 null text/html many"));
  EXPECT_FALSE(is_arc_header("Location: http://b.example/ and some text"));
  EXPECT_FALSE(is_arc_header("http://a.example/ 10.0.0.1"));
  EXPECT_FALSE(is_arc_header(""));
}

}  // namespace
}  // namespace ftok
