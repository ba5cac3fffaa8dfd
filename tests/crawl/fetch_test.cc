// The fetcher against a real server on loopback that misbehaves. Waits are counted, not waited.
#include "crawl/fetch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <tuple>

#include "core/error.h"
#include "crawl/access_refused.h"
#include "crawl/host_not_found.h"
#include "crawl/transfer/http_transfer.h"
#include "crawl/transfer/signed_source.h"
#include "tests/crawl/counting_clock.h"
#include "tests/support/http_server.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::Behaviour;
using testing::CountingClock;
using testing::HttpServer;

std::string noise(size_t size, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string gzip_noise(size_t size) { return "\x1F\x8B" + noise(size - 2); }

constexpr char kSlowDown[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request "
    "rate.</Message></Error>";

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    options.session = session;
    options.attempts_max = 5;
  }

  std::unique_ptr<HttpSource> open(const std::string& path) { return open_http_source(server.url(path), options, log); }

  static std::string drain(ByteSource& source, size_t block = 10000) {
    std::string all, part(block, '\0');
    while (const size_t got = source.read(part.data(), part.size())) all.append(part, 0, got);
    return all;
  }

  std::string error_of(const std::string& path) {
    try {
      drain(*open(path));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  HttpServer server;
  std::shared_ptr<CountingClock> clock = std::make_shared<CountingClock>();
  std::shared_ptr<FetchSession> session = std::make_shared<FetchSession>(FetchLimits{}, clock);
  FetchOptions options;
  std::mutex log_mutex;
  std::vector<std::string> messages;
  Log log = [this](LogLevel, const std::string& message) {
    std::lock_guard lock(log_mutex);
    messages.push_back(message);
  };
};

Behaviour object(std::string body) {
  Behaviour how;
  how.body = std::move(body);
  how.etag = "\"v1\"";
  return how;
}

// A label of more than 63 letters is no name, so nobody is asked for it.
TEST_F(FetchTest, AHostWithoutAnAddressEndsTheFetchAfterAFewTries) {
  options.attempts_max = 10;
  const std::string host = std::string(70, 'a') + ".invalid";
  const auto source = open_http_source("http://" + host + "/a.warc.gz", options, log);
  EXPECT_THROW(drain(*source), HostNotFound);
  EXPECT_EQ(source->attempts(), kNoHostTriesMax);
  EXPECT_TRUE(messages.empty()) << messages.at(0);  // what is thrown says it, once
  EXPECT_EQ(clock->waits(), std::vector<double>(kNoHostTriesMax - 1, kNoHostWaitS));
  const auto second = open_http_source("http://" + host + "/b.warc.gz", options, log);
  EXPECT_THROW(drain(*second), HostNotFound);
  EXPECT_EQ(second->attempts(), 1);  // every file of a list would wait for it
  note_answer_of(host + ":80");      // one that was there a moment ago is worth waiting for
  const auto again = open_http_source("http://" + host + "/a.warc.gz", options, log);
  EXPECT_THROW(drain(*again), Error);
  EXPECT_EQ(again->attempts(), options.attempts_max);
}

// Port 9 takes no connections on any machine that runs tests; a proxy there answers for no host.
TEST_F(FetchTest, ARefusedConnectionEndsTheFetchAfterAFewTries) {
  options.attempts_max = 10;
  const auto source = open_http_source("http://127.0.0.1:9/a.warc.gz", options, log);
  EXPECT_THROW(drain(*source), HostNotFound);
  EXPECT_EQ(source->attempts(), kNoHostTriesMax);
  note_answer_of("127.0.0.1:9");  // it was there a moment ago, and may be back
  const auto again = open_http_source("http://127.0.0.1:9/a.warc.gz", options, log);
  EXPECT_THROW(drain(*again), Error);
  EXPECT_EQ(again->attempts(), options.attempts_max);
}

TEST_F(FetchTest, ReadsAnObjectWithOneIdentifyingRequest) {
  const std::string body = gzip_noise(300000);
  server.serve("/a.warc.gz", object(body));
  options.user_agent = "ftok/test (+someone)";
  const auto source = open("/a.warc.gz");
  EXPECT_EQ(drain(*source), body);
  EXPECT_EQ(source->size_if_known(), body.size());
  EXPECT_EQ(source->version().etag, "\"v1\"");
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].header("user-agent"), "ftok/test (+someone)");
  EXPECT_EQ(server.requests()[0].header("accept-encoding"), "identity");
  EXPECT_EQ(server.requests()[0].header("range"), "");
  EXPECT_TRUE(clock->waits().empty());
}

