// The URL stage: every rule on both sides, list layouts, hosts and registered domains.
#include "filters/url.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/sha256.h"
#include "filters/url_lists/hashed_set.h"
#include "filters/url_lists/substring_matcher.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using testing::TemporaryFolder;

Verdict judge(const UrlStage& stage, const std::string& url) {
  Document document;
  document.url = url;
  return stage.process(document);
}

std::string reason(const UrlStage& stage, const std::string& url) {
  const Verdict verdict = judge(stage, url);
  return std::string(verdict.kept() ? "keep" : verdict.reason);
}

class UrlRules : public ::testing::Test {
 protected:
  UrlRules() {
    write_file(folder_ / "domains", "# a comment\nbad.com\nevil.example.co.uk\n\n  Spaced.ORG \r\n203.0.113.9\n");
    write_file(folder_ / "urls", "http://good.com/bad-page\nplain.com/x\n");
    options_.lists = {folder_.path().string()};
    options_.hard_words = {"hard", "two-part"};
    options_.soft_words = {"soft", "mild", "weak"};
    options_.substrings = {"for bidden"};
  }
  TemporaryFolder folder_;
  UrlOptions options_;
};

TEST_F(UrlRules, DomainIsRegisteredDomainOrWholeHost) {
  const UrlStage stage(options_);
  EXPECT_EQ(reason(stage, "http://bad.com/"), "url.domain");
  EXPECT_EQ(reason(stage, "https://a.b.bad.com:8080/x?y"), "url.domain");
  EXPECT_EQ(reason(stage, "http://BAD.com"), "url.domain");
  EXPECT_EQ(reason(stage, "http://user:word@bad.com./x"), "url.domain");
  EXPECT_EQ(reason(stage, "http://evil.example.co.uk/"), "url.domain");
  EXPECT_EQ(reason(stage, "http://x.evil.example.co.uk/"), "keep");  // neither registered domain nor whole host
  EXPECT_EQ(reason(stage, "http://example.co.uk/"), "keep");
  EXPECT_EQ(reason(stage, "http://notbad.com/"), "keep");
  EXPECT_EQ(reason(stage, "http://good.com/?u=http://bad.com/"), "keep");
  EXPECT_EQ(reason(stage, "http://spaced.org"), "url.domain");
  EXPECT_EQ(judge(stage, "http://x.bad.com/").detail, "bad.com");
}

TEST_F(UrlRules, AddressesOnlyWhenAskedFor) {
  EXPECT_EQ(reason(UrlStage(options_), "http://203.0.113.9/"), "keep");
  options_.match_addresses = true;
  EXPECT_EQ(reason(UrlStage(options_), "http://203.0.113.9/"), "url.domain");
  EXPECT_EQ(reason(UrlStage(options_), "http://203.0.113.8/"), "keep");
}

TEST_F(UrlRules, UrlMustBeTheSame) {
  const UrlStage stage(options_);
  EXPECT_EQ(reason(stage, "http://good.com/bad-page"), "url.url");
  EXPECT_EQ(reason(stage, "http://good.com/bad-page/"), "keep");
  EXPECT_EQ(reason(stage, "https://good.com/bad-page"), "keep");
  EXPECT_EQ(reason(stage, "http://plain.com/x"), "keep");
  options_.urls_without_scheme = true;
  const UrlStage lenient(options_);
  EXPECT_EQ(reason(lenient, "http://plain.com/x"), "url.url");
  EXPECT_EQ(reason(lenient, "https://www.plain.com/x"), "url.url");
  EXPECT_EQ(reason(lenient, "https://www.plain.com/xy"), "keep");
}

