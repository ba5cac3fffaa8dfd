// Compressed inputs: members of any size, damage in them, bombs, and searching for the next one.
#include "crawl/compression/gzip.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "crawl/compression/zstd.h"
#include "tests/crawl/archive_builder.h"

namespace ftok {
namespace {

using testing::gzip;
using testing::read_archive;
using testing::ReadArchive;
using testing::warc_record;
using testing::zstd;
using Strings = std::vector<std::string>;

std::string decode_all(const std::string& bytes, Strings* damage = nullptr, const DecodeLimits& limits = {}) {
  const auto input = make_decoded_input(make_memory_source(bytes), limits);
  std::string out;
  while (input->grow()) {
    out += input->window();
    input->consume(input->window().size());
  }
  for (const Damage& one : input->take_damage()) {
    if (damage != nullptr) damage->emplace_back(one.code);
  }
  return out;
}

std::string random_text(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random() % 64 + 48);
  return text;
}

TEST(GzipInput, WholeAndStreamedMembersGiveTheSameBytes) {
  const std::string first = random_text(300'000, 1), second = random_text(20, 2), third = random_text(100'000, 3);
  const std::string bytes = gzip(first) + gzip("") + gzip(second) + gzip(third);
  // read_ahead 1,000 and whole_member_max 5,000 send the large members to zlib.
  for (const DecodeLimits& limits : {DecodeLimits{}, DecodeLimits{.read_ahead = 1000, .whole_member_max = 5000}}) {
    Strings damage;
    EXPECT_EQ(decode_all(bytes, &damage, limits), first + second + third);
    EXPECT_TRUE(damage.empty());
  }
}

TEST(GzipInput, HeaderFieldsArePassed) {
  // FNAME and FEXTRA (RFC 1952, 2.3.1) before the DEFLATE stream of an ordinary member.
  const std::string member = gzip("hello");
  const std::string with_fields = member.substr(0, 3) + '\x0C' + member.substr(4, 6) +
                                  std::string("\x03\x00sl\x00", 5) + std::string("name\0", 5) + member.substr(10);
  EXPECT_EQ(decode_all(with_fields), "hello");
}

TEST(GzipInput, BadCheckDamagesItsRecordAlone) {
  const std::string record = warc_record("response", "0123456789");
  std::string bad = gzip(record);
  bad[bad.size() - 6] ^= 1;  // in the CRC-32
  for (const DecodeLimits& limits : {DecodeLimits{}, DecodeLimits{.whole_member_max = 10}}) {
    const ReadArchive archive = read_archive(gzip(record) + bad + gzip(record), 0, {}, limits);
    ASSERT_EQ(archive.records.size(), 3U);
    EXPECT_EQ(archive.records[0].damage, "");
    EXPECT_EQ(archive.records[1].damage, "gzip.bad_check");
    EXPECT_EQ(archive.records[2].damage, "");
    EXPECT_EQ(archive.damage, (Strings{"gzip.bad_check"}));
  }
}

TEST(GzipInput, BadDataIsLeftForTheNextMember) {
  const std::string record = warc_record("response", random_text(2000, 4));
  std::string bad = gzip(record);
  for (size_t i = bad.size() / 2; i < bad.size(); ++i) bad[i] = static_cast<char>(0xFF);
  const ReadArchive archive = read_archive(gzip(record) + bad + gzip(record));
  ASSERT_EQ(archive.records.size(), 3U);
  EXPECT_EQ(archive.records[1].damage, "gzip.bad_data");
  EXPECT_EQ(archive.records[2].damage, "");
  EXPECT_EQ(archive.records[2].offset, gzip(record).size() + bad.size());
}

// Members inside members, all cut by the end: a damaged one may have run over sound ones, so the search begins inside
// it, and each of these covers all behind it.
TEST(GzipInput, NestedMembersAreReadAgainAFewTimesOnly) {
  std::string bytes;
  for (size_t left = 60'000; left > 100; left -= 25) {
    const auto size = static_cast<uint16_t>(left - 15);  // of a stored block
    bytes += std::string("\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03\x00", 11);
    for (const uint16_t number : {size, static_cast<uint16_t>(~size)}) {
      bytes += static_cast<char>(number & 0xFF);
      bytes += static_cast<char>(number >> 8);
    }
    bytes += "WARC/1.0\r\n";
  }
  for (const size_t copies : {1, 20}) {
    std::string all;
    for (size_t i = 0; i < copies; ++i) all += bytes;
    for (const size_t read_ahead : {size_t{1} << 20, size_t{4096}}) {
      DecodeLimits limits;
      limits.read_ahead = read_ahead;
      GzipInput input(StoredBytes(make_memory_source(all)), limits);
      while (input.grow()) input.consume(input.window().size());
      EXPECT_EQ(input.bytes_read(), all.size());
      EXPECT_LE(input.repeated_bytes(), GzipInput::kRepeatedFree + GzipInput::kRepeatedPerByte * all.size());
    }
  }
}

TEST(GzipInput, TruncatedMemberAtTheEnd) {
  const std::string member = gzip(warc_record("response", random_text(2000, 5)));
  const ReadArchive archive = read_archive(member + member.substr(0, member.size() - 20));
  ASSERT_EQ(archive.records.size(), 2U);
  EXPECT_EQ(archive.records[1].damage, "gzip.truncated");
  EXPECT_EQ(archive.damage, (Strings{"gzip.truncated"}));
}

TEST(GzipInput, GarbageBetweenMembersIsPassed) {
  const std::string member = gzip(warc_record("response", "x"));
  for (const std::string& garbage :
       {std::string("junk"), std::string(100'000, '\0'), std::string("\x1F\x8B\x08\x00junk", 8),
        std::string(5000, '\x1F'), gzip("no record")}) {
    const ReadArchive archive = read_archive(member + garbage + member, 0, {}, {}, "x.warc.gz");
    EXPECT_EQ(archive.records.size(), 2U);
    EXPECT_FALSE(archive.damage.empty());
    EXPECT_EQ(archive.records[1].offset, member.size() + garbage.size());
  }
  // At the very start, where only the name says that it is gzip.
  EXPECT_EQ(read_archive("junk" + member, 0, {}, {}, "x.warc.gz").records.size(), 1U);
}

TEST(GzipInput, ABombIsCutAndTheNextMemberRead) {
  const std::string good = gzip(warc_record("response", "x"));
  const std::string block(4 << 20, '\0');  // about 1000:1
  const DecodeLimits limits{.bomb_bytes = 1 << 20, .bomb_ratio = 250, .whole_member_max = 64 << 10};
  const ReadArchive archive = read_archive(gzip(warc_record("response", block)) + good, 0, {}, limits);
  ASSERT_EQ(archive.records.size(), 2U);
  EXPECT_EQ(archive.records[0].damage, "gzip.bomb");
  EXPECT_LE(archive.records[0].block.size(), (1U << 20) + (512U << 10));
  EXPECT_EQ(archive.records[1].damage, "");
  // As large, but not as dense: no bomb.
  const std::string dense = gzip(warc_record("response", random_text(4 << 20, 6)));
  EXPECT_EQ(read_archive(dense + good, 0, {}, limits).records[0].damage, "");
}

TEST(GzipInput, ManyEmptyMembersCostNoMemory) {
  std::string bytes;
  const std::string empty = gzip("");
  for (int i = 0; i < 20'000; ++i) bytes += empty;
  const auto input = make_decoded_input(make_memory_source(bytes));
  while (input->grow()) EXPECT_LE(input->members().size(), 2U);
  EXPECT_EQ(input->bytes_read(), bytes.size());
}

TEST(ZstdInput, FramesSkippableFramesAndDictionary) {
  const std::string skippable = std::string("\x50\x2A\x4D\x18\x03\x00\x00\x00", 8) + "abc";
  EXPECT_EQ(decode_all(zstd("one") + skippable + zstd("two")), "onetwo");
  EXPECT_EQ(decode_all(skippable + zstd("one")), "one");
  // A dictionary frame of raw content: frames that do not use it decode as ever.
  const std::string dictionary = std::string("\x5D\x2A\x4D\x18\x08\x00\x00\x00", 8) + "raw dict";
  EXPECT_EQ(decode_all(dictionary + zstd("one")), "one");
}

TEST(ZstdInput, DamageIsReportedAndPassed) {
  const std::string record = warc_record("response", random_text(3000, 7));
  std::string bad = zstd(record);
  for (size_t i = 20; i < 40; ++i) bad[i] = '\xFF';
  const ReadArchive archive = read_archive(zstd(record) + bad + zstd(record));
  ASSERT_GE(archive.records.size(), 2U);
  EXPECT_EQ(archive.records.back().damage, "");
  EXPECT_EQ(archive.records.back().offset, 2 * zstd(record).size());
  EXPECT_EQ(archive.damage.front(), "zstd.bad_data");
  const ReadArchive cut = read_archive(zstd(record).substr(0, 1500));
  EXPECT_EQ(cut.damage, (Strings{"zstd.truncated"}));
}

// Texts and damage of a compressed input, read at most so many bytes at a time.
std::string outcome_of(const std::string& bytes, size_t read_max) {
  const auto input = make_decoded_input(make_memory_source(bytes, "memory", read_max));
  std::string out;
  while (input->grow()) {
    out += input->window();
    input->consume(input->window().size());
  }
  for (const Damage& damage : input->take_damage())
    out += fmt::format("\n{} {} {}", damage.code.view(), damage.offset, damage.detail);
  return out;
}

// Damage is found at the same place, and what follows it at the same place, however many bytes a read gives.
void expect_same_by_reads(std::string (*compress)(std::string_view)) {
  const std::string whole =
      compress(random_text(300, 1)) + compress(std::string(300'000, 'x')) + compress(random_text(300, 2));
  std::mt19937 random(5);
  size_t damaged = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = whole;
    for (int k = 0; k < 1 + i % 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    const std::string expected = outcome_of(bytes, 0);
    damaged += expected.find(".bad_data") != std::string::npos ? 1 : 0;
    for (const size_t read_max : {1, 7, 200}) EXPECT_EQ(outcome_of(bytes, read_max), expected) << i << " " << read_max;
  }
  EXPECT_GT(damaged, 30U);
}

TEST(ZstdInput, ReadsOfAnySizeGiveTheSame) {
  expect_same_by_reads(zstd);
  const std::string header_in_header("\x28\xB5\x2F\xFD\xEB{\"te\x28\xB5\x2F\xFD[{\"text\":\"on", 22);
  EXPECT_EQ(outcome_of(header_in_header, 1), outcome_of(header_in_header, 0));
}

TEST(GzipInput, ReadsOfAnySizeGiveTheSame) {
  expect_same_by_reads([](std::string_view bytes) { return gzip(bytes); });
}

TEST(ZstdInput, ABombIsCut) {
  const DecodeLimits limits{.bomb_bytes = 1 << 20, .bomb_ratio = 250};
  Strings damage;
  EXPECT_LT(decode_all(zstd(std::string(8 << 20, 'x')), &damage, limits).size(), 2U << 20);
  EXPECT_EQ(damage, (Strings{"zstd.bomb"}));
}

}  // namespace
}  // namespace ftok
