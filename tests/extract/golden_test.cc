// Pages of golden/, one a rule of layout or of what is not text: NAME.html gives NAME.txt, and NAME.md with Markdown
// where that file stands. FTOK_REGENERATE=1 writes what comes out; look at the difference before it is committed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.h"
#include "extract/extract.h"

namespace ftok {
namespace {

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FTOK_GOLDEN_PAGES)) {
    if (entry.path().extension() == ".html") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void compare(const std::string& path, const std::string& text) {
  if (std::getenv("FTOK_REGENERATE") != nullptr) write_file(path, text);
  EXPECT_EQ(text, read_file(path)) << path;
}

class GoldenPage : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenPage, GivesItsText) {
  const std::string base = std::string(FTOK_GOLDEN_PAGES) + "/" + GetParam();
  const std::string html = read_file(base + ".html");
  const ExtractResult page = extract(html, {});
  compare(base + ".txt", page.text + "\n");
  if (!std::filesystem::exists(base + ".md")) return;
  ExtractOptions options;
  options.markdown = options.links = true;
  compare(base + ".md", extract(html, options).text + "\n");
}

INSTANTIATE_TEST_SUITE_P(Pages, GoldenPage, ::testing::ValuesIn(golden_names()),
                         [](const ::testing::TestParamInfo<std::string>& page) { return page.param; });

TEST(GoldenPages, AreAll) { EXPECT_GE(golden_names().size(), 40U); }

TEST(GoldenPages, OneLineOfTwoMegabytes) {
  std::string html = "<html><body><article>";
  while (html.size() < size_t{2} << 20) {
    html +=
        "<p>The lighthouse stands on a low cliff, and from its lamp room one sees three islands and a ferry, number " +
        std::to_string(html.size()) + ".</p>";
  }
  const ExtractResult page = extract(html + "</article></body></html>", {});
  EXPECT_EQ(page.drop_reason, nullptr);
  EXPECT_GT(page.text.size(), html.size() * 9 / 10);
}

}  // namespace
}  // namespace ftok
