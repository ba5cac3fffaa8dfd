#include "pipeline/journal.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

CommittedPart part(uint64_t number) {
  const std::string name = "parts/00000" + std::to_string(number) + ".receipt";
  return {number + 3, number + 1, {name, 100 + number, "aa"}, R"({"input":"in )" + std::to_string(number) + "\"}"};
}

ShardEntry shard(Split split, uint64_t index, uint64_t tokens) {
  ShardEntry entry;
  entry.split = split;
  entry.index = index;
  entry.tokens = tokens;
  entry.documents = 2;
  entry.shard = {shard_name(split, index, default_shard_format()), 1024 + 2 * tokens, "bb"};
  entry.sidecar = {shard_sidecar_path(shard_name(split, index, default_shard_format())), 99, "cc"};
  return entry;
}

const Split kTrain = Split::kTrain, kVal = Split::kValidation;

// Three parts; a checkpoint behind the second, whose short shards have grown by the one behind the third.
RunState write_example(const std::string& path) {
  Journal journal(path, "binding", {});
  journal.add_part(0, part(0));
  journal.add_part(1, part(1));
  journal.add_checkpoint({shard(kTrain, 0, 50), shard(kTrain, 1, 7), shard(kVal, 0, 3)}, 2);
  journal.add_part(2, part(2));
  journal.add_checkpoint({shard(kTrain, 1, 50), shard(kTrain, 2, 9)}, 3);
  return {{part(0), part(1), part(2)},
          {shard(kTrain, 0, 50), shard(kTrain, 1, 50), shard(kTrain, 2, 9), shard(kVal, 0, 3)},
          3};
}

void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(Journal, ReadsBackWhatWasWritten) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "journal";
  const RunState state = write_example(path);
  EXPECT_EQ(read_journal(path, "binding"), state);
  Journal again(path, "binding", state);  // as a run that goes on begins
  EXPECT_EQ(read_journal(path, "binding"), state);
  again.add_part(3, part(3));
  EXPECT_EQ(read_journal(path, "binding").parts.size(), 4u);
}

// `ftok tokenize`: parts are written with the checkpoint that they count from, which says how far the next one is.
TEST(Journal, KeepsThePositionOfTheLastCheckpoint) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "journal";
  RunState state;
  {
    Journal journal(path, "binding", state);
    const std::string head = read_file(path);
    journal.add_part_with_checkpoint(0, part(0));
    EXPECT_EQ(read_file(path), head);
    journal.add_checkpoint({shard(kTrain, 0, 50)}, 1, R"({"input":1,"records":7})");
    journal.add_part_with_checkpoint(1, part(1));  // and no checkpoint comes
  }
  state = {{part(0)}, {shard(kTrain, 0, 50)}, 1, R"({"input":1,"records":7})"};
  EXPECT_EQ(read_journal(path, "binding"), state);
  Journal again(path, "binding", state);
  EXPECT_EQ(read_journal(path, "binding"), state);
  again.add_checkpoint({}, 1);
  EXPECT_EQ(read_journal(path, "binding").position, "");
}

TEST(Journal, DropsATornLastRecordAtAnyByte) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "journal";
  const RunState whole = write_example(path);
  const std::string bytes = read_file(path);
  size_t records = 0;
  RunState before;
  for (size_t size = bytes.find('\n') + 1; size <= bytes.size(); ++size) {
    write_bytes(path, std::string_view(bytes).substr(0, size));
    const RunState state = read_journal(path, "binding");
    if (bytes[size - 1] == '\n') {
      ++records;
      before = state;
    }
    ASSERT_EQ(state, before) << size;  // nothing of a record that is not whole
  }
  EXPECT_EQ(before, whole);
  EXPECT_EQ(records, 12u);
}

TEST(Journal, FindsEveryFlippedByte) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "journal";
  const RunState whole = write_example(path);
  const std::string bytes = read_file(path);
  const size_t last = bytes.rfind('\n', bytes.size() - 2) + 1;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] ^= 1;
    write_bytes(path, bad);
    if (i < last - 1) {
      ASSERT_THROW(read_journal(path, "binding"), Error) << i;
    } else if (i >= last) {
      ASSERT_NE(read_journal(path, "binding"), whole) << i;  // a torn last record
    }
  }
}

TEST(Journal, RefusesAnotherBindingAndRecordsOutOfTurn) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "journal";
  write_example(path);
  EXPECT_THROW(read_journal(path, "another"), Error);
  {
    Journal journal(path, "binding", {});
    journal.add_part(1, part(1));
  }
  EXPECT_THROW(read_journal(path, "binding"), Error);
  {
    Journal journal(path, "binding", {});
    journal.add_checkpoint({shard(kTrain, 1, 50)}, 0);
  }
  EXPECT_THROW(read_journal(path, "binding"), Error);
  write_bytes(path, "");
  EXPECT_THROW(read_journal(path, "binding"), Error);
}

TEST(Journal, BoundsARecord) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "journal";
  Journal journal(path, "binding", {});
  CommittedPart long_part = part(0);
  const auto report_of_size = [](size_t size) { return "\"" + std::string(size - 2, 'x') + "\""; };
  constexpr std::string_view kRest =
      R"({"part":0,"judged":3,"kept":1,"receipt":{"name":"parts/000000.receipt","bytes":100,"checksum":"aa"},"report":})";
  constexpr size_t rest = kRest.size();
  long_part.report = report_of_size(kJournalRecordBytesMax - rest + 1);
  EXPECT_THROW(journal.add_part(0, long_part), Error);
  long_part.report = report_of_size(kJournalRecordBytesMax - rest);
  journal.add_part(0, long_part);
  EXPECT_EQ(read_journal(path, "binding").parts[0], long_part);
}

}  // namespace
}  // namespace ftok