TEST_F(FetchTest, NamesItselfByDefault) {
  server.serve("/a", object("x"));
  drain(*open("/a"));
  EXPECT_EQ(server.requests()[0].header("user-agent").substr(0, 5), "ftok/");
}

TEST_F(FetchTest, ResumesAfterACutAtTheByteReached) {
  const std::string body = gzip_noise(500000);
  Behaviour cut = object(body);
  cut.cut_at = 123456;
  server.serve("/a.warc.gz", {cut, object(body)});
  EXPECT_EQ(drain(*open("/a.warc.gz")), body);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].header("range"), "bytes=123456-");
  EXPECT_EQ(requests[1].header("if-match"), "\"v1\"");
  EXPECT_EQ(clock->waits(), (std::vector<double>{1}));  // draws 0.5 of at most 2 s; the floor is 1 s
}

TEST_F(FetchTest, ResumesThroughManyCuts) {
  const std::string body = gzip_noise(900000);
  std::vector<Behaviour> script;
  for (uint64_t at : {1u, 2u, 70u, 100000u, 100001u, 700000u}) {
    script.push_back(object(body));
    script.back().cut_at = at;
  }
  script.push_back(object(body));
  server.serve("/a.warc.gz", script);
  options.attempts_max = 20;
  EXPECT_EQ(drain(*open("/a.warc.gz"), 777), body);
  EXPECT_EQ(server.requests().size(), script.size());
  EXPECT_EQ(clock->waits().size(), script.size() - 1);
}

TEST_F(FetchTest, ResumesByDateWhereTheTagIsWeak) {
  const std::string body = gzip_noise(200000);
  Behaviour how = object(body);
  how.etag = "W/\"weak\"";
  how.last_modified = "Tue, 01 Jan 2019 00:00:00 GMT";
  Behaviour cut = how;
  cut.cut_at = 100000;
  server.serve("/a.warc.gz", {cut, how});
  EXPECT_EQ(drain(*open("/a.warc.gz")), body);
  EXPECT_EQ(server.requests()[1].header("if-match"), "");
  EXPECT_EQ(server.requests()[1].header("if-unmodified-since"), how.last_modified);
}

