#include "core/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/refuse_to_overwrite.h"
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

TEST(RefuseToOverwrite, KnowsAnInputByWhateverPath) {
  testing::TemporaryFolder folder;
  const std::string input = folder / "in";
  write_file(input, "x");
  write_file(folder / "other", "x");
  std::filesystem::create_symlink("in", folder / "link");
  std::filesystem::create_hard_link(input, folder / "hard");
  for (const std::string& path : {input, folder / "link", folder / "hard",
                                  folder / "../" + std::filesystem::path(folder.path()).filename().string() + "/in"}) {
    try {
      refuse_to_overwrite("--flag", path, {folder / "other", "gpt2", "", input});
      FAIL() << "expected a UsageError for " << path;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.what(), "--flag " + path + " would overwrite the input " + input);
    }
  }
  for (const std::string& path : {folder / "other", folder / "new", std::string(), std::string("/dev/null")})
    EXPECT_NO_THROW(refuse_to_overwrite("--flag", path, {input, "/dev/null", folder / "new"})) << path;
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

TEST(AtomicFile, FollowsLinksAndKeepsThem) {
  testing::TemporaryFolder folder;
  make_folder(folder / "real");
  write_file(folder / "real/file", "old");
  std::filesystem::create_symlink("real/file", folder / "link");
  std::filesystem::create_symlink("link", folder / "link-to-link");
  std::filesystem::create_symlink("real/new", folder / "dangling");
  write_file(folder / "link-to-link", "new");
  write_file(folder / "dangling", "made");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "dangling"));
  EXPECT_EQ(read_file(folder / "real/file"), "new");
  EXPECT_EQ(read_file(folder / "real/new"), "made");
  EXPECT_EQ(files_in(folder / "real"), 2u);
  std::filesystem::create_symlink("circle", folder / "circle");
  EXPECT_THROW(write_file(folder / "circle", ""), Error);
  EXPECT_THROW(write_file(folder / "real", ""), Error);
  EXPECT_EQ(files_in(folder / "real"), 2u);
}

TEST(AtomicFile, WritesIntoADeviceAndLeavesIt) {
  testing::TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/null", folder / "null");
  for (const std::string& path : {std::string("/dev/null"), folder / "null"}) {
    AtomicFile file(path);
    file.write("head");
    file.write_at(0, "HEAD");
    file.commit();
    EXPECT_TRUE(std::filesystem::is_character_file(path)) << path;
  }
  EXPECT_EQ(files_in(folder.path()), 1u);
  AtomicFile full("/dev/full");
  full.write("x");
  EXPECT_THROW(full.commit(), Error);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(AtomicFile, WritesIntoAFifoOnceItIsWhole) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  { AtomicFile(path).write("never committed"); }  // opens nothing: nobody reads it
  const std::string large(300'000, 'x');
  std::string got;
  std::thread reader([&] { got = read_file(path); });
  AtomicFile file(path);
  file.write("head" + large);
  file.write_at(0, "HEAD");
  file.commit();
  reader.join();
  EXPECT_EQ(got, "HEAD" + large);
  EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST(AtomicFile, WritesIntoAnOpenDescriptorWhereItStands) {
  testing::TemporaryFolder folder;
  const int fd = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(fd, "ab", 2), 2);
  write_file("/dev/fd/" + std::to_string(fd), "cd");
  ASSERT_EQ(::write(fd, "ef", 2), 2);
  ::close(fd);
  EXPECT_EQ(read_file(folder / "out"), "abcdef");
}

TEST(AtomicFile, HasRoomForItsNameWhereverTheFileHas) {
  testing::TemporaryFolder folder;
  const std::string path = folder / std::string(255, 'n');
  write_file(path, "x");
  EXPECT_EQ(read_file(path), "x");
  EXPECT_THROW(write_file(path + "n", "x"), Error);
}

TEST(RemoveTemporaries, RemovesOnlyThem) {
  testing::TemporaryFolder folder;
  const std::string bits = "0123456789abcdef";
  write_file(folder / "kept", "x");
  for (const std::string name : {"a.ftok-tmp-1-2", "a.ftok-tmp-some.host-1-0123456789abcdef"}) {
    write_file(folder / name, "y");
  }
  const std::vector<std::string> others = {"notes.ftok-tmp-of-mine.txt", "a.ftok-tmp-", "a.ftok-tmp-1-2-x",
                                           "a.ftok-tmp-host-1-" + bits + "0", ".ftok-tmp-host-1-" + bits};
  for (const std::string& name : others) write_file(folder / name, "someone's");
  AtomicFile living(folder / "living");
  remove_temporaries(folder.path().string());
  EXPECT_EQ(files_in(folder.path()), others.size() + 2);
  living.commit();
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

// A number that an earlier process had, as that of a container's first one, keeps nothing alive: the lock tells.
TEST(RemoveDeadTemporaries, RemovesWhatAnEarlierProcessOfOurNumberLeft) {
  testing::TemporaryFolder folder;
  std::string name;
  {
    AtomicFile mine(folder / "mine");
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) name = entry.path().filename();
    remove_dead_temporaries_of(folder / "mine");
    EXPECT_EQ(files_in(folder.path()), 1u);  // locked
  }
  write_file(folder / name, "left");
  write_file(folder / ("un" + name), "left");
  remove_dead_temporaries_of(folder / "mine");
  EXPECT_EQ(files_in(folder.path()), 1u);  // that of another file stays
  remove_dead_temporaries(folder.path().string());
  EXPECT_EQ(files_in(folder.path()), 0u);
}

TEST(CanBeReadAgain, IsTrueOfFilesAndFalseOfPipes) {
  testing::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  write_file(folder / "file", "x");
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  EXPECT_TRUE(can_be_read_again(folder / "file"));
  EXPECT_TRUE(can_be_read_again(folder / "missing"));
  EXPECT_FALSE(can_be_read_again("-"));
  EXPECT_FALSE(can_be_read_again(folder / "fifo"));
  EXPECT_FALSE(can_be_read_again("/dev/fd/" + std::to_string(pipe[0])));
  ::close(pipe[0]);
  ::close(pipe[1]);
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
