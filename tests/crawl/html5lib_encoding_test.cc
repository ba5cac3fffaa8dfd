// The encoding cases of html5lib: what the bytes of a page say of their encoding, without a header and without
// detection.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/file.h"
#include "crawl/charset.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

struct Case {
  std::string data, encoding;
};

std::vector<Case> read_cases(const std::filesystem::path& path) {
  const std::string text = read_file(path.string());
  std::vector<Case> cases;
  std::string* section = nullptr;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line == "#data") {
      cases.emplace_back();
      section = &cases.back().data;
    } else if (line == "#encoding") {
      section = &cases.back().encoding;
    } else if (section != nullptr) {
      *section += line + '\n';
    }
  }
  for (Case& c : cases) c.data.pop_back(), c.encoding = c.encoding.substr(0, c.encoding.find('\n'));
  return cases;
}

TEST(Html5lib, Encoding) {
  FTOK_NEEDS_TEST_DATA("html5lib/html5lib-tests.tar.zst");
  testing::TemporaryFolder folder;
  const std::string archive = (testing::test_data_folder() / "html5lib/html5lib-tests.tar.zst").string();
  ASSERT_EQ(std::system(("zstd -qdc --long=27 '" + archive + "' | tar x -C '" + folder.path().string() + "'").c_str()),
            0);
  size_t count = 0;
  for (const char* name : {"tests1.dat", "tests2.dat", "test-yahoo-jp.dat"}) {
    for (const Case& c : read_cases(folder.path() / "html5lib-tests/encoding" / name)) {
      ++count;
      std::string_view encoding = encoding_of_bom(c.data);
      if (encoding.empty()) encoding = encoding_of_meta(c.data);
      if (encoding.empty()) encoding = encoding_of_meta(c.data, c.data.size());  // what the tree builder would come to
      if (encoding.empty()) encoding = "windows-1252";                           // the standard's default
      EXPECT_EQ(encoding, encoding_for_label(c.encoding)) << name << "\n" << c.data.substr(0, 200);
    }
  }
  EXPECT_EQ(count, 82u);
}

}  // namespace
}  // namespace ftok
