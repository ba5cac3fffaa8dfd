// What a page's title and the lists at its end are: the page's own, or the site's.
#include <gtest/gtest.h>

#include <string>

#include "extract/content/end_lists.h"
#include "extract/content/page_title.h"
#include "extract/extract.h"
#include "extract/html/parser.h"

namespace ftok::html {
namespace {

TEST(PageTitle, WithoutTheSite) {
  const auto named = [](std::string_view title) { return title_without_site(title, {"The Weir", "", ""}); };
  EXPECT_EQ(named("Of mills | The Weir"), "Of mills");
  EXPECT_EQ(named("The Weir - Of mills"), "Of mills");
  EXPECT_EQ(named("Of mills - and more \u2013 the weir"), "Of mills - and more");
  EXPECT_EQ(named("Of mills-The Weir"), "Of mills-The Weir");  // no space around the dash
  EXPECT_EQ(named("Of mills | The Mill"), "Of mills | The Mill");
  EXPECT_EQ(named("The Weir"), "The Weir");
  EXPECT_EQ(named("The Weir | "), "The Weir | ");
  EXPECT_EQ(named(""), "");
}

TEST(PageTitle, ByTheHost) {
  const auto at = [](std::string_view title, std::string_view address) {
    return title_without_site(title, {"", "", address});
  };
  EXPECT_EQ(at("Of mills - The Weir", "https://www.the-weir.co.example/mills"), "Of mills");
  EXPECT_EQ(at("theweir.example | Of mills", "https://theweir.example/"), "Of mills");
  EXPECT_EQ(at("The Weir - Of mills", "https://news.theweir.example/a"), "Of mills");
  EXPECT_EQ(at("Of mills - The Weir", "https://weir.example/"), "Of mills - The Weir");
  EXPECT_EQ(at("Of mills - Weir", "https://weir.example/"), "Of mills");
  EXPECT_EQ(at("Of mills - Wei", "https://wei.example/"), "Of mills - Wei");  // three letters
}

TEST(PageTitle, ByTheHeading) {
  const auto under = [](std::string_view title, std::string_view heading) {
    return title_without_site(title, {"", heading, ""});
  };
  EXPECT_EQ(under("Of mills | Home page of a miller", "Of mills"), "Of mills");
  EXPECT_EQ(under("Home page of a miller | Of mills", "Of mills"), "Of mills");
  EXPECT_EQ(under("Of mills | Home page of a miller", "Of weirs"), "Of mills | Home page of a miller");
  // The site's name is known, and the heading has it.
  EXPECT_EQ(title_without_site("Of mills | The Weir", {"The Weir", "The Weir", ""}), "Of mills");
}

TEST(PageTitle, OfAPage) {
  const std::string html =
      "<meta property='og:site_name' content='The Weir'><meta property='og:title' content='Of mills - The Weir'>"
      "<title>Of mills - The Weir</title><p>Words.";
  EXPECT_EQ(extract(html, {}, "").metadata.title, "Of mills");
}

// The blocks kept when those with a "z" were not.
std::string with_end_lists(const std::string& html) {
  Dom dom;
  EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
  PageBlocks page;
  cut_into_blocks(dom, {}, page);
  std::vector<uint8_t> keep;
  for (const Block& block : page.blocks) keep.push_back(page.text_of(block).find('z') == std::string_view::npos);
  choose_end_lists(page, keep);
  std::string out;
  for (size_t i = 0; i < keep.size(); ++i) out += keep[i] != 0 ? std::string(page.text_of(page.blocks[i])) + "/" : "";
  return out;
}

TEST(EndLists, SourcesBelongToTheText) {
  const auto list = [](const std::string& items) { return "<ul>" + items + "</ul>"; };
  const std::string links = list("<li><a href=1>z1</a><li><a href=2>z2</a>"), kept = "text/Sources:/z1/z2/";
  const auto page = [](const std::string& heading, const std::string& behind, const std::string& before = "text") {
    return "<article><p>" + before + "</p>" + heading + behind + "</article>";
  };
  EXPECT_EQ(with_end_lists(page("<h2>Sources:</h2>", links)), kept);
  EXPECT_EQ(with_end_lists(page("<p><b>Sources:</b></p>", links)), kept);
  EXPECT_EQ(with_end_lists(page("<div><h2>Sources:</h2></div>", links)), kept);
  EXPECT_EQ(with_end_lists(page("<div><h2>Sources:</h2>" + links + "</div>", "")), kept);
  EXPECT_EQ(with_end_lists(page("<p>Sources:</p>", links)), "text/Sources:/");    // no heading
  EXPECT_EQ(with_end_lists(page("<h2>Places:</h2>", links)), "text/Places:/");    // another one
  EXPECT_EQ(with_end_lists(page("<h2>Sources:</h2>", links, "z")), "Sources:/");  // no text before
  EXPECT_EQ(with_end_lists(page("<aside><h2>Sources:</h2>" + links + "</aside>", "")), "text/Sources:/");
  EXPECT_EQ(with_end_lists(page("<h2>Sources:</h2>", list("<li><a href=1>z1</a>"))), "text/Sources:/");  // one link
  EXPECT_EQ(with_end_lists(page("<h2>Sources:</h2>", list("<li><a href=1>zz</a><li><a href=2>zz</a>zzzz"))),
            "text/Sources:/zz/zzzzzz/");  // half of it
  EXPECT_EQ(with_end_lists(page("<h2>Sources:</h2>", list("<li><a href=1>zz</a><li><a href=2>zz</a>zzzzz"))),
            "text/Sources:/");
}

TEST(EndLists, OffersDoNot) {
  const std::string links = "<ul><li><a href=1>a</a><li><a href=2>b</a></ul>";
  EXPECT_EQ(with_end_lists("<p>text</p><h2>Related articles</h2>" + links + "<p>end</p>"), "text/end/");
  EXPECT_EQ(with_end_lists("<p>text</p><h2>Related work</h2>" + links + "<p>end</p>"), "text/Related work/a/b/end/");
  EXPECT_EQ(with_end_lists("<p>text</p><h2>Related articles</h2><p>words</p>" + links),
            "text/Related articles/words/a/b/");
}

}  // namespace
}  // namespace ftok::html
