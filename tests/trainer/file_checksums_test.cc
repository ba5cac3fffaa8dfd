#include "trainer/data/file_checksums.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "shards/checksum.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

constexpr int64_t kAtOnce = 0, kNever = int64_t{1} << 60;  // how long times must have settled

// Gives `path` the time of modification that `status` has.
void set_modified(const std::string& path, const struct stat& status) {
  const timespec times[2] = {status.st_atim, status.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

// Returns when the file system's clock, which is coarse, has moved on from the last change that `status` knows.
void pass_the_time_of(const struct stat& status, const std::string& probe) {
  struct stat now {};
  do {
    write_file(probe, "");
    ASSERT_EQ(::stat(probe.c_str(), &now), 0);
  } while (std::pair(now.st_ctim.tv_sec, now.st_ctim.tv_nsec) <=
           std::pair(status.st_ctim.tv_sec, status.st_ctim.tv_nsec));
}

class FileChecksumsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(path_, "some bytes");
    FileChecksums first(record_, kAtOnce);
    EXPECT_EQ(first.of(path_), checksum_of("some bytes"));
    EXPECT_EQ(first.files_read(), 1u);
    first.save();
  }
  // Of a new process: what it says, and whether it read the file.
  std::pair<std::string, bool> again(int64_t settled = kAtOnce) {
    FileChecksums checksums(record_, settled);
    std::string checksum = checksums.of(path_);
    checksums.save();
    return {checksum, checksums.files_read() > 0};
  }

  testing::TemporaryFolder folder_;
  std::string path_ = folder_ / "shard.bin", record_ = folder_ / "record";
};

TEST_F(FileChecksumsTest, ReadsAFileOnce) {
  EXPECT_EQ(again(), std::pair(checksum_of("some bytes"), false));
  EXPECT_EQ(again(), std::pair(checksum_of("some bytes"), false));
}

TEST_F(FileChecksumsTest, ReadsAgainWhatWasWrittenShortlyBefore) {
  EXPECT_EQ(again(kNever), std::pair(checksum_of("some bytes"), true));
}

TEST_F(FileChecksumsTest, ReadsAgainWhatWasReplacedOrRewritten) {
  struct stat before {};
  ASSERT_EQ(::stat(path_.c_str(), &before), 0);
  write_file(path_, "more bytes");  // another inode, as long
  set_modified(path_, before);
  EXPECT_EQ(again(), std::pair(checksum_of("more bytes"), true));
  EXPECT_EQ(again(), std::pair(checksum_of("more bytes"), false));
  ASSERT_EQ(::stat(path_.c_str(), &before), 0);
  pass_the_time_of(before, folder_ / "probe");
  testing::flip_byte(path_, 0, 1);  // in place
  set_modified(path_, before);
  EXPECT_EQ(again(), std::pair(checksum_of("lore bytes"), true));
  std::filesystem::resize_file(path_, 4);
  EXPECT_EQ(again(), std::pair(checksum_of("lore"), true));
}

TEST_F(FileChecksumsTest, ADamagedRecordIsNone) {
  testing::flip_byte(record_, 30, 1);
  EXPECT_EQ(again(), std::pair(checksum_of("some bytes"), true));
  EXPECT_EQ(again(), std::pair(checksum_of("some bytes"), false));
  write_file(record_, "");
  EXPECT_EQ(again(), std::pair(checksum_of("some bytes"), true));
}

TEST_F(FileChecksumsTest, ForgetsWhatIsNoLongerAskedFor) {
  FileChecksums none(record_, kAtOnce);
  none.save();
  EXPECT_EQ(again().second, true);
  FileChecksums missing(record_, kAtOnce);
  EXPECT_THROW(missing.of(folder_ / "no.bin"), Error);
}

}  // namespace
}  // namespace ftok
