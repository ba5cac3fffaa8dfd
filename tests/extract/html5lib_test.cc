// The tree-construction cases of html5lib, each in the modes its file asks for.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.h"
#include "extract/html/tree_builder.h"
#include "tests/extract/tree_dump.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

struct Case {
  std::string file, data, fragment, expected;
  bool script_on = true, script_off = true;
};

// The sections of one .dat file. A case starts at "#data"; its tree ends at a blank line before the next.
std::vector<Case> read_cases(const std::string& path) {
  const std::string text = read_file(path);
  std::vector<Case> cases;
  std::string* section = nullptr;
  std::string errors;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line == "#data") {
      if (!cases.empty() && cases.back().expected.size() > 1 && cases.back().expected.back() == '\n' &&
          cases.back().expected[cases.back().expected.size() - 2] == '\n') {
        cases.back().expected.pop_back();
      }
      cases.push_back({std::filesystem::path(path).filename().string(), {}, {}, {}, true, true});
      section = &cases.back().data;
    } else if (line == "#errors" || line == "#new-errors") {
      section = &errors;
    } else if (line == "#document-fragment") {
      section = &cases.back().fragment;
    } else if (line == "#document") {
      section = &cases.back().expected;
    } else if (line == "#script-on") {
      cases.back().script_off = false;
    } else if (line == "#script-off") {
      cases.back().script_on = false;
    } else if (section != nullptr) {
      *section += line;
      *section += '\n';
    }
  }
  for (Case& c : cases) {
    if (!c.data.empty()) c.data.pop_back();
    if (!c.fragment.empty()) c.fragment.pop_back();
    while (c.expected.size() > 1 && c.expected.compare(c.expected.size() - 2, 2, "\n\n") == 0) c.expected.pop_back();
  }
  return cases;
}

std::string parse(const Case& c, bool scripting) {
  html::TreeOptions options;
  options.scripting = scripting;
  std::string context = c.fragment;
  if (context.rfind("svg ", 0) == 0) {
    options.context_name_space = html::Namespace::kSvg;
    context = context.substr(4);
  } else if (context.rfind("math ", 0) == 0) {
    options.context_name_space = html::Namespace::kMathMl;
    context = context.substr(5);
  }
  for (char& ch : context) ch = ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch;
  options.context = context;
  html::Dom dom;
  html::parse_with_tree_builder(c.data, {}, options, dom);
  return testing::dump_tree(dom, context.empty() ? html::Dom::kRoot : dom[html::Dom::kRoot].first_child);
}

TEST(Html5lib, TreeConstruction) {
  FTOK_NEEDS_TEST_DATA("html5lib/html5lib-tests.tar.zst");
  testing::TemporaryFolder folder;
  const std::string archive = (testing::test_data_folder() / "html5lib/html5lib-tests.tar.zst").string();
  ASSERT_EQ(std::system(("zstd -qdc --long=27 '" + archive + "' | tar x -C '" + folder.path().string() + "'").c_str()),
            0);
  size_t passed = 0, failed = 0;
  std::string failures;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    const std::string path = entry.path().string();
    if (path.find("tree-construction") == std::string::npos || entry.path().extension() != ".dat") continue;
    const bool scripted = path.find("scripted") != std::string::npos;  // these run scripts, which ftok never does
    for (const Case& c : read_cases(path)) {
      for (const bool scripting : {false, true}) {
        if (scripted || (scripting ? !c.script_on : !c.script_off)) continue;
        const std::string got = parse(c, scripting);
        if (got == c.expected) {
          ++passed;
          continue;
        }
        ++failed;
        failures += c.file + (scripting ? " (scripting)" : "") + " [" + c.fragment + "]\n" + c.data +
                    "\n-- expected\n" + c.expected + "-- got\n" + got + "\n";
      }
    }
  }
  std::printf("html5lib tree construction: %zu passed, %zu failed\n", passed, failed);
  if (const char* out = std::getenv("FTOK_HTML5LIB_FAILURES")) write_file(out, failures);
  EXPECT_EQ(failed, 0u) << failures.substr(0, 8000);
  EXPECT_GT(passed, 3500u);
}

}  // namespace
}  // namespace ftok
