// `ftok encode --budget` and `--count` do no more than they must: told by the memory that they take.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/run_ftok.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

constexpr size_t kWords = size_t{6} << 20;

const std::string& long_text() {
  static const std::string path = [] {
    static const testing::TemporaryFolder folder;
    const std::string made = folder / "long.txt";
    std::ofstream file(made);
    const std::string words = [] {
      std::string text;
      for (size_t i = 0; i < 1024; ++i) text += "a ";
      return text;
    }();
    for (size_t i = 0; i < kWords / 1024; ++i) file << words;
    return made;
  }();
  return path;
}

// Peak memory of `ftok encode --vocab ftok-4k FLAG... < long_text()`, in bytes.
size_t peak_of(const std::vector<std::string>& flags) {
  const std::string& text = long_text();  // made here: what the child makes nobody removes
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<const char*> arguments = {"ftok", "encode", "--vocab", "ftok-4k"};
    for (const std::string& flag : flags) arguments.push_back(flag.c_str());
    arguments.push_back(nullptr);
    if (std::freopen(text.c_str(), "r", stdin) == nullptr || std::freopen("/dev/null", "w", stdout) == nullptr)
      ::_exit(126);
    ::execv(FTOK_BINARY, const_cast<char* const*>(arguments.data()));
    ::_exit(127);
  }
  int status = -1;
  rusage usage{};
  EXPECT_EQ(::wait4(child, &status, 0, &usage), child);
  EXPECT_EQ(status, 0);
  return static_cast<size_t>(usage.ru_maxrss) * 1024;
}

TEST(EncodeCommand, CountsWithoutKeepingIds) {
  const size_t ids_bytes = kWords * sizeof(uint32_t);
  EXPECT_LT(peak_of({"--count"}) + ids_bytes / 2, peak_of({"--ids"}));
}

TEST(EncodeCommand, ABudgetEncodesLittleOfTheRest) {
  const size_t ids_bytes = kWords * sizeof(uint32_t);
  const size_t all = peak_of({"--ids"});
  for (const char* form : {"--ids", "--json", "--offsets", "--count"}) {
    EXPECT_LT(peak_of({form, "--budget", "10"}) + ids_bytes / 2, all) << form;
  }
}

TEST(EncodeCommand, ABudgetSaysWhetherItCut) {
  const auto run = [](const std::string& arguments) {
    return testing::run_ftok("encode --vocab ftok-4k " + arguments).out;
  };
  EXPECT_EQ(run("--budget 2 --count 'a a a'"), "2\n");
  EXPECT_EQ(run("--budget 3 --count 'a a a'"), "3\n");
  EXPECT_EQ(run("--budget 4 --count 'a a a'"), "3\n");
  EXPECT_NE(run("--budget 2 --json 'a a a'").find("\"within_budget_bytes\":3,\"cut\":true"), std::string::npos);
  EXPECT_NE(run("--budget 3 --json 'a a a'").find("\"within_budget_bytes\":5,\"cut\":false"), std::string::npos);
  EXPECT_EQ(run("--budget 2 --ids --specials allow 'a<|endoftext|> a'"),
            run("--ids --specials allow 'a<|endoftext|>'"));
  EXPECT_EQ(run("--count --specials allow 'a<|endoftext|> a'"), "3\n");
}

}  // namespace
}  // namespace ftok
