#include "tests/support/test_data.h"

#include <cstdlib>

namespace ftok::testing {

std::filesystem::path source_folder() { return FTOK_SOURCE_FOLDER; }

std::filesystem::path test_data_folder() {
  const char* named = std::getenv("FTOK_TEST_DATA");
  return named != nullptr && std::filesystem::is_directory(named) ? std::filesystem::path(named) : "";
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "ftok-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ftok::testing
