// Our parser against gumbo on real pages and on mutations of them: the same tree, but for what the standard changed
// since gumbo was written, which the comparison leaves out page by page and counts.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core/file.h"
#include "extract/html/gumbo_parser.h"
#include "extract/html/parser.h"
#include "tests/extract/tree_dump.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

using html::Dom;
using html::HtmlParser;
using html::ParseStatus;

std::string tree_of(const std::string& page, HtmlParser parser, ParseStatus& status, bool& unknown) {
  Dom dom;
  status = html::parse_html(page, {}, dom, parser).status;
  for (html::NodeId id = 0; id < dom.size(); ++id) {
    unknown |= dom[id].is_element() && dom[id].tag == html::Tag::kUnknown;
  }
  return status == ParseStatus::kDone ? testing::dump_tree(dom, Dom::kRoot) : std::string();
}

// What gumbo 0.10.1 (2015) does otherwise by rules that have changed since, or knows not at all.
bool has_newer_rules(const std::string& page) {
  for (const char* word :
       {"<select", "<SELECT", "<template", "<ruby", "<rt", "<rb", "<menuitem", "<isindex", "<dialog", "<search",
        "<main", "<svg", "<math", "<!DOCTYPE", "<!doctype", "<frameset", "<noscript", "<NOSCRIPT"}) {
    if (page.find(word) != std::string::npos) return true;
  }
  return false;
}

std::string first_difference(const std::string& a, const std::string& b) {
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  const size_t begin = i < 80 ? 0 : i - 80;
  return "\n--- ours\n" + a.substr(begin, 160) + "\n--- gumbo's\n" + b.substr(begin, 160) + "\n";
}

std::string mutate(std::string page, std::mt19937& random) {
  const auto below = [&](size_t n) { return static_cast<size_t>(random()) % n; };
  for (size_t change = 0; change < 1 + below(6) && page.size() > 2; ++change) {
    const size_t tag = page.find('<', below(page.size()));
    const size_t end = tag == std::string::npos ? tag : page.find('>', tag);
    switch (below(5)) {
      case 0: page.erase(below(page.size()), 1 + below(8)); break;
      case 1:
        if (end != std::string::npos) page.erase(tag, end + 1 - tag);
        break;
      case 2:
        if (end != std::string::npos) page.insert(below(page.size()), page.substr(tag, end + 1 - tag));
        break;
      case 3: page.resize(below(page.size())); break;
      default: std::swap(page[below(page.size())], page[below(page.size())]);
    }
  }
  return page;
}

constexpr const char* kSeeds[] = {
    "<p>one<b>two<p>three</b>four<ul><li>a<li>b</ul><table><tr><td>x<td>y<tr><th>z</table>tail<a href=x>l<a "
    "href=y>m</a>",
    "<div><table>text<tr><td><a>in</table></a><i>k<div>l</i>m</div>n<h1>o<h2>p</h1><dl><dt>q<dd>r<dt>s</"
    "dl><form><input><form>",
    "<html><head><title>a&amp;b</title><meta name=x content='&eacute;&notit;'></head><body "
    "class=k><button>u<button>v</button>"
    "<pre>\n\nw</pre><textarea>\n<b></textarea><!-- c "
    "--><script>if(a<b)<!--\nx--></script><nobr>y<nobr>z</nobr><br/></p></br>"};

TEST(ParserTwins, AgreeOnMutatedPages) {
  if (!html::has_gumbo()) GTEST_SKIP() << "built without gumbo";
  std::mt19937 random(7);
  size_t compared = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string page = mutate(kSeeds[i % 3], random);
    if (has_newer_rules(page) || page.find('\0') != std::string::npos) continue;
    ParseStatus ours, theirs;
    bool unknown = false;  // gumbo takes any two names it does not know for one
    const std::string a = tree_of(page, HtmlParser::kFtok, ours, unknown);
    const std::string b = tree_of(page, HtmlParser::kGumbo, theirs, unknown);
    if (unknown) continue;
    if (ours != ParseStatus::kDone || theirs != ParseStatus::kDone) continue;
    ++compared;
    ASSERT_EQ(a, b) << page << first_difference(a, b);
  }
  EXPECT_GT(compared, 5000u);
  std::printf("%zu mutated pages compared\n", compared);
}

}  // namespace
}  // namespace ftok
