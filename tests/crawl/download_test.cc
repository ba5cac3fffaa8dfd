// Downloads to files: resumed from the last whole gzip member, complete or absent, with a receipt.
#include "crawl/download.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "core/sha256.h"
#include "crawl/compression/gzip_members.h"
#include "tests/crawl/counting_clock.h"
#include "tests/support/gzip_text.h"
#include "tests/support/http_server.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;
using testing::Behaviour;
using testing::gzip_member;
using testing::HttpServer;

// A gzip file of `count` members and the offsets at which they end.
struct Members {
  std::string bytes;
  std::vector<uint64_t> ends;
};

Members make_members(int count) {
  std::mt19937_64 random(7);
  Members members;
  for (int i = 0; i < count; ++i) {
    std::string text(1000 + random() % 20000, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 23);
    members.bytes += gzip_member(text);
    members.ends.push_back(members.bytes.size());
  }
  return members;
}

TEST(GzipMembers, KnowsTheLastWholeMemberAtAnyStep) {
  const Members file = make_members(9);
  for (const size_t step : {1u, 7u, 1000u, 1u << 20}) {
    GzipMembers members;
    size_t ended = 0;
    for (size_t at = 0; at < file.bytes.size(); at += step) {
      ASSERT_TRUE(members.feed(std::string_view(file.bytes).substr(at, step)));
      while (ended < file.ends.size() && file.ends[ended] <= members.bytes()) ++ended;
      ASSERT_EQ(members.whole_bytes(), ended == 0 ? 0 : file.ends[ended - 1]);
      ASSERT_EQ(members.members(), ended);
    }
    EXPECT_TRUE(members.at_boundary());
  }
}

TEST(GzipMembers, FindsEveryFlippedByteOfAMember) {
  const std::string member = gzip_member("the quick brown fox");
  int unnoticed = 0;
  for (size_t at = 0; at < member.size(); ++at) {
    std::string bytes = member;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    GzipMembers members;
    if (members.feed(bytes) && members.at_boundary()) ++unnoticed;
  }
  EXPECT_LE(unnoticed, 6);  // RFC 1952: the time, extra flags and system of the header are not checked
}

TEST(GzipMembers, BeginsAnewWhereItIsTold) {
  const Members file = make_members(3);
  GzipMembers members;
  ASSERT_TRUE(members.feed(std::string_view(file.bytes).substr(0, file.ends[0] + 10)));
  members.restart(file.ends[0], 1);
  ASSERT_TRUE(members.feed(std::string_view(file.bytes).substr(file.ends[0])));
  EXPECT_EQ(members.members(), 3u);
  EXPECT_EQ(members.bytes(), file.bytes.size());
}

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    options.session = std::make_shared<FetchSession>(FetchLimits{}, clock);
    options.attempts_max = 3;
  }

  DownloadResult get(const std::string& path) { return download_file(server.url(path), target, options, log); }

  Behaviour object(std::string body) {
    Behaviour how;
    how.body = std::move(body);
    how.etag = "\"v1\"";
    return how;
  }
  Behaviour cut(Behaviour how, uint64_t at) {
    how.cut_at = at;
    return how;
  }

  HttpServer server;
  testing::TemporaryFolder folder;
  std::string target = folder / "sub/a.warc.gz";
  std::shared_ptr<testing::CountingClock> clock = std::make_shared<testing::CountingClock>();
  FetchOptions options;
  std::vector<std::string> messages;
  std::mutex mutex;
  Log log = [this](LogLevel, const std::string& message) {
    std::lock_guard lock(mutex);
    messages.push_back(message);
  };
  const Members file = make_members(40);
};

TEST_F(DownloadTest, WritesTheFileAndAReceipt) {
  server.serve("/a.gz", object(file.bytes));
  const DownloadResult result = get("/a.gz");
  EXPECT_EQ(read_file(target), file.bytes);
  EXPECT_FALSE(result.was_there);
  const auto receipt = read_download_receipt(target);
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->url, server.url("/a.gz"));
  EXPECT_EQ(receipt->bytes, file.bytes.size());
  EXPECT_EQ(receipt->sha256, Sha256::of(file.bytes));
  EXPECT_EQ(receipt->etag, "\"v1\"");
  EXPECT_EQ(receipt->gzip_members, 40u);
  EXPECT_FALSE(receipt->damage_offset.has_value());
  EXPECT_EQ(receipt->json(), result.receipt.json());
  EXPECT_FALSE(fs::exists(target + ".part"));
  EXPECT_FALSE(fs::exists(target + ".part.json"));
}

TEST_F(DownloadTest, AsksForNothingWhenTheFileIsThere) {
  server.serve("/a.gz", object(file.bytes));
  get("/a.gz");
  EXPECT_TRUE(get("/a.gz").was_there);
  EXPECT_EQ(server.requests().size(), 1u);
  fs::remove(target);
  EXPECT_FALSE(get("/a.gz").was_there);
  EXPECT_EQ(server.requests().size(), 2u);
  write_file(target, "cut short");
  EXPECT_FALSE(get("/a.gz").was_there);
  EXPECT_EQ(read_file(target), file.bytes);
}

TEST_F(DownloadTest, ResumesInOneProcessAtTheByteReached) {
  server.serve("/a.gz", {cut(object(file.bytes), 50000), object(file.bytes)});
  get("/a.gz");
  EXPECT_EQ(read_file(target), file.bytes);
  EXPECT_EQ(server.requests()[1].header("range"), "bytes=50000-");
}

