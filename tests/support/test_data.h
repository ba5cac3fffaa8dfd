// Where tests find their inputs.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace ftok::testing {

// Under the sanitizers, where they would take minutes, long tests do a part of their work.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Tests that try every byte try every kEveryNth.
inline constexpr size_t kEveryNth = kSanitized ? 11 : 1;

// The project's own folder (tests/data, tests/golden lie below it).
std::filesystem::path source_folder();

// The folder of test data that the environment variable FTOK_TEST_DATA names. Empty when there is none.
std::filesystem::path test_data_folder();

// A fresh empty folder for one test, removed when the guard dies.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace ftok::testing

// Skips the test, visibly, when the real test data has no `relative` path.
#define FTOK_NEEDS_TEST_DATA(relative)                                                 \
  if (::ftok::testing::test_data_folder().empty() ||                                   \
      !std::filesystem::exists(::ftok::testing::test_data_folder() / (relative))) {    \
    GTEST_SKIP() << "needs " << (relative) << " of the test data: set FTOK_TEST_DATA"; \
  }
