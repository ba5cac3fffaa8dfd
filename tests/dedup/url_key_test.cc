#include "dedup/url_key.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

Document page(const std::string& url, const std::string& canonical = "") {
  Document document;
  document.url = url;
  document.canonical_url = canonical;
  return document;
}

TEST(UrlKey, ExactIsTheRecordsOwnByteForByte) {
  const uint64_t key = url_key(page("https://a.example/x"), false);
  EXPECT_EQ(key, url_key(page("https://a.example/x", "https://b.example/"), false));
  for (const char* other :
       {"http://a.example/x", "https://A.example/x", "https://a.example/x#top", "https://a.example/x/"}) {
    EXPECT_NE(key, url_key(page(other), false)) << other;
  }
}

TEST(UrlKey, CanonicalIsThePagesOwnElseTheRecords) {
  const uint64_t key = url_key(page("https://a.example/x?id=1"), true);
  for (const char* same : {"http://a.example/x?id=1", "https://A.Example/x?id=1", "https://a.example/x?id=1#top"}) {
    EXPECT_EQ(key, url_key(page(same), true)) << same;
    EXPECT_EQ(key, url_key(page("https://b.example/", same), true)) << same;
  }
  for (const char* other :
       {"https://a.example/X?id=1", "https://a.example/x?id=2", "https://a.example/x", "https://b.example/x?id=1"}) {
    EXPECT_NE(key, url_key(page(other), true)) << other;
    EXPECT_NE(key, url_key(page("https://a.example/x?id=1", other), true)) << other;
  }
  EXPECT_EQ(url_key(page("HTTP://A.EXAMPLE"), true), url_key(page("a.example"), true));
}

TEST(UrlKey, ASchemeIsWhatTheAddressBeginsWith) {
  EXPECT_EQ(url_key(page("https://b.example/z"), true), url_key(page("https://a.example/", "//b.example/z"), true));
  EXPECT_NE(url_key(page("https://a.example/l?u=http://x.example/p"), true), url_key(page("x.example/p"), true));
  EXPECT_NE(url_key(page("/l?u=http://x.example/p"), true), url_key(page("x.example/p"), true));
}

TEST(UrlKey, ACanonicalAddressWithoutAHostSaysNothing) {
  for (const char* nowhere : {"/", "/x", "?id=1", "http://", "#top"}) {
    EXPECT_EQ(url_key(page("https://a.example/x", nowhere), true), url_key(page("https://a.example/x"), true))
        << nowhere;
  }
}

TEST(UrlKey, NoneWithoutAUrl) {
  EXPECT_EQ(url_key(page(""), false), 0u);
  EXPECT_EQ(url_key(page(""), true), 0u);
  EXPECT_EQ(url_key(page("#top"), true), 0u);
}

}  // namespace
}  // namespace ftok
