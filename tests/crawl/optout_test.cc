// Lists of hosts that opt out of a crawler, out of robots.txt files.
#include "crawl/optout.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "crawl/rights_stage.h"
#include "crawl/robots.h"
#include "tests/crawl/archive_builder.h"

namespace ftok {
namespace {

// "all", "named" where a group of its own says so, "" where the crawler may come.
std::string verdict(std::string_view text, std::string_view agent = "CCBot") {
  const RobotsVerdict said = robots_verdict(text, agent);
  return said.disallows_all ? (said.by_name ? "named" : "all") : "";
}

TEST(Robots, GroupsThatNameTheCrawlerCountAlone) {
  EXPECT_EQ(verdict("User-agent: *\nDisallow: /\n"), "all");
  EXPECT_EQ(verdict("User-agent: CCBot\nDisallow: /\n"), "named");
  EXPECT_EQ(verdict("User-agent: GPTBot\nDisallow: /\n"), "");
  EXPECT_EQ(verdict("User-agent: *\nDisallow: /\n\nUser-agent: CCBot\nDisallow: /private\n"), "");
  EXPECT_EQ(verdict("User-agent: CCBot\nDisallow:\n\nUser-agent: *\nDisallow: /\n"), "");
  EXPECT_EQ(verdict("User-agent: CCBot\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: ccbot\nDisallow: /"),
            "named");  // groups of one name count together
  EXPECT_EQ(verdict("User-agent: x\nUser-agent: CCBot\nUser-agent: y\nDisallow: /"), "named");
  EXPECT_EQ(verdict("User-agent: CCBot/2.0 (crawler)\nDisallow: /"), "named");
  EXPECT_EQ(verdict("User-agent: CCBotX\nDisallow: /"), "");
}

TEST(Robots, TheWholeSiteOrNot) {
  EXPECT_EQ(verdict("User-agent: *\nDisallow: /*"), "all");
  EXPECT_EQ(verdict("User-agent: *\nDisallow: /index"), "");
  EXPECT_EQ(verdict("User-agent: *\nDisallow: /\nAllow: /public/"), "");
  EXPECT_EQ(verdict("User-agent: *\nDisallow: /\nAllow: /"), "");
  EXPECT_EQ(verdict("Disallow: /"), "");  // of no group
  EXPECT_EQ(verdict(""), "");
}

TEST(Robots, LinesAsTheyAreWritten) {
  EXPECT_EQ(verdict("\xEF\xBB\xBFuser-AGENT : ccbot # the crawler\r\n\r\n# all of it\r\nDISALLOW:/\r\n"), "named");
  EXPECT_EQ(verdict("User-agent: CCBot\nCrawl-delay: 10\nSitemap: x\nDisallow: /"), "named");
  EXPECT_EQ(verdict("User-agent: CCBot\nDisallow / \n<html>"), "");
  EXPECT_FALSE(robots_verdict("User-agent: *\nDisallow: /", "CCBot", 20).disallows_all);  // beyond what is read
}

Document robots_file(const std::string& url, const std::string& body,
                     const std::string& date = "2024-05-01T00:00:00Z") {
  Document document;
  document.url = url;
  document.date = date;
  document.payload = testing::http_response("", body);
  return document;
}

TEST(OptOut, ListsHosts) {
  OptOut optout({"CCBot", "GPTBot"});
  optout.add(robots_file("https://B.example:8080/robots.txt", "User-agent: CCBot\nDisallow: /"));
  optout.add(robots_file("http://a.example/robots.txt", "User-agent: *\nDisallow: /"));
  optout.add(robots_file("http://c.example/robots.txt", "User-agent: *\nAllow: /"));
  EXPECT_EQ(optout.list(0),
            "# Hosts that keep CCBot from all of their pages, by robots.txt (ftok optout build).\n"
            "# newest robots.txt: 2024-05-01T00:00:00Z\n# hosts: 2 of 3; by its name: 1\na.example\nb.example\n");
  EXPECT_EQ(optout.listed(1), 1u);
  EXPECT_EQ(optout.counts().files, 3u);
}

TEST(OptOut, TheNewestFileOfAHostCounts) {
  const std::string open = "User-agent: *\nDisallow:", closed = "User-agent: *\nDisallow: /";
  for (const bool newest_first : {true, false}) {
    OptOut optout({"CCBot"});
    const Document older = robots_file("http://a.example/robots.txt", closed, "2023-01-01T00:00:00Z");
    const Document newer = robots_file("http://a.example/robots.txt", open, "2024-01-01T00:00:00Z");
    optout.add(newest_first ? newer : older);
    optout.add(newest_first ? older : newer);
    EXPECT_EQ(optout.listed(0), 0u);
    EXPECT_EQ(optout.hosts(), 1u);
  }
}

TEST(OptOut, WhatIsNoRobotsFileIsCounted) {
  OptOut optout({"CCBot"});
  Document document = robots_file("http://a.example/robots.txt", "User-agent: *\nDisallow: /");
  document.payload.replace(document.payload.find("200"), 3, "404");
  optout.add(document);
  EXPECT_EQ(optout.counts().unanswered, 1u);
  optout.add(robots_file("http://a.example/index.html", "User-agent: *\nDisallow: /"));
  optout.add(Document());
  EXPECT_EQ(optout.counts().others, 2u);
  EXPECT_EQ(optout.hosts(), 0u);
}

TEST(OptOut, CodedBodies) {
  OptOut optout({"CCBot"});
  Document document;
  document.url = "http://a.example/robots.txt";
  document.payload =
      testing::http_response("Content-Encoding: gzip\r\n", testing::gzip("User-agent: CCBot\nDisallow: /"));
  optout.add(document);
  EXPECT_EQ(optout.listed(0), 1u);
}

TEST(OptOut, NamesAreTokens) {
  EXPECT_THROW(OptOut({}), UsageError);
  EXPECT_THROW(OptOut({"CC Bot"}), UsageError);
  EXPECT_THROW(OptOut({"../x"}), UsageError);
  EXPECT_THROW(OptOut(std::vector<std::string>(65, "a")), UsageError);
}

std::string rights(std::string_view html) {
  const Rights said = rights_of_page(html);
  return std::string(said.noai ? "noai " : "") + (said.tdm_reserved ? "tdm" : "");
}

TEST(Rights, OfAPage) {
  EXPECT_EQ(rights("<html><head><meta name=\"robots\" content=\"index, NoAI, noimageai\">"), "noai ");
  EXPECT_EQ(rights("<META content='noai' NAME = robots >"), "noai ");
  EXPECT_EQ(rights("<meta name=robots content=noai/>"), "noai ");
  EXPECT_EQ(rights("<meta name=\"robots\" content=\"noaim, noindex\">"), "");
  EXPECT_EQ(rights("<meta name=\"description\" content=\"noai\">"), "");
  EXPECT_EQ(rights("<!-- <meta name=\"robots\" content=\"noai\"> -->"), "");
  EXPECT_EQ(rights("<metadata name=\"robots\" content=\"noai\">"), "");
  EXPECT_EQ(rights("<meta name=\"tdm-reservation\" content=\"1\">"), "tdm");
  EXPECT_EQ(rights("<meta name=\"tdm-reservation\" content=\"0\">"), "");
  EXPECT_EQ(rights("<meta name=\"x\" content=\"a > b\"><meta name=\"robots\" content=\"noai\">"), "noai ");
  EXPECT_EQ(rights("<meta name=\"robots\" content=\"noai"), "noai ");
  EXPECT_EQ(rights("<meta = = name"), "");
  EXPECT_EQ(rights("<meta"), "");
}

// The outcome, and the two labels.
std::string judged(const std::string& fields, const std::string& body, const RightsOptions& options = {}) {
  Document document;
  document.payload = testing::http_response(fields, body);
  const Verdict verdict = RightsStage(options).process(document);
  std::string said(verdict.kept() ? "keep" : verdict.reason);
  for (const NamedScore& score : document.scores) said += score.value == 1 ? " 1" : " 0";
  return said;
}

TEST(Rights, LabelsAndDropsOnlyWhereAsked) {
  const std::string page = "<meta name=\"robots\" content=\"noai\">";
  EXPECT_EQ(judged("", "<p>"), "keep 0 0");
  EXPECT_EQ(judged("", page), "keep 1 0");
  EXPECT_EQ(judged("Content-Encoding: gzip\r\n", testing::gzip(page)), "keep 1 0");
  EXPECT_EQ(judged("X-Robots-Tag: otherbot: noindex, noai\r\n", "<p>"), "keep 1 0");
  EXPECT_EQ(judged("TDM-Reservation: 1\r\n", "<p>"), "keep 0 1");
  RightsOptions drop;
  drop.noai_drop = drop.tdm_drop = true;
  EXPECT_EQ(judged("", page, drop), "rights.noai 1 0");
  EXPECT_EQ(judged("tdm-reservation: 1\r\n", "<p>", drop), "rights.tdm 0 1");
  EXPECT_EQ(judged("tdm-reservation: 0\r\n", "<p>", drop), "keep 0 0");
  Document text;
  EXPECT_TRUE(RightsStage(drop).process(text).kept());
  EXPECT_TRUE(text.scores.empty());
}

}  // namespace
}  // namespace ftok