TEST_F(UrlRules, HardWordIsAWholeWordAsItStands) {
  const UrlStage stage(options_);
  EXPECT_EQ(reason(stage, "http://good.com/a-hard-page"), "url.hard_word");
  EXPECT_EQ(reason(stage, "http://hard.good.com/"), "url.hard_word");
  EXPECT_EQ(reason(stage, "http://good.com/harder"), "keep");
  EXPECT_EQ(reason(stage, "http://good.com/HARD"), "keep");  // case-sensitive, as in datatrove
  EXPECT_EQ(reason(stage, "http://good.com/twopart"),
            "url.hard_word");  // list entries lose what is not a letter or digit
  EXPECT_EQ(reason(stage, "http://good.com/two-part"), "keep");
}

TEST_F(UrlRules, SoftWordsCountOnceEach) {
  const UrlStage stage(options_);
  EXPECT_EQ(reason(stage, "http://good.com/soft/mild"), "url.soft_words");
  EXPECT_EQ(reason(stage, "http://good.com/soft"), "keep");
  EXPECT_EQ(reason(stage, "http://good.com/soft/soft"), "keep");
  const Verdict verdict = judge(stage, "http://good.com/soft_mild_weak");
  EXPECT_EQ(verdict.value, 3);
  EXPECT_EQ(verdict.threshold, 2);
  EXPECT_EQ(verdict.detail, "soft mild weak");
  options_.soft_words_min = 3;
  EXPECT_EQ(reason(UrlStage(options_), "http://good.com/soft/mild"), "keep");
}

TEST_F(UrlRules, SubstringGoesAcrossWhatPartsIt) {
  const UrlStage stage(options_);
  EXPECT_EQ(reason(stage, "http://good.com/xforbiddenx"), "url.substring");
  EXPECT_EQ(reason(stage, "http://xfor.bid-den.com/"), "url.substring");
  EXPECT_EQ(reason(stage, "http://good.com/FORbidden"), "url.substring");
  EXPECT_EQ(reason(stage, "http://good.com/for-bid-de"), "keep");
}

TEST_F(UrlRules, AReportHoldsEveryRuleAndTheFirstDecides) {
  const UrlStage stage(options_);
  Document document;
  document.url = "http://bad.com/hard/soft/mild/forbidden";
  Report report;
  EXPECT_EQ(stage.process(document, &report).reason, "url.domain");
  ASSERT_EQ(report.measurements.size(), 5U);
  for (const Measurement& m : report.measurements) EXPECT_EQ(m.drops, !(m.rule == "url.url")) << m.rule;
}

TEST_F(UrlRules, NoUrlIsKept) { EXPECT_EQ(reason(UrlStage(options_), ""), "keep"); }

TEST(UrlLists, MissingListsAreReportedAndFoldersOfCategoriesRead) {
  TemporaryFolder folder;
  make_folder(folder / "ut1/adult");
  make_folder(folder / "ut1/warez");
  write_file(folder / "ut1/adult/domains", "a.com\nb.com\na.com\n");
  write_file(folder / "ut1/warez/urls", "http://c.com/\n");
  UrlOptions options;
  options.lists = {folder / "ut1", folder / "nowhere"};
  options.hard_word_lists = {folder / "no-words.txt"};
  const UrlLists lists(options);
  ASSERT_EQ(lists.reports().size(), 4U);
  EXPECT_EQ(lists.reports()[0].path, folder / "ut1/adult/domains");
  EXPECT_EQ(lists.reports()[0].entries, 3U);
  EXPECT_EQ(lists.domains().size(), 2U);
  EXPECT_EQ(lists.reports()[0].sha256, Sha256::of("a.com\nb.com\na.com\n"));
  EXPECT_FALSE(lists.reports()[1].missing);
  EXPECT_TRUE(lists.reports()[2].missing);
  EXPECT_EQ(name_of(lists.reports()[2].role), "folder");
  EXPECT_TRUE(lists.reports()[3].missing);
  EXPECT_EQ(lists.list_with(UrlListReport::Role::kDomains, "b.com"), folder / "ut1/adult/domains");
}