TEST_F(FetchTest, ReadsPastWhatItHasWhereTheServerKnowsNoRanges) {
  const std::string body = gzip_noise(200000);
  Behaviour how = object(body);
  how.ranges = false;
  Behaviour cut = how;
  cut.cut_at = 150000;
  server.serve("/a.warc.gz", {cut, how});
  EXPECT_EQ(drain(*open("/a.warc.gz")), body);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(FetchTest, RefusesToMixTwoVersions) {
  Behaviour cut = object(gzip_noise(200000));
  cut.cut_at = 100000;
  Behaviour other = object(gzip_noise(200000));
  other.etag = "\"v2\"";
  server.serve("/match.gz", {cut, other});  // the server answers If-Match with 412
  EXPECT_THROW(drain(*open("/match.gz")), ObjectChanged);
  EXPECT_EQ(server.requests("/match.gz").size(), 2u);

  other.ranges = false;  // a server that ignores Range, and here also cannot see If-Match
  cut.etag = "W/\"v1\"";
  server.serve("/tag.gz", {cut, other});
  EXPECT_THROW(drain(*open("/tag.gz")), ObjectChanged);

  cut.etag = other.etag = "";
  other.body += "longer";
  server.serve("/size.gz", {cut, other});
  EXPECT_THROW(drain(*open("/size.gz")), ObjectChanged);
}

TEST_F(FetchTest, DoesNotGoOnWithAnObjectItCannotKnowAgain) {
  Behaviour cut = object(gzip_noise(200000));
  cut.etag = "";
  cut.chunked = true;  // no length either
  cut.cut_at = 100000;
  Behaviour whole = cut;
  whole.cut_at.reset();
  server.serve("/a.gz", {cut, whole});
  const std::string error = error_of("/a.gz");
  EXPECT_NE(error.find("no ETag, date or size"), std::string::npos) << error;
}

TEST_F(FetchTest, StartsAfreshWithAnyVersionWhileNothingWasRead) {
  Behaviour cut = object(gzip_noise(1000));
  cut.cut_at = 0;
  const std::string body = gzip_noise(3000);
  Behaviour other = object(body);
  other.etag = "\"v2\"";
  server.serve("/a.gz", {cut, other});
  EXPECT_EQ(drain(*open("/a.gz")), body);
  EXPECT_EQ(server.requests()[1].header("range"), "");
}

TEST_F(FetchTest, WaitsAsLongAsRetryAfterAsks) {
  Behaviour busy;
  busy.status = 503;
  busy.headers = {{"Retry-After", "17"}};
  const std::string body = gzip_noise(1000);
  server.serve("/a.gz", {busy, busy, object(body)});
  EXPECT_EQ(drain(*open("/a.gz")), body);
  EXPECT_EQ(clock->waits(), (std::vector<double>{17, 17}));
}

TEST_F(FetchTest, GivesUpWhenRetryAfterPassesTheCap) {
  Behaviour busy;
  busy.status = 429;
  busy.headers = {{"Retry-After", "7200"}};
  server.serve("/a.gz", busy);
  EXPECT_NE(error_of("/a.gz").find("asks to wait 7200 s"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_TRUE(clock->waits().empty());
}

TEST_F(FetchTest, BacksOffExponentiallyAndGivesUp) {
  Behaviour busy;
  busy.status = 503;
  busy.body = kSlowDown;
  server.serve("/a.gz", busy);
  options.attempts_max = 6;
  const std::string error = error_of("/a.gz");
  EXPECT_NE(error.find("status 503 SlowDown (gave up after 6 tries)"), std::string::npos) << error;
  EXPECT_EQ(server.requests().size(), 6u);
  EXPECT_EQ(clock->waits(), (std::vector<double>{1, 2, 4, 8, 16}));  // half of 2, 4, 8, 16, 32
  EXPECT_EQ(messages.size(), 5u);
}

TEST_F(FetchTest, CountsTriesAnewAfterProgress) {
  const std::string body = gzip_noise(4 * kFetchProgressBytes);
  std::vector<Behaviour> script;
  for (uint64_t at = 1; at < 4; ++at) {
    script.push_back(object(body));
    script.back().cut_at = at * kFetchProgressBytes;
  }
  script.push_back(object(body));
  server.serve("/a.gz", script);
  options.attempts_max = 2;
  EXPECT_EQ(drain(*open("/a.gz")), body);
  EXPECT_EQ(clock->waits(), (std::vector<double>{1, 1, 1}));
}

TEST_F(FetchTest, StopsAtOnceOn403AndSendsThatHostNothingMore) {
  Behaviour refused;
  refused.status = 403;
  refused.body = "<Error><Code>AccessDenied</Code></Error>";
  server.serve("/a.gz", refused);
  server.serve("/b.gz", object(gzip_noise(100)));
  EXPECT_NE(error_of("/a.gz").find("403"), std::string::npos);
  const std::string later = error_of("/b.gz");
  EXPECT_NE(later.find("no more requests to " + server.host()), std::string::npos) << later;
  EXPECT_NE(later.find("AccessDenied"), std::string::npos) << later;
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_TRUE(clock->waits().empty());
  EXPECT_THROW(drain(*open("/a.gz")), AccessRefused);  // and later ones too
}

TEST_F(FetchTest, RefusalsAndFullStoresAreToldApart) {
  const std::tuple<long, const char*, bool> answers[] = {
      {401, "", true}, {403, "AccessDenied", true}, {403, "QuotaExceeded", false}, {404, "", false}, {507, "", false}};
  for (const auto& [status, code, refused] : answers) {
    EXPECT_EQ(is_refusal(status, code), refused) << status << code;
    EXPECT_FALSE(status_may_pass(status)) << status;
  }
  for (const long status : {408, 429, 500, 503, 599}) EXPECT_TRUE(status_may_pass(status)) << status;
  Behaviour how;
  how.status = 401;
  server.serve("/a.gz", how);
  EXPECT_THROW(drain(*open("/a.gz")), AccessRefused);
  server.serve("/b.gz", object(gzip_noise(100)));  // not for all of the host
  EXPECT_FALSE(drain(*open("/b.gz")).empty());
}

TEST_F(FetchTest, DoesNotRetryWhatIsNotThere) {
  EXPECT_NE(error_of("/missing.gz").find("status 404"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(FetchTest, RetriesAnErrorBodyUnderAWarcsName) {
  const std::string body = gzip_noise(5000);
  server.serve("/a.warc.gz", {object(kSlowDown), object("<!DOCTYPE html><html>busy</html>"), object(""), object(body)});
  EXPECT_EQ(drain(*open("/a.warc.gz")), body);
  EXPECT_EQ(server.requests().size(), 4u);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_NE(messages[0].find("XML error"), std::string::npos);
  EXPECT_NE(messages[1].find("HTML page"), std::string::npos);
  EXPECT_NE(messages[2].find("empty"), std::string::npos);
}

TEST_F(FetchTest, NeverDeliversAnErrorBody) {
  server.serve("/a.warc.gz", object(kSlowDown));
  const auto source = open("/a.warc.gz");
  char byte = 0;
  EXPECT_THROW(source->read(&byte, 1), Error);
  EXPECT_EQ(server.requests().size(), 5u);
}

TEST_F(FetchTest, TakesShortBodiesAsTheyAre) {
  server.serve("/list.txt", object("a\nb\n"));
  server.serve("/empty.txt", object(""));
  Behaviour chunked = object("WARC/1.0\r\n");
  chunked.chunked = true;
  server.serve("/a.warc", chunked);
  EXPECT_EQ(drain(*open("/list.txt")), "a\nb\n");
  EXPECT_EQ(drain(*open("/empty.txt")), "");
  EXPECT_EQ(drain(*open("/a.warc")), "WARC/1.0\r\n");
}

TEST_F(FetchTest, NoticesALengthThatIsNotKept) {
  const std::string body = gzip_noise(1000);
  Behaviour lies = object(body);
  lies.content_length = 2000;
  server.serve("/a.gz", {lies, object(body)});
  const std::string error = error_of("/a.gz");  // the second answer knows the object ends at byte 1000
  EXPECT_NE(error.find("ends at byte 1000"), std::string::npos) << error;

  lies.content_length = 2000;
  lies.ranges = false;
  server.serve("/b.gz", lies);
  EXPECT_NE(error_of("/b.gz").find("gave up after 5 tries"), std::string::npos);
}

TEST_F(FetchTest, NoticesAStall) {
  const std::string body = gzip_noise(1000);
  Behaviour stall = object(body);
  stall.cut_at = 500;
  stall.hang = true;
  server.serve("/a.gz", {stall, object(body)});
  options.low_speed_s = 1;
  EXPECT_EQ(drain(*open("/a.gz")), body);
  EXPECT_EQ(server.requests()[1].header("range"), "bytes=500-");
}

TEST_F(FetchTest, ReadsChunkedBodiesAndNoticesTheirCuts) {
  const std::string body = gzip_noise(100000);
  Behaviour whole = object(body);
  whole.chunked = true;
  Behaviour cut = whole;
  cut.cut_at = 45000;
  server.serve("/a.gz", {cut, whole});
  EXPECT_EQ(drain(*open("/a.gz")), body);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(FetchTest, FollowsAFewRedirects) {
  Behaviour redirect;
  redirect.status = 302;
  redirect.headers = {{"Location", "/real.gz"}};
  const std::string body = gzip_noise(1000);
  server.serve("/a.gz", redirect);
  server.serve("/real.gz", object(body));
  EXPECT_EQ(drain(*open("/a.gz")), body);

  redirect.headers = {{"Location", "/loop.gz"}};
  server.serve("/loop.gz", redirect);
  options.redirects_max = 3;
  EXPECT_NE(error_of("/loop.gz").find("redirect"), std::string::npos);
  EXPECT_EQ(server.requests("/loop.gz").size(), 4u);

  redirect.headers = {{"Location", "file:///etc/passwd"}};
  server.serve("/file.gz", redirect);
  EXPECT_NE(error_of("/file.gz"), "");
  EXPECT_EQ(server.requests("/file.gz").size(), 1u);
}

TEST_F(FetchTest, HoldsNoMoreThanItsBufferAndGoesOnAsItIsRead) {
  const std::string body = gzip_noise(3 << 20);
  server.serve("/a.gz", object(body));
  options.buffer_bytes = 64 << 10;
  EXPECT_EQ(drain(*open("/a.gz"), 5001), body);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(FetchTest, CanBeDroppedAtAnyMoment) {
  Behaviour endless = object(gzip_noise(1000));
  endless.content_length = 1 << 30;
  endless.hang = true;
  server.serve("/hang.gz", endless);
  server.serve("/big.gz", object(gzip_noise(8 << 20)));
  options.buffer_bytes = 64 << 10;
  for (const char* path : {"/hang.gz", "/big.gz"}) {
    const auto read_a_little = open(path);
    char some[100];
    EXPECT_GT(read_a_little->read(some, sizeof some), 0u);
    const auto unread = open(path);
  }
}

TEST_F(FetchTest, KeepsToTheLimitOnConnections) {
  Behaviour hang = object(gzip_noise(1000));
  hang.content_length = 5000;
  hang.hang = true;
  server.serve("/hang.gz", hang);
  const std::string body = gzip_noise(1000);
  server.serve("/a.gz", object(body));
  options.session = std::make_shared<FetchSession>(FetchLimits{1, 0}, clock);
  auto first = open("/hang.gz");
  char byte = 0;
  EXPECT_EQ(first->read(&byte, 1), 1u);
  const auto second = open("/a.gz");
  EXPECT_EQ(second->attempts(), 0);
  EXPECT_EQ(server.requests("/a.gz").size(), 0u);
  first.reset();
  EXPECT_EQ(drain(*second), body);
}

TEST_F(FetchTest, KeepsToTheLimitOnBytes) {
  const std::string body = gzip_noise(600000);
  server.serve("/a.gz", object(body));
  const auto real = make_system_fetch_clock();
  options.session = std::make_shared<FetchSession>(FetchLimits{10, 4000000}, real);
  const double before = real->now_s();
  EXPECT_EQ(drain(*open("/a.gz")) + drain(*open("/a.gz")) + drain(*open("/a.gz")) + drain(*open("/a.gz")),
            body + body + body + body + "");
  // Time only ever adds to what the rate allows in it, so this cannot fail on a slow machine: 4 MB at once, 4 MB a
  // second.
  EXPECT_GE(real->now_s() - before, 0.0);
  drain(*open("/a.gz"));
  drain(*open("/a.gz"));
  drain(*open("/a.gz"));
  drain(*open("/a.gz"));
  EXPECT_GE(real->now_s() - before, (8 * 600000 - 4000000 - 600000) / 4000000.0);
}

TEST_F(FetchTest, KeepsToTheLimitOnSize) {
  server.serve("/a.txt", object(std::string(5000, 'x')));
  EXPECT_EQ(fetch_bytes(server.url("/a.txt"), options, log, 5000).size(), 5000u);
  EXPECT_THROW(fetch_bytes(server.url("/a.txt"), options, log, 4999), Error);
  Behaviour chunked = object(std::string(5000, 'x'));
  chunked.chunked = true;
  server.serve("/b.txt", chunked);
  EXPECT_EQ(fetch_bytes(server.url("/b.txt"), options, log, 5000).size(), 5000u);
  EXPECT_THROW(fetch_bytes(server.url("/b.txt"), options, log, 4999), Error);
}

TEST_F(FetchTest, BeginsWhereItIsTold) {
  const std::string body = gzip_noise(10000);
  server.serve("/a.gz", object(body));
  const ResumePoint from{4000, {"\"v1\"", "", body.size()}};
  EXPECT_EQ(drain(*open_http_source(server.url("/a.gz"), options, log, from)), body.substr(4000));
  const ResumePoint all{10000, {"\"v1\"", "", body.size()}};
  EXPECT_EQ(drain(*open_http_source(server.url("/a.gz"), options, log, all)), "");
  const ResumePoint beyond{10001, {"\"v1\"", "", 0}};
  EXPECT_THROW(drain(*open_http_source(server.url("/a.gz"), options, log, beyond)), ObjectChanged);
}

TEST_F(FetchTest, RetriesWhereNobodyListens) {
  std::string url;
  {
    const HttpServer gone;
    url = gone.url("/a.gz");
  }
  EXPECT_THROW(drain(*open_http_source(url, options, log)), Error);
  EXPECT_EQ(clock->waits(), std::vector<double>(kNoHostTriesMax - 1, kNoHostWaitS));
}

TEST_F(FetchTest, RefusesOtherUrls) {
  for (const char* url : {"ftp://example.org/a.gz", "file:///etc/passwd", "nonsense", "http://", "s3://bucket/key"}) {
    EXPECT_THROW(open_http_source(url, options, log), UsageError) << url;
  }
}

TEST(Certificates, AreLookedForWhereLibcurlWasNotBuiltToLook) {
  const testing::TemporaryFolder folder;
  const std::string built_in = folder.path() / "built-in.crt";
  const std::string places[] = {folder.path() / "first.crt", folder.path() / "second.crt"};
  EXPECT_EQ(first_ca_file(built_in, places), "");
  std::ofstream(places[1]) << "x";
  EXPECT_EQ(first_ca_file(built_in, places), places[1]);
  std::ofstream(places[0]) << "x";
  EXPECT_EQ(first_ca_file(built_in, places), places[0]);
  std::ofstream(built_in) << "x";
  EXPECT_EQ(first_ca_file(built_in, places), "");
}

TEST(WrongBody, KnowsTheFirstBytesOfEachName) {
  EXPECT_EQ(wrong_body("http://h/a.warc.gz?x=1", "\x1F\x8B\x08"), "");
  EXPECT_NE(wrong_body("http://h/a.warc.gz", "WARC/1.0"), "");
  EXPECT_EQ(wrong_body("http://h/a.warc", "WARC/1.0"), "");
  EXPECT_NE(wrong_body("http://h/a.warc", "\x1F\x8B\x08"), "");
  EXPECT_EQ(wrong_body("http://h/a.jsonl.zst", "\x28\xB5\x2F\xFD"), "");
  EXPECT_EQ(wrong_body("http://h/a.warc.zst", std::string("\x5D\x2A\x4D\x18\x00", 5)), "");
  EXPECT_NE(wrong_body("http://h/a.zst", "<?xml"), "");
  EXPECT_EQ(wrong_body("http://h/a.arc", "filedesc://x"), "");
  EXPECT_EQ(wrong_body("http://h/page", "<html>"), "");
}

}  // namespace
}  // namespace ftok
