#include "crawl/commoncrawl.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "tests/crawl/counting_clock.h"
#include "tests/support/gzip_text.h"
#include "tests/support/http_server.h"

namespace ftok {
namespace {

using testing::Behaviour;
using testing::gzip_member;
using testing::HttpServer;

std::vector<std::string> many_paths(int count) {
  std::vector<std::string> paths;
  for (int i = 0; i < count; ++i)
    paths.push_back("crawl-data/CC-MAIN-2024-22/segments/1/warc/" + std::to_string(i) + ".warc.gz");
  return paths;
}

class CommonCrawlTest : public ::testing::Test {
 protected:
  CommonCrawlTest() {
    options.session = std::make_shared<FetchSession>(FetchLimits{}, std::make_shared<testing::CountingClock>());
    options.attempts_max = 2;
    site.index_url = site.data_url = server.base_url();
  }
  void serve(const std::string& path, std::string body) {
    Behaviour how;
    how.body = std::move(body);
    server.serve(path, how);
  }

  HttpServer server;
  CrawlSite site;
  FetchOptions options;
};

TEST_F(CommonCrawlTest, ListsCrawlsInTheirOrder) {
  serve(
      "/collinfo.json",
      R"([{"id":"CC-MAIN-2024-22","name":"May 2024 Index","cdx-api":"https://x/","from":"2024-05-18T00:00:00","to":"2024-05-31T00:00:00"},
            {"id":"CC-MAIN-2008-2009","name":"Index of 2008"},{"id":"../evil","name":"x"}])");
  const auto crawls = list_crawls(site, options, {});
  ASSERT_EQ(crawls.size(), 2u);
  EXPECT_EQ(crawls[0].id, "CC-MAIN-2024-22");
  EXPECT_EQ(crawls[0].from, "2024-05-18T00:00:00");
  EXPECT_EQ(crawls[1].name, "Index of 2008");
  EXPECT_EQ(crawls[1].from, "");
}

TEST_F(CommonCrawlTest, SaysWhatIsWrongWithAList) {
  EXPECT_EQ(parse_crawls("<html>").damage().code, "collinfo.not_json");
  EXPECT_EQ(parse_crawls("{}").damage().code, "collinfo.not_json");
  EXPECT_EQ(parse_crawls("[]").damage().code, "collinfo.no_crawls");
  serve("/collinfo.json", "<html>");
  EXPECT_THROW(list_crawls(site, options, {}), Error);
}

TEST_F(CommonCrawlTest, ListsPathsSortedAndOnce) {
  serve("/crawl-data/CC-MAIN-2024-22/warc.paths.gz",
        gzip_member("crawl-data/b.warc.gz\ncrawl-data/a.warc.gz\n") + gzip_member("\ncrawl-data/b.warc.gz\r\n"));
  EXPECT_EQ(list_paths(site, "CC-MAIN-2024-22", "warc", options, {}),
            (std::vector<std::string>{"crawl-data/a.warc.gz", "crawl-data/b.warc.gz"}));
}

TEST_F(CommonCrawlTest, RefusesAListThatIsCutOrLeadsOutside) {
  const std::string whole = gzip_member("crawl-data/a.warc.gz\n");
  serve("/crawl-data/CC-1/warc.paths.gz", whole.substr(0, whole.size() - 9));
  EXPECT_THROW(list_paths(site, "CC-1", "warc", options, {}), Error);
  serve("/crawl-data/CC-2/warc.paths.gz", gzip_member("crawl-data/../../etc/passwd\n"));
  EXPECT_THROW(list_paths(site, "CC-2", "warc", options, {}), Error);
  serve("/crawl-data/CC-3/warc.paths.gz", gzip_member("\n"));
  EXPECT_THROW(list_paths(site, "CC-3", "warc", options, {}), Error);
  EXPECT_THROW(list_paths(site, "../CC", "warc", options, {}), UsageError);
  EXPECT_THROW(list_paths(site, "CC-4", "warc", options, {}), Error);  // 404
}

TEST(SamplePaths, IsTheSameForOneSeedWhateverTheOrder) {
  std::vector<std::string> paths = many_paths(1000);
  const auto chosen = sample_paths(paths, 20, 5);
  ASSERT_EQ(chosen.size(), 20u);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  std::reverse(paths.begin(), paths.end());
  EXPECT_EQ(sample_paths(paths, 20, 5), chosen);
  EXPECT_NE(sample_paths(paths, 20, 6), chosen);
}

TEST(SamplePaths, GrowsBySupersets) {
  const auto few = sample_paths(many_paths(1000), 20, 5);
  const auto more = sample_paths(many_paths(1000), 200, 5);
  EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  EXPECT_EQ(sample_paths(many_paths(10), 10, 5).size(), 10u);
  EXPECT_EQ(sample_paths(many_paths(10), 11, 5).size(), 10u);
  EXPECT_EQ(sample_paths(many_paths(10), 0, 5).size(), 0u);
}

TEST(SamplePaths, ChoosesEvenly) {
  std::vector<int> chosen(10, 0);
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    for (const std::string& path : sample_paths(many_paths(10), 3, seed)) ++chosen[path[path.size() - 9] - '0'];
  }
  for (const int count : chosen) EXPECT_NEAR(count, 600, 5 * 20.5);  // binomial: sigma = sqrt(2000 * .3 * .7)
}

TEST(InputList, LeavesOutBlankLinesAndComments) {
  EXPECT_EQ(parse_input_list("a\n\n  b \r\n# c\nd"), (std::vector<std::string>{"a", "b", "d"}));
  EXPECT_TRUE(parse_input_list("").empty());
}

TEST(InputUrls, LieBelowTheDataUrl) {
  const CrawlSite site;
  EXPECT_EQ(url_of_input(site, "crawl-data/a.gz"), "https://data.commoncrawl.org/crawl-data/a.gz");
  EXPECT_EQ(url_of_input(site, "/crawl-data/a.gz"), "https://data.commoncrawl.org/crawl-data/a.gz");
  EXPECT_EQ(url_of_input(site, "s3://commoncrawl/crawl-data/a.gz"), "https://data.commoncrawl.org/crawl-data/a.gz");
  EXPECT_EQ(url_of_input(site, "http://h/a.gz"), "http://h/a.gz");
  EXPECT_THROW(url_of_input(site, "s3://other/a.gz"), UsageError);
  EXPECT_THROW(url_of_input(site, "file:///etc/passwd"), UsageError);
}

TEST(LocalNames, StayInsideTheFolder) {
  EXPECT_EQ(local_name("https://h:1/crawl-data/x/a.warc.gz?y#z", false), "crawl-data/x/a.warc.gz");
  EXPECT_EQ(local_name("https://h:1/crawl-data/x/a.warc.gz", true), "a.warc.gz");
  EXPECT_EQ(local_name("a.gz", true), "a.gz");
  for (const char* bad : {"https://h/", "https://h", "https://h/a/../b", "https://h//a", "https://h/a/", "../a", "/a",
                          "https://h/a b", "https://h/-rf", "https://h/a\\b", "https://h/a\x01"}) {
    EXPECT_THROW(local_name(bad, false), UsageError) << bad;
  }
}

}  // namespace
}  // namespace ftok