TEST(HostOfUrl, TakesApartWhatIsThere) {
  EXPECT_EQ(host_of_url("https://User@Example.COM:80/p?q#f"), "example.com");
  EXPECT_EQ(host_of_url("example.com/p"), "example.com");
  EXPECT_EQ(host_of_url("//example.com"), "example.com");
  EXPECT_EQ(host_of_url("http://[2001:DB8::1]:80/"), "[2001:db8::1]");
  EXPECT_EQ(host_of_url("http://example\xE3\x80\x82"
                        "com./"),
            "example.com");
  EXPECT_EQ(host_of_url("http://"), "");
  EXPECT_EQ(host_of_url(""), "");
}

TEST(PublicSuffixes, RegisteredDomainByTheIcannList) {
  const PublicSuffixes suffixes;
  const auto domain = [&](const std::string& host) { return std::string(suffixes.registered_domain(host)); };
  EXPECT_EQ(domain("forums.bbc.co.uk"), "bbc.co.uk");
  EXPECT_EQ(domain("bbc.co.uk"), "bbc.co.uk");
  EXPECT_EQ(domain("co.uk"), "");
  EXPECT_EQ(domain("a.b.github.io"), "github.io");  // private suffixes do not count
  EXPECT_EQ(domain("localhost"), "");
  EXPECT_EQ(domain("127.0.0.1"), "");
  EXPECT_EQ(domain("x.unknown-tld"), "");
  EXPECT_EQ(domain("a..com"), "");
  EXPECT_EQ(domain(std::string(2000, 'a') + ".com"), "");
  EXPECT_EQ(suffixes.digest().substr(0, 5), "sha1:");
}

TEST(PublicSuffixes, AFileWithoutSuffixesIsAnError) {
  TemporaryFolder folder;
  write_file(folder / "empty.dat", "// nothing\n");
  EXPECT_THROW(PublicSuffixes(folder / "empty.dat"), Error);
}

TEST(HashedSet, HoldsWhatWasAddedAndNothingElse) {
  HashedSet set;
  EXPECT_FALSE(set.contains(""));
  for (int i = 0; i < 20000; ++i) set.add("entry" + std::to_string(i % 15000));
  set.seal();
  EXPECT_EQ(set.size(), 15000U);
  for (int i = 0; i < 15000; ++i) ASSERT_TRUE(set.contains("entry" + std::to_string(i)));
  for (int i = 15000; i < 30000; ++i) ASSERT_FALSE(set.contains("entry" + std::to_string(i)));
}

// Every pattern and text over a small alphabet against a plain search.
TEST(SubstringMatcher, AgreesWithPlainSearch) {
  const std::vector<std::string> patterns = {"ab", "ba", "aab", "bbb", "abab", "caac"};
  const SubstringMatcher matcher(patterns);
  for (int n = 0; n < 3 * 3 * 3 * 3 * 3 * 3 * 3; ++n) {
    std::string text;
    for (int i = n; i > 0; i /= 3) text.push_back(static_cast<char>('a' + i % 3));
    size_t first_end = std::string::npos;
    for (const std::string& pattern : patterns) {
      const size_t at = text.find(pattern);
      if (at != std::string::npos) first_end = std::min(first_end, at + pattern.size());
    }
    const std::string_view found = matcher.find_in(text);
    ASSERT_EQ(found.empty(), first_end == std::string::npos) << text;
    if (found.empty()) continue;
    ASSERT_EQ(text.substr(0, first_end).substr(first_end - found.size()), found) << text;
  }
}

TEST(PublicSuffixList, MayBeginWithAByteOrderMark) {
  const testing::TemporaryFolder folder;
  for (const char* mark : {"", "\uFEFF"}) {
    write_file(folder / "list", mark + std::string("// ===BEGIN ICANN DOMAINS===\nown.example\n"));
    const PublicSuffixes suffixes(folder / "list");
    EXPECT_EQ(suffixes.registered_domain("a.b.own.example"), "b.own.example") << mark;
  }
  write_file(folder / "list", "\uFEFF");
  EXPECT_THROW(PublicSuffixes(folder / "list"), Error);
}

