#include "core/file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

size_t files_in(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(AtomicFile, IsAbsentUntilCommitted) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "out";
  {
    AtomicFile file(path);
    file.write("half");
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_EQ(files_in(folder.path()), 0u);
}

TEST(AtomicFile, HoldsWhatWasWrittenAndPatched) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "out";
  const std::string large(200000, 'x');
  AtomicFile file(path);
  file.write("head");
  file.write(large);
  file.write("tail");
  file.write_at(0, "HEAD");
  EXPECT_EQ(file.size(), large.size() + 8);
  file.commit();
  EXPECT_EQ(read_file(path), "HEAD" + large + "tail");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(AtomicFile, NamesThePathItCannotCreate) {
  try {
    AtomicFile file("/nonexistent-folder/out");
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot create /nonexistent-folder/out: No such file or directory");
    EXPECT_EQ(error.exit_code(), 1);
  }
}

TEST(RefuseAddress, TakesNoSchemeForAFolder) {
  for (const std::string path : {"s3://bucket/x", "gs://b", "file:///tmp/x", "https://host/x", "s3:/x", "a+b://x"}) {
    EXPECT_THROW(refuse_address(path), UsageError) << path;
    EXPECT_THROW(make_folder(path), UsageError) << path;
    EXPECT_THROW(write_file(path, ""), UsageError) << path;
    EXPECT_THROW((void)read_file(path), UsageError) << path;
  }
  for (const std::string path :
       {"", "-", "./s3://bucket", "/a/s3://b", "a:b", "c:/x", "lang=en", "x y://z", "1s://x"}) {
    EXPECT_NO_THROW(refuse_address(path)) << path;
  }
}

TEST(RemoveTemporaries, RemovesOnlyThem) {
  testing::TemporaryFolder folder;
  write_file(folder / "kept", "x");
  write_file(folder / "kept.ftok-tmp-1-2", "y");
  remove_temporaries(folder.path().string());
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(RemoveDeadTemporaries, LeavesWhatALivingProcessOrAnotherHostWrites) {
  testing::TemporaryFolder folder;
  AtomicFile mine(folder / "mine");
  std::string name;  // of mine's temporary: mine.ftok-tmp-HOST-PID-BITS
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) name = entry.path().filename();
  const std::string process = "-" + std::to_string(::getpid()) + "-";
  const size_t at = name.find(process);
  ASSERT_NE(at, std::string::npos) << name;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const std::string dead = "-" + std::to_string(child) + "-";
  std::string of_the_dead = name;
  write_file(folder / of_the_dead.replace(at, process.size(), dead), "");
  write_file(folder / ("kept.ftok-tmp-other.host" + dead + "0123456789abcdef"), "");
  write_file(folder / "kept.ftok-tmp-1", "");
  EXPECT_EQ(files_in(folder.path()), 4u);
  remove_dead_temporaries(folder.path().string());
  EXPECT_EQ(files_in(folder.path()), 3u);
  EXPECT_FALSE(std::filesystem::exists(folder / of_the_dead));
}

TEST(AtomicFile, CommitUnlessThereKeepsTheFirst) {
  testing::TemporaryFolder folder;
  for (const std::string bytes : {"first", "second"}) {
    AtomicFile file(folder / "once");
    file.write(bytes);
    EXPECT_EQ(file.commit_unless_there(), bytes == "first");
  }
  EXPECT_EQ(read_file(folder / "once"), "first");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(AppendFile, AppendsToWhatIsThere) {
  testing::TemporaryFolder folder;
  EXPECT_THROW(AppendFile(folder / "journal"), Error);
  write_file(folder / "journal", "a");
  AppendFile(folder / "journal").append("bc");
  AppendFile(folder / "journal").append("d");
  EXPECT_EQ(read_file(folder / "journal"), "abcd");
}

TEST(ReadFile, RefusesAFolderAndATooLargeFile) {
  testing::TemporaryFolder folder;
  write_file(folder / "ten", "0123456789");
  EXPECT_EQ(read_file(folder / "ten", 10), "0123456789");
  EXPECT_THROW(read_file(folder / "ten", 9), Error);
  EXPECT_THROW(read_file(folder.path().string()), Error);
}

TEST(MappedFile, ShowsTheBytes) {
  testing::TemporaryFolder folder;
  write_file(folder / "a", "abc");
  write_file(folder / "empty", "");
  EXPECT_EQ(MappedFile(folder / "a").bytes(), "abc");
  EXPECT_EQ(MappedFile(folder / "empty").bytes(), "");
}

TEST(FolderLock, IsExclusive) {
  testing::TemporaryFolder folder;
  auto first = std::make_unique<FolderLock>(folder.path().string());
  EXPECT_THROW(FolderLock(folder.path().string()), Error);
  first.reset();
  EXPECT_NO_THROW(FolderLock(folder.path().string()));
}

}  // namespace
}  // namespace ftok
