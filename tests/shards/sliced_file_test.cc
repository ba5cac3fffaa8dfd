#include "shards/sliced_file.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "shards/job_manifest.h"
#include "shards/packed_part.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

const std::string kAbout = "0123456789abcdef0123456789abcdef";

SlicedFileEntry write_slices(const std::string& path, const std::vector<std::string>& slices) {
  SlicedFileWriter file(path, kEdgesMagic, slices.size(), kAbout);
  for (const std::string& slice : slices) {
    file.write(slice.substr(0, slice.size() / 2));
    file.write(slice.substr(slice.size() / 2));
    file.end_slice();
  }
  return file.commit("work/x.edges", 7);
}

TEST(SlicedFile, RoundTrips) {
  testing::TemporaryFolder folder;
  const std::vector<std::string> slices = {"first slice", "", std::string(100'000, 'x'), "last"};
  const SlicedFileEntry entry = write_slices(folder / "x", slices);
  EXPECT_EQ(entry.file.checksum, checksum_of_file(folder / "x"));
  const SlicedFile file(folder / "x", kEdgesMagic, 4, entry);
  for (size_t i = 0; i < slices.size(); ++i) EXPECT_EQ(file.slice(i), slices[i]);
  EXPECT_EQ(file.about(), kAbout);
  EXPECT_EQ(file.rows(), 7u);
  EXPECT_THROW(SlicedFile(folder / "x", kEdgesMagic, 3, entry), Error);
  EXPECT_THROW(SlicedFile(folder / "x", kRepeatsMagic, 4, entry), Error);
}

// A reader of one slice finds every damage to it, and to what says where it lies; of other slices it reads nothing.
TEST(SlicedFile, FindsEveryFlippedByteItReads) {
  testing::TemporaryFolder folder;
  const SlicedFileEntry entry = write_slices(folder / "x", {"one", "two", "three"});
  const std::string whole = read_file(folder / "x");
  const size_t two_begins = 16 + 3, two_ends = two_begins + 3, three_ends = two_ends + 5;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    write_file(folder / "x", flipped);
    const bool in_other_slice = (at >= 16 && at < two_begins) || (at >= two_ends && at < three_ends);
    const auto read = [&] { return std::string(SlicedFile(folder / "x", kEdgesMagic, 3, entry).slice(1)); };
    if (in_other_slice) {
      EXPECT_EQ(read(), "two");
    } else {
      EXPECT_THROW(read(), Error) << at;
    }
  }
  for (size_t size = 0; size < whole.size(); ++size) {
    write_file(folder / "x", whole.substr(0, size));
    EXPECT_THROW(SlicedFile(folder / "x", kEdgesMagic, 3, entry), Error) << size;
  }
}

// What came without its file is held against the receipt.
TEST(SlicedFile, TablesAndSlicesThatComeByThemselves) {
  testing::TemporaryFolder folder;
  const SlicedFileEntry entry = write_slices(folder / "x", {"one", "", "three"});
  const std::string table(SlicedFile(folder / "x", kEdgesMagic, 3, entry).table());
  EXPECT_TRUE(is_table_of(entry, kEdgesMagic, 3, table));
  EXPECT_FALSE(is_table_of(entry, kRepeatsMagic, 3, table));
  EXPECT_FALSE(is_table_of(entry, kEdgesMagic, 2, table));
  for (size_t at = 0; at < table.size(); ++at) {
    std::string flipped = table;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(is_table_of(entry, kEdgesMagic, 3, flipped)) << at;
    EXPECT_FALSE(is_table_of(entry, kEdgesMagic, 3, table.substr(0, at))) << at;
  }
  EXPECT_FALSE(is_table_of(write_slices(folder / "y", {"one", "", "three!"}), kEdgesMagic, 3, table));
  EXPECT_TRUE(is_slice_of(table, 0, "one"));
  EXPECT_TRUE(is_slice_of(table, 1, ""));
  EXPECT_TRUE(is_slice_of(table, 2, "three"));
  EXPECT_FALSE(is_slice_of(table, 2, "threE"));
  EXPECT_FALSE(is_slice_of(table, 2, "thre"));
  EXPECT_FALSE(is_slice_of(table, 3, ""));  // there is no such slice
}

TEST(SlicedFile, IsTheOneThatItsReceiptLists) {
  testing::TemporaryFolder folder;
  const SlicedFileEntry entry = write_slices(folder / "x", {"one", "two"});
  write_slices(folder / "x", {"one", "TWO"});  // whole, and of the same size
  EXPECT_THROW(SlicedFile(folder / "x", kEdgesMagic, 2, entry), Error);
}

JobManifest make_job() {
  JobManifest job;
  job.software = {{"ftok", "0.2.0"}, {"program", kAbout}};
  job.binding = kAbout;
  job.recipe = "preset = \"x\"\n";
  job.folder = "folder";
  job.vocabulary = "gpt2";
  job.rejects = "ids";
  for (const std::string_view pass : kPasses) job.tasks[std::string(pass)] = 3;
  job.inputs = {{"a \"b\".warc.gz", 17}, {"https://x.example/y", std::nullopt}};
  return job;
}

TEST(JobManifest, RoundTripsAndFindsEveryFlippedByte) {
  const JobManifest job = make_job();
  const std::string text = write_job_manifest(job);
  const Result<JobManifest> read = parse_job_manifest(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, job);
  for (size_t at = 0; at < text.size(); ++at) {
    std::string flipped = text;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(parse_job_manifest(flipped)) << at;
  }
  JobManifest without = job;
  without.tasks.erase("cut");
  EXPECT_EQ(parse_job_manifest(write_job_manifest(without)).damage().detail, "no tasks of the pass cut");
}

TEST(TaskReceipt, RoundTrips) {
  TaskReceipt receipt;
  receipt.job = kAbout;
  receipt.pass = "extract";
  receipt.task = 2;
  receipt.after = kAbout;
  receipt.numbers = {{"judged", 5}, {"inputs", 1}};
  receipt.tally = "{\"CC-MAIN-2024-10\":{\"records\":3}}";
  receipt.files = {{"parts/000002.keys", 9, kAbout}};
  receipt.sliced = {{{"work/000002.000.run", 5, kAbout}, kAbout}};
  receipt.shards = {{Split::kValidation, 1, 50, 2, {"a.bin", 1, kAbout}, {"a.docs", 2, kAbout}, std::nullopt, {}}};
  const std::string text = write_task_receipt(receipt);
  const Result<TaskReceipt> read = parse_task_receipt(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(write_task_receipt(*read), text);
  EXPECT_EQ(read->number("judged"), 5u);
  EXPECT_EQ(read->number("none"), 0u);
  EXPECT_EQ(read->sliced[0].table, kAbout);
  EXPECT_EQ(read->shards, receipt.shards);
}

TEST(TaskShare, TakesEachOnceInOrder) {
  for (const uint64_t count : {0, 1, 5, 6, 7, 90'000}) {
    for (const uint64_t tasks : {1, 3, 7, 1000}) {
      uint64_t at = 0;
      for (uint64_t task = 0; task < tasks; ++task) {
        const TaskShare share = share_of_task(count, task, tasks);
        EXPECT_EQ(share.begin, at);
        EXPECT_LE(share.end - share.begin, count / tasks + 1);
        at = share.end;
      }
      EXPECT_EQ(at, count);
    }
  }
}

TEST(PackedPart, RoundTripsALine) {
  PackedPart part;
  part.number = 4;
  part.report = "{\"input\":\"x\"}";
  part.judged = 9;
  part.documents[1] = 2;
  part.tokens[0] = 3;
  part.bytes = {{"keys", 100}, {"text", 7}};
  part.files = {{"work/000000/000004.candidates", 5, kAbout}};
  testing::TemporaryFolder folder;
  const std::string line = write_packed_part(part);
  write_file(folder / "x", line + line);
  const std::vector<PackedPart> read = read_packed_parts(folder / "x");
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(write_packed_part(read[1]), line);
  write_file(folder / "x", line + line.substr(1));
  EXPECT_THROW(read_packed_parts(folder / "x"), Error);
}

}  // namespace
}  // namespace ftok