TEST_F(DownloadTest, ResumesInTheNextProcessFromTheLastWholeMember) {
  const uint64_t at = file.ends[11] + 5;
  Behaviour dead;
  dead.status = 404;
  server.serve("/a.gz", {cut(object(file.bytes), at), dead, object(file.bytes)});
  EXPECT_THROW(get("/a.gz"), Error);
  EXPECT_FALSE(fs::exists(target));
  EXPECT_EQ(fs::file_size(target + ".part"), at);
  const DownloadResult result = get("/a.gz");
  EXPECT_EQ(result.resumed_from, file.ends[11]);
  EXPECT_EQ(read_file(target), file.bytes);
  EXPECT_EQ(result.receipt.gzip_members, 40u);
  EXPECT_EQ(server.requests()[2].header("range"), "bytes=" + std::to_string(file.ends[11]) + "-");
  EXPECT_EQ(server.requests()[2].header("if-match"), "\"v1\"");
}

TEST_F(DownloadTest, DropsWhatABrokenPartHoldsAfterItsLastWholeMember) {
  server.serve("/a.gz", object(file.bytes));
  make_folder(folder / "sub");
  write_file(target + ".part", file.bytes.substr(0, file.ends[3]) + "garbage from a crash");
  write_file(target + ".part.json", "{\"url\": \"" + server.url("/a.gz") + "\", \"etag\": \"\\\"v1\\\"\"}");
  EXPECT_EQ(get("/a.gz").resumed_from, file.ends[3]);
  EXPECT_EQ(read_file(target), file.bytes);
}

TEST_F(DownloadTest, StartsAgainWhenTheObjectChanged) {
  const Members other = make_members(50);
  Behaviour second = object(other.bytes);
  second.etag = "\"v2\"";
  server.serve("/a.gz", {cut(object(file.bytes), 70000), second});
  EXPECT_EQ(get("/a.gz").receipt.etag, "\"v2\"");
  EXPECT_EQ(read_file(target), other.bytes);
  ASSERT_EQ(server.requests().size(), 3u);
  EXPECT_EQ(server.requests()[2].header("range"), "");
}

TEST_F(DownloadTest, GivesUpOnAnObjectThatKeepsChanging) {
  std::vector<Behaviour> script;
  for (int i = 0; i < 20; ++i) {
    script.push_back(cut(object(file.bytes), 70000));
    script.back().etag = "\"v" + std::to_string(i) + "\"";
  }
  server.serve("/a.gz", script);
  EXPECT_THROW(get("/a.gz"), ObjectChanged);
  EXPECT_FALSE(fs::exists(target));
  EXPECT_EQ(server.requests().size(), 8u);
}

TEST_F(DownloadTest, FetchesADamagedMemberAgain) {
  std::string broken = file.bytes;
  broken[file.ends[20] + 100] = static_cast<char>(broken[file.ends[20] + 100] ^ 1);
  server.serve("/a.gz", {object(broken), object(file.bytes)});
  const DownloadResult result = get("/a.gz");
  EXPECT_EQ(read_file(target), file.bytes);
  EXPECT_FALSE(result.receipt.damage_offset.has_value());
  EXPECT_EQ(server.requests()[1].header("range"), "bytes=" + std::to_string(file.ends[20]) + "-");
}

TEST_F(DownloadTest, KeepsAnObjectThatIsDamagedAtTheServerAndSaysWhere) {
  std::string broken = file.bytes;
  broken[file.ends[20] + 100] = static_cast<char>(broken[file.ends[20] + 100] ^ 1);
  server.serve("/a.gz", object(broken));
  const DownloadResult result = get("/a.gz");
  EXPECT_EQ(read_file(target), broken);
  EXPECT_EQ(result.receipt.damage_offset, file.ends[20]);
  EXPECT_EQ(read_download_receipt(target)->damage_offset, file.ends[20]);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(DownloadTest, NoticesALengthThatEndsInsideAMember) {
  Behaviour lies = object(file.bytes);
  lies.content_length = file.ends[30] + 10;  // libcurl reads no further than that
  lies.etag = "\"v1\"";
  server.serve("/a.gz", {lies, object(file.bytes), object(file.bytes)});
  get("/a.gz");
  EXPECT_EQ(read_file(target), file.bytes);
}

TEST_F(DownloadTest, LetsOneProcessAtATimeWriteAFile) {
  server.serve("/a.gz", object(file.bytes));
  bool refused = false;
  download_file(server.url("/a.gz"), target, options, log, [&](uint64_t, uint64_t) {
    if (refused) return;
    try {
      get("/a.gz");
    } catch (const Error&) {
      refused = true;
    }
  });
  EXPECT_TRUE(refused);
  EXPECT_EQ(read_file(target), file.bytes);
}

TEST_F(DownloadTest, TakesUpOtherFilesAtTheirLastByte) {
  target = folder / "b.bin";
  const std::string body = "plain" + file.bytes;
  Behaviour dead;
  dead.status = 404;
  server.serve("/b.bin", {cut(object(body), 60001), dead, object(body)});
  EXPECT_THROW(get("/b.bin"), Error);
  EXPECT_EQ(get("/b.bin").resumed_from, 60001u);
  EXPECT_EQ(read_file(target), body);
}

}  // namespace
}  // namespace ftok
