#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/cli/run_ftok.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok::testing {
namespace {

TEST(DedupRecall, PrintsATable) {
  TemporaryFolder folder;
  write_file(folder / "docs.jsonl",
             "{\"text\":\"one two three four five six\"}\n{\"text\":\"one two three four five six\"}\n"
             "{\"text\":\"quite another text than those above\"}\n");
  write_file(folder / "pairs.tsv", "a\tb\tj\n0\t1\t1\n0\t2\t0.25\n");
  const Ran ran = run_ftok("dedup recall --seeds 3 " + folder / "pairs.tsv" + " " + folder / "docs.jsonl");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_TRUE(
      ran.out.starts_with("Jaccard    pairs  mean J  theory  recall over 3 seeds      seed 1\n"
                          "                                mean   diff     sd   recall  off by\n"
                          "0.00-0.10       1   0.000   0.0000  0.0000 +0.0000 0.0000   0.0000  0 sd\n"
                          "0.90-1.00       1   1.000   1.0000  1.0000 +0.0000 0.0000   1.0000  0 sd\n"))
      << ran.out;
  EXPECT_NE(ran.out.find("by 0.1250 on average, 0.2500 at most"), std::string::npos) << ran.out;
}

TEST(DedupRecall, NamesWhatIsWrong) {
  TemporaryFolder folder;
  write_file(folder / "docs.jsonl", "{\"text\":\"one\"}\n");
  write_file(folder / "pairs.tsv", "a\tb\tj\n0\t1\t1\n");
  const Ran missing = run_ftok("dedup recall " + folder / "pairs.tsv" + " " + folder / "docs.jsonl");
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.out.find("pairs.tsv names document 1; "), std::string::npos) << missing.out;
  write_file(folder / "pairs.tsv", "a\tb\tj\nx\n");
  EXPECT_NE(
      run_ftok("dedup recall " + folder / "pairs.tsv" + " " + folder / "docs.jsonl").out.find("pairs.tsv: line 2: "),
      std::string::npos);
  EXPECT_EQ(run_ftok("dedup recall --hash md5 a b").exit_code, 2);
}

// The test folder's keys are 3 n and 5 n of document n: 0, 1, 2, 3 and 10, 11, 12, 13.
TEST(DedupClusters, ReadsAnOutputFolder) {
  TemporaryFolder folder;
  make_output_folder(folder.path().string());
  const Ran ran = run_ftok("dedup clusters --buckets 1 " + folder.path().string());
  EXPECT_EQ(ran.out, "8 documents, 8 clusters\nclusters by size: 1:8\nbuckets by size: 1:7\n");
  const Ran list = run_ftok("dedup clusters --list --buckets 1 " + folder / "parts/000001.keys");
  EXPECT_TRUE(list.out.starts_with("urn:uuid:10\turn:uuid:10\n")) << list.out;
  EXPECT_EQ(run_ftok("dedup clusters " + folder.path().string()).exit_code, 1);
}

}  // namespace
}  // namespace ftok::testing
