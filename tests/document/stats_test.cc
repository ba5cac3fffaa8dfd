#include "document/stats.h"

#include <gtest/gtest.h>

namespace ftok {
namespace {

TEST(Tally, AccountsForEveryRecord) {
  Tally tally;
  tally.count(Verdict::skip("request"));
  tally.count(Verdict::drop("c4.lorem_ipsum"));
  tally.count(Verdict::keep());
  EXPECT_TRUE(tally.holds());
  EXPECT_EQ(tally.records, 3u);
  EXPECT_EQ(tally.documents, 2u);
  EXPECT_EQ(tally.kept, 1u);
  tally.dropped["c4.lorem_ipsum"] = 2;
  EXPECT_FALSE(tally.holds());
}

TEST(Tally, AddsUpAndReadsBack) {
  Tally a, b;
  a.count(Verdict::skip("request"));
  a.tokens = 5;
  Document licensed, mended;
  licensed.license_source = "footer";
  licensed.replacements = 2;
  mended.mojibake = 3;
  mended.license_source = "footer";
  mended.scores = {{"rights_noai", 1, true}, {"rights_tdm", 0, true}, {"prose_score", 1}};
  a.note(licensed);
  a.note({});
  b.count(Verdict::drop("url.domain"));
  Verdict foreign = Verdict::drop("language.not_wanted", 0.9, 0.65, "de");
  Verdict unknown = Verdict::drop("lid2.low_score", 0.1, 0.65);
  foreign.of_language = unknown.of_language = true;
  b.count(foreign);
  b.count(unknown);
  b.tokens = 7;
  a.languages_kept = {{"en", 1}};
  b.languages_kept = {{"de", 1}, {"en", 2}};
  b.note(mended);
  a.add(b);
  EXPECT_EQ(a.tokens, 12u);
  JsonWriter json;
  json.begin_object();
  a.write_fields(json);
  json.end_object();
  const Result<Tally> again = parse_tally(json.text());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->skipped, a.skipped);
  EXPECT_EQ(again->dropped, a.dropped);
  EXPECT_EQ(again->languages_dropped, (std::map<std::string, uint64_t>{{"?", 1}, {"de", 1}}));
  EXPECT_EQ(again->languages_kept, (std::map<std::string, uint64_t>{{"de", 1}, {"en", 3}}));
  EXPECT_EQ(again->labelled,
            (std::map<std::string, uint64_t>{{"license.footer", 2}, {"mojibake", 1}, {"rights_noai", 1}}));
  EXPECT_EQ(again->replacements, 2u);
  EXPECT_EQ(again->tokens, 12u);
  EXPECT_EQ(parse_tally("[]").damage().code, "not_json");
  EXPECT_EQ(parse_tally("{}").damage().code, "missing_field");
}

TEST(Tally, RoutedDocumentsAreCountedOnInTheirCorpus) {
  Tally tally, corpus;
  for (int i = 0; i < 5; ++i) tally.count(Verdict::keep());
  tally.kept -= 3;
  EXPECT_FALSE(tally.holds());
  tally.routed["de"] = 3;
  EXPECT_TRUE(tally.holds());
  JsonWriter json;
  json.begin_object();
  tally.write_fields(json);
  const Result<Tally> read = parse_tally(json.end_object().take());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->routed, tally.routed);
  for (int i = 0; i < 3; ++i) corpus.count(i == 0 ? Verdict::drop("dedup.exact") : Verdict::keep());
  tally.take_in("de", corpus);
  EXPECT_TRUE(tally.holds());
  EXPECT_EQ(tally.documents, 5U);
  EXPECT_EQ(tally.kept, 4U);
  EXPECT_EQ(tally.dropped["dedup.exact"], 1U);
}

TEST(Tally, MovesAKeptDocumentUnderALaterVerdict) {
  for (const Verdict& verdict : {Verdict::drop("toxicity.high_score", 0.9, 0.5), Verdict::skip("other")}) {
    Tally tally;
    tally.count(Verdict::keep());
    tally.count(Verdict::keep());
    tally.drop_kept(verdict);
    EXPECT_TRUE(tally.holds());
    EXPECT_EQ(tally.records, 2u);
    EXPECT_EQ(tally.kept, 1u);
    EXPECT_EQ(tally.documents + tally.skipped["other"], 2u);
  }
}

TEST(Judge, StopsAtTheFirstRuleWithoutAReport) {
  Judge judge(nullptr);
  EXPECT_FALSE(judge.below("a.low", 50, 50));
  EXPECT_TRUE(judge.below("a.low", 49, 50));
  EXPECT_EQ(judge.verdict().reason, "a.low");
  EXPECT_EQ(judge.verdict().value, 49);
}

TEST(Judge, MeasuresEveryRuleWithAReport) {
  Report report;
  Judge judge(&report);
  EXPECT_FALSE(judge.above("a.high", 3, 2));
  EXPECT_FALSE(judge.at_most("a.share", 0.5, 0.1));
  EXPECT_FALSE(judge.at_least("a.lines", 0.5, 0.5));
  EXPECT_EQ(judge.verdict().reason, "a.high");
  ASSERT_EQ(report.measurements.size(), 3u);
  EXPECT_TRUE(report.measurements[0].drops);
  EXPECT_FALSE(report.measurements[1].drops);
  EXPECT_TRUE(report.measurements[2].drops);
  EXPECT_STREQ(report.measurements[2].relation, ">=");
}

}  // namespace
}  // namespace ftok
