#include "dedup/keeper.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace ftok {
namespace {

KeeperOptions options_of(const std::string& keep) {
  KeeperOptions options;
  options.keep = keep;
  if (keep == "highest-score") options.score = "quality";
  if (keep == "source-order") options.sources = {"wiki", "CC-MAIN-2024"};
  options.check();
  return options;
}

TEST(Keeper, TheLongestText) {
  const KeeperOptions options = options_of("longest");
  Document one, other;
  one.text = "1234";
  other.text = "123";
  EXPECT_LT(rank_of(one, options), rank_of(other, options));
  other.text = "abcd";
  EXPECT_EQ(rank_of(one, options), rank_of(other, options));
}

TEST(Keeper, TheNewestDate) {
  const KeeperOptions options = options_of("newest");
  // Each is newer than the one before it.
  uint64_t before = UINT64_MAX;
  for (const char* date : {"unknown", "2023", "2024-05-01", "2024-05-01T00:00:01Z", "2024-05-01T00:01:00.999999Z",
                           "2024-05-02", "2024-06-01T00:00:00Z", "2025-01-01T00:00:00Z"}) {
    Document document;
    document.date = date;
    const uint64_t rank = rank_of(document, options);
    if (std::string(date) == "unknown") {
      EXPECT_EQ(rank, before);
    } else {
      EXPECT_LT(rank, before) << date;
    }
    before = rank;
  }
  Document day, midnight;
  day.date = "2024-05-01";
  midnight.date = "2024-05-01T00:00:00.25Z";  // parts of a second do not count
  EXPECT_EQ(rank_of(day, options), rank_of(midnight, options));
}

TEST(Keeper, TheHighestScore) {
  const KeeperOptions options = options_of("highest-score");
  Document low, high, none;
  low.scores = {{"other_score", 1}, {"quality_score", 0.25}};
  high.scores = {{"quality_score", 0.250001}};
  none.scores = {{"other_score", 1}};
  EXPECT_LT(rank_of(high, options), rank_of(low, options));
  EXPECT_LT(rank_of(low, options), rank_of(none, options));
  low.scores = {{"quality_score", -0.0}};
  high.scores = {{"quality_score", 0.0}};
  EXPECT_EQ(rank_of(high, options), rank_of(low, options));
  low.scores = {{"quality_score", -1.0}};
  EXPECT_LT(rank_of(high, options), rank_of(low, options));
}

TEST(Keeper, TheSourceThatIsNamedFirst) {
  const KeeperOptions options = options_of("source-order");
  const auto rank = [&](const char* path) {
    Document document;
    document.file_path = path;
    return rank_of(document, options);
  };
  EXPECT_LT(rank("crawl/CC-MAIN-2024-10/wiki.warc.gz"), rank("crawl/CC-MAIN-2024-10/a.warc.gz"));
  EXPECT_LT(rank("crawl/CC-MAIN-2024-10/a.warc.gz"), rank("crawl/CC-MAIN-2023-10/a.warc.gz"));
  EXPECT_EQ(rank("crawl/CC-MAIN-2024-10/a.warc.gz"), rank("crawl/CC-MAIN-2024-18/b.warc.gz"));
}

TEST(Keeper, RefusesWhatIsMissingOrHasNoUse) {
  for (const char* keep : {"first", "longest", "newest", "highest-score", "source-order"}) {
    EXPECT_NO_THROW(options_of(keep));
    KeeperOptions options = options_of(keep);
    options.score = options.score.empty() ? "quality" : "";
    EXPECT_THROW(options.check(), UsageError) << keep;
    options = options_of(keep);
    options.sources = options.sources.empty() ? std::vector<std::string>{"a"} : std::vector<std::string>{};
    EXPECT_THROW(options.check(), UsageError) << keep;
  }
}

}  // namespace
}  // namespace ftok
