// Pages made to cost much: each ends as text or as a counted drop, within a bound on counted steps and on memory held.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "extract/content/blocks.h"
#include "extract/content/word_model.h"
#include "extract/extract.h"
#include "extract/html/gumbo_parser.h"

namespace ftok {
namespace {

constexpr size_t kPageBytes = size_t{1} << 20;  // the bounds are per byte; tools/bench runs 5 MiB

std::string fill(std::string_view unit, size_t bytes = kPageBytes) {
  std::string out;
  while (out.size() < bytes) out += unit;
  return out;
}

// Both parsers keep their bounds: our own in proportion to the page, gumbo (behind its prescan) under a ceiling.
void expect_bounded(const std::string& whole, const std::string& name) {
  constexpr size_t kGumboBytes = size_t{256} << 10;  // gumbo takes seconds for what our parser takes milliseconds
  for (const char* parser : {"ftok", "gumbo"}) {
    if (parser[0] == 'g' && !html::has_gumbo()) continue;
    const std::string page = parser[0] == 'g' ? whole.substr(0, kGumboBytes) : whole;
    ExtractOptions options;
    options.html_parser = parser;
    const ExtractResult result = extract(page, options);
    const bool own = options.html_parser == "ftok";
    EXPECT_LE(result.steps, own ? 30 * page.size() + 1000000 : 600 * (page.size() + 1000)) << name;
    EXPECT_LE(result.arena_bytes, own ? 20 * page.size() + 2000000 : (uint64_t{384} << 20) + 100 * page.size()) << name;
    if (result.drop_reason == nullptr) {
      EXPECT_FALSE(result.text.empty()) << name;
    } else {
      EXPECT_EQ(std::string(result.drop_reason).rfind("extract.", 0), 0u) << name;
    }
  }
}

TEST(Hostile, UnclosedElements) {
  for (const char* tag : {"<div>",
                          "<span>",
                          "<a>",
                          "<b>",
                          "<p>",
                          "<li>",
                          "<td>",
                          "<table>",
                          "<option>",
                          "<select>",
                          "<svg>",
                          "<math>",
                          "<template>",
                          "<form>",
                          "<button>",
                          "<ul><li>",
                          "<table><tr><td>",
                          "<ruby><rt>",
                          "<a><div>",
                          "<b><p>",
                          "<p><b></p>",
                          "<b><div></b>",
                          "<a><table><a>",
                          "<svg><style><div>",
                          "<p>",
                          "<a b c>",
                          "<a B C D>",
                          "<a b=&>",
                          "<a b>",
                          "<br>x"}) {
    expect_bounded(fill(tag), tag);
  }
}

TEST(Hostile, FormattingElementsOfManyKinds) {
  std::string page;
  for (int i = 0; page.size() < kPageBytes; ++i) page += "<b id=" + std::to_string(i) + "></p><p>x";
  expect_bounded(page, "b id");
  EXPECT_STREQ(extract(page, {}).drop_reason, "extract.too_complex");
}

TEST(Hostile, ReconstructionIsCounted) {
  std::string page = "<p>";
  for (int i = 0; i < 60; ++i) page += "<b id=" + std::to_string(i) + ">";
  page += "</p>" + fill("<p>x</p>");
  EXPECT_STREQ(extract(page, {}).detail, "nodes");
}

// A block costs as much as a thousand bytes of text: a page is ended when it has one more than the cap.
TEST(Hostile, BlocksAreCapped) {
  constexpr uint32_t kMax = html::kBlocksMax;
  std::string page;
  for (uint32_t i = 0; i < kMax; ++i) page += "a word<hr>";
  const ExtractResult most = extract(page, {});
  EXPECT_STRNE(most.drop_reason, "extract.too_complex");
  EXPECT_EQ(most.blocks, kMax);
  const ExtractResult over = extract(page + "one more", {});
  EXPECT_STREQ(over.drop_reason, "extract.too_complex");
  EXPECT_STREQ(over.detail, "blocks");
  EXPECT_EQ(over.value, kMax + 1);
  EXPECT_EQ(over.limit, kMax);
}

TEST(Hostile, ContainersAreCapped) {
  std::string nested;
  for (int i = 0; i < 100; ++i) nested += "<div>";
  nested += "x";
  for (int i = 0; i < 100; ++i) nested += "</div>";
  const auto repeated = [&](uint32_t times) {
    std::string page;
    for (uint32_t i = 0; i < times; ++i) page += nested;
    return extract(page, {});
  };
  EXPECT_STRNE(repeated(html::kContainersMax / 100 - 1).detail, "blocks");
  const ExtractResult over = repeated(html::kContainersMax / 100 + 1);
  EXPECT_STREQ(over.drop_reason, "extract.too_complex");
  EXPECT_STREQ(over.detail, "blocks");
  EXPECT_EQ(over.limit, html::kContainersMax);
}

// Words without spaces between are many phrases and few words: past the cap they are not weighed.
TEST(Hostile, PhrasesOfATextAreCapped) {
  std::vector<uint32_t> phrases;
  std::string text = "a";
  for (size_t i = 1; i <= html::kPhrasesMax / 2; ++i) text += "&a";  // each a word and a pair, the first alone
  html::phrases_of(text.substr(0, text.size() - 2), phrases);
  EXPECT_EQ(phrases.size(), html::kPhrasesMax - 1);
  html::phrases_of(text, phrases);
  EXPECT_TRUE(phrases.empty());
}

TEST(Hostile, FortyThousandAttributes) {
  std::string page = "<a";
  for (int i = 0; i < 40000; ++i) page += " a" + std::to_string(i) + "=1";
  const ExtractResult result = extract(page + ">x", {});
  EXPECT_STREQ(result.drop_reason, "extract.too_complex");
  EXPECT_STREQ(result.detail, "attributes");
}

TEST(Hostile, FiveMebibytesOfOneCharacter) {
  for (const char c : {'a', ' ', '<', '&', '>', '"', '/', '\0', '\xFF', '\n'}) {
    expect_bounded(std::string(size_t{5} << 20, c), std::string(1, c));
  }
}

TEST(Hostile, MarkupThatNeverEnds) {
  for (const char* unit :
       {"<!--", "<!-- -->", "<![CDATA[", "<a b=", "<a b='", "<script>", "</p>", "</br>", "<?", "&amp;", "&notit ",
        "&#x26;", "&CounterClockwiseContourIntegral;", "<!doctype x>", "<body a=b>"}) {
    expect_bounded(fill(unit), unit);
  }
}

TEST(Hostile, RandomBytesAndRandomTags) {
  std::mt19937 random(1);
  std::string bytes;
  for (size_t i = 0; i < kPageBytes; ++i) bytes.push_back(static_cast<char>(random()));
  expect_bounded(bytes, "random bytes");
  const char* tags[] = {"div",    "span",  "a",   "b",    "p",      "table",  "tr",   "td",
                        "ul",     "li",    "svg", "math", "select", "option", "form", "template",
                        "script", "title", "h1",  "font", "em",     "button"};
  std::string markup;
  while (markup.size() < kPageBytes) {
    markup += random() % 100 < 55 ? "<" : "</";
    markup += tags[random() % (sizeof(tags) / sizeof(tags[0]))];
    markup += ">x";
  }
  expect_bounded(markup, "random tags");
}

}  // namespace
}  // namespace ftok