TEST(Url, HostsThatOptOut) {
  const testing::TemporaryFolder folder;
  write_file(folder / "CCBot.txt", "# Hosts that keep CCBot away\na.example\nwww.b.example\n");
  UrlOptions options;
  options.optout_lists = {folder / "CCBot.txt"};
  const auto judged = [&](const std::string& url) {
    Document document;
    document.url = url;
    const Verdict verdict = UrlStage(options).process(document);
    EXPECT_EQ(document.scores.size(), 1u);
    return std::string(verdict.kept() ? "keep" : verdict.reason) + (document.scores.at(0).value == 1 ? " listed" : "");
  };
  EXPECT_EQ(judged("https://A.example/page"), "keep listed");
  EXPECT_EQ(judged("https://www.a.example/page"), "keep");  // a host of its own, with a robots.txt of its own
  options.optout_drop = true;
  EXPECT_EQ(judged("https://www.b.example/"), "url.optout listed");
  EXPECT_EQ(judged("https://b.example/"), "keep");
  options.optout_lists = {};
  EXPECT_THROW(UrlStage{options}, UsageError);  // nothing to drop by
  options.optout_drop = false;
  Document document;
  document.url = "https://a.example/";
  EXPECT_TRUE(UrlStage(options).process(document).kept());
  EXPECT_TRUE(document.scores.empty());
}

TEST(Url, ListsInUtf16AreReadAndWhatIsNoListIsRefused) {
  const TemporaryFolder folder;
  std::string utf16 = "\xFF\xFE";
  for (const char c : std::string("bad.com\r\n")) utf16 += {c, '\0'};
  write_file(folder / "list", utf16);
  UrlOptions options;
  options.domain_lists = {folder / "list"};
  const UrlStage stage(options);
  EXPECT_EQ(reason(stage, "http://bad.com/"), "url.domain");
  EXPECT_EQ(stage.list_of(judge(stage, "http://bad.com/")), folder / "list");
  write_file(folder / "list", "\x1F\x8B\x08 bad.com");
  for (std::vector<std::string>* list : {&options.domain_lists, &options.url_lists, &options.hard_word_lists,
                                         &options.soft_word_lists, &options.substring_lists, &options.optout_lists}) {
    UrlOptions one;
    options.domain_lists.clear();
    *list = {folder / "list"};
    one = options;
    list->clear();
    try {
      const UrlStage refused(one);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()),
                (folder / "list") + " is compressed with gzip, and is read as plain text alone: unpack it first");
    }
  }
}

TEST(Url, AListOfHostsThatOptOutHasToBeThereToDropBy) {
  const testing::TemporaryFolder folder;
  UrlOptions options;
  options.optout_lists = {folder / "GPTBot.txt"};
  Provenance provenance;
  UrlStage(options).describe(provenance);  // labels alone: said, and the run goes on
  ASSERT_EQ(provenance.notes.size(), 1u);
  EXPECT_NE(provenance.notes[0].find("ftok optout build"), std::string::npos) << provenance.notes[0];
  EXPECT_EQ(provenance.notes[0].find("ut1"), std::string::npos) << provenance.notes[0];
  options.optout_drop = true;
  try {
    const UrlStage stage(options);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("GPTBot.txt does not exist"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("ftok optout build"), std::string::npos) << error.what();
  }
  write_file(folder / "GPTBot.txt", "a.example\n");
  EXPECT_NO_THROW(UrlStage{options});
}

TEST(Url, OnlyAFolderInUt1sLayoutIsToldOfUt1) {
  UrlOptions options;
  options.lists = {"no-such-folder"};
  options.domain_lists = {"no-such-list"};
  Provenance provenance;
  UrlStage(options).describe(provenance);
  ASSERT_EQ(provenance.notes.size(), 2u);
  for (const std::string& note : provenance.notes)
    EXPECT_EQ(note.find("ut1") != std::string::npos, note.find("no-such-folder") != std::string::npos) << note;
}

}  // namespace
}  // namespace ftok
