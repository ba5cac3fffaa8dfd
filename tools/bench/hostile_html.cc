#include "tools/bench/hostile_html.h"

#include <algorithm>
#include <random>
#include <string_view>

namespace ftok::bench {
namespace {

std::string repeat(const HostilePage& page, size_t bytes) {
  std::string out = page.before;
  out.reserve(bytes + page.unit.size());
  while (out.size() < bytes) out += page.unit;
  return out;
}

// The unit with "#" counted up: a new name or value each time.
std::string count_up(const HostilePage& page, size_t bytes) {
  std::string out = page.before;
  const size_t mark = page.unit.find('#');
  for (size_t i = 0; out.size() < bytes; ++i) {
    out.append(page.unit, 0, mark).append(std::to_string(i)).append(page.unit, mark + 1);
  }
  return out;
}

// Tags of 400 attributes, and one of as many as there is room for.
std::string many_attributes(const HostilePage&, size_t bytes) {
  std::string tag = "<div";
  for (int i = 0; i < 399; ++i) tag += " data-a" + std::to_string(i) + "=1";
  tag += ">x</div>";
  std::string out;
  while (out.size() < bytes) out += tag;
  return out;
}

// 60 formatting elements, opened again in every paragraph.
std::string reconstructed(const HostilePage&, size_t bytes) {
  std::string out = "<p>";
  for (int i = 0; i < 60; ++i) out += "<b id=" + std::to_string(i) + ">";
  while (out.size() < bytes) out += "</p><p>x";
  return out;
}

// 500 open elements, and end tags that look for one far down.
std::string deep_then(const HostilePage& page, size_t bytes) {
  std::string out = page.before;
  for (int i = 0; i < 480; ++i) out += "<span>";
  while (out.size() < bytes) out += page.unit;
  return out;
}

std::string random_bytes(const HostilePage&, size_t bytes) {
  std::mt19937 random(1);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string random_of_alphabet(const HostilePage& page, size_t bytes) {
  std::mt19937 random(2);
  std::string out(bytes, '\0');
  for (char& c : out) c = page.unit[random() % page.unit.size()];
  return out;
}

// Random start and end tags of the names in `unit`, separated by spaces.
std::string random_tags(const HostilePage& page, size_t bytes) {
  std::vector<std::string> names;
  for (size_t at = 0; at < page.unit.size();) {
    const size_t end = std::min(page.unit.find(' ', at), page.unit.size());
    names.push_back(page.unit.substr(at, end - at));
    at = end + 1;
  }
  std::mt19937 random(3);
  std::string out;
  while (out.size() < bytes) {
    out += random() % 100 < 55 ? "<" : "</";
    out += names[random() % names.size()];
    if (random() % 4 == 0) out += " a" + std::to_string(random() % 3) + "=" + std::to_string(random() % 3);
    out += random() % 3 == 0 ? ">x" : ">";
  }
  return out;
}

// What a page may repeat, kind by kind.
// clang-format off
constexpr const char* kUnits[] = {
    "a", " ", "\n", "\r", "<", ">", "&", "\"", "/", "=", "</", "<!", "<?", "<!-", "</>", "</p", "\xFF",
    "\xEF\xBB\xBF",
    // never closed
    "<div>", "<span>", "<a>", "<a href=x>y", "<p>", "<b>", "<li>", "<td>", "<table>", "<select>", "<option>",
    "<optgroup>", "<svg>", "<math>", "<template>", "<form>", "<button>", "<h1>", "<ruby>", "<rt>", "<object>",
    "<unknown>", "<frameset>", "<isindex>", "<noscript>", "<nobr>", "<font>", "<caption>", "<col>", "<tr>",
    "<body>", "<html>", "<head>", "<br>", "<input>", "<image>",
    // never opened
    "</div>", "</p>", "</br>", "</b>", "</a>", "</li>", "</table>", "</svg>", "</template>", "</html>", "</body>",
    // formatting elements, nested and misnested
    "<b><i>x", "<b><p></b>", "<b><div></b>", "<a><div></a>", "<a><p><a>", "<p><b></p>", "<b></p><p>x",
    "<i><b></i></b>", "<a><div><div></a>", "<font size=1><p></font>", "<nobr><div><nobr>", "<b><table></b>",
    "<em><h1></em></h1>",
    // tables and foster parenting
    "<table>x", "<table><b>x", "<table><tr><td>", "<table><a><table><a>", "<table><td><table>", "<table><tr>x<td>y",
    "<table><p></table>", "<table><caption><table>", "<table><select>", "<table><svg><desc>", "<table><template>",
    // lists
    "<ul><li>", "<ol><li><p>", "<dl><dd>", "<dl><dt><dl>", "<li><p></li>", "<dd><div>",
    // foreign content
    "<svg><desc>", "<svg><foreignObject><div>", "<svg><p>", "<math><mi>", "<math><annotation-xml>",
    "<svg><style><div>", "<svg></p>",
    // forms
    "<select><option>", "<select><optgroup>", "<select><button><selectedcontent></button><option>x</select>",
    "<form></form>x",
    // text
    "&amp;", "&amp", "&notit ", "&#x26;", "&#38", "&#99999999999999999999;", "&CounterClockwiseContourIntegral;",
    "&a", "&;", "&#", "&#x", "&NotEqualTilde;", "x\r", "<br>x", "<a b=&>", "<a b='&amp;&lt'>",
    // comments, doctypes
    "<!-- -->", "<!---->", "<!-->", "<!doctype x>", "<!doctype html public \"", "<!doctype", "<?x>", "</ x>",
    "<!-- -- -->",
    // attributes
    "<a b c>", "<a B C D>", "<a b>", "<a a a a a a a a a a a a>", "<a =>", "<a / / />", "<a\n\n\n>", "<body a=b>",
    "<html a=b>",
    // raw text
    "<title></title>", "<textarea>\n</textarea>", "<script></script>", "<style></style>", "<iframe></iframe>",
    "<xmp>", "<plaintext>", "<script><!--<script></script>-->"};
// clang-format on

// One unit again and again, or after an opening that changes what it means.
void add_repeated(std::vector<HostilePage>& pages) {
  const auto add = [&](std::string before, std::string unit) {
    std::string name = before.empty() ? unit : before + " " + unit;
    pages.push_back({std::move(name), repeat, std::move(before), std::move(unit)});
  };
  for (const char* unit : kUnits) add("", unit);
  add("", std::string(1, '\0'));
  pages.back().name = "NUL";
  for (const char* name : {"<script>", "<style>", "<title>", "<textarea>", "<!--", "<svg><![CDATA[", "<a b='",
                           "<a b=", "<a ", "<", "</", "<plaintext>", "<!doctype html \"", "&", "&#", "&#x"}) {
    for (const char* unit : {"x", "<", "</", "-", "&amp;", "--", "<!--", "]]", "</scrip", "</titl", "<script ", "=1 "})
      add(name, unit);
  }
  add("<script><!--", "-");
  add("<script><!--", "<script>");
  add("<script><!--", "</script");
  add("<script><!--<script>", "</script>");
  add("<table>", std::string("<tr>\0x", 6));
  add("<a b=\"", std::string(3, '\0'));
  for (const char* rule : {".x{a:b;", ".x,", ".x{a:b}", "@media{.x{"})
    add("<body><p>Words <span class=x>not seen</span> of a text.</p><style>", rule);
}

// Units that differ by a number.
void add_counted(std::vector<HostilePage>& pages) {
  const auto counted = [&](std::string before, std::string unit) {
    pages.push_back({before + " " + unit + " counted", count_up, std::move(before), std::move(unit)});
  };
  counted("", "<b id=#></p><p>x");
  counted("", "<b id=#>");
  counted("", "<a id=#><p>");
  counted("", "<x#>");
  counted("", "</x#>");
  counted("", "<body a#=1>");
  counted("", "<html a#=1>");
  counted("<a", " a#=1");
  counted("<a", " a#");
  counted("", "<font color=#><div></font>");
}

// Deep stacks and random mark-up.
void add_deep_and_random(std::vector<HostilePage>& pages) {
  for (const char* name : {"<script>", "<style>", "<title>", "<textarea>"})
    pages.push_back({std::string(name) + ", then paragraphs", repeat, name, "</p>\n<p>x"});
  for (const char* unit : {"<i><template shadowrootmode=open><slot>x",
                           "<i><template shadowrootmode=open></template></i>",
                           "<template shadowrootmode=open><slot name=a></slot></template><b slot=a>x</b>",
                           "<slot name=a></slot>x",
                           "<table><tr><td class=gutter>1<td><pre>x</pre>",
                           "<div class=gutter>1",
                           "<i class=ln>1</i>",
                           "<pre>a\nb</pre>",
                           "<pre>1\n2</pre>",
                           "<h2>Sources</h2><ul><li><a href=a>a</a><li><a href=b>b</a></ul>",
                           "<tr><td>1<td><pre>2</pre>",
                           "<tr><td colspan=999 rowspan=0>x<tr><td>",
                           "<tr><td rowspan=2></td></tr>",
                           "<ol reversed><li>x",
                           "<ruby>a<rt>b",
                           "<rt>a<!---->",
                           "<math><semantics><annotation encoding=TeX>x",
                           "<p style='clip:rect(0,0,0,0);left:-1'>x",
                           "<i class=katex-html aria-hidden=true>x",
                           "<a name=x>x<p>"})
    pages.push_back({"a table and a host, then " + std::string(unit), repeat,
                     "<table><tr><td><div><template shadowrootmode=open>", unit});
  pages.push_back({"a table of tables of images", repeat, "<table>",
                   "<tr><td><table><tr><td><img alt=x><td>w<tr><td><img alt=y><td>v</table><td><img alt=x>"});
  pages.push_back({"tags of 399 attributes", many_attributes, {}, {}});
  pages.push_back({"60 formatting elements reconstructed", reconstructed, {}, {}});
  for (const char* unit : {"</p>", "</x>", "</b>", "<p></p>", "<li></li>", "<b></b>", "<a></a>", "x<br>", "</div>",
                           "<table></table>", "<svg></svg>", "</h1>", "</span><span>"}) {
    pages.push_back({"480 deep, then " + std::string(unit), deep_then, "<div><x>", unit});
    pages.push_back({"480 deep in p and b, then " + std::string(unit), deep_then, "<p><b>", unit});
  }
  pages.push_back({"random bytes", random_bytes, {}, {}});
  pages.push_back({"random markup characters", random_of_alphabet, {}, "<>&\"'=/!-? ab\n"});
  pages.push_back({"random angle brackets", random_of_alphabet, {}, "<>/ab"});
  pages.push_back(
      {"random tags",
       random_tags,
       {},
       "div span a b p table tr td ul li svg math select option form template script title h1 font em button"});
  pages.push_back({"random formatting", random_tags, {}, "a b i p div nobr"});
  pages.push_back({"random tables", random_tags, {}, "table tr td tbody caption colgroup col b p select"});
  pages.push_back({"random foreign", random_tags, {}, "svg math desc title mi annotation-xml foreignobject p div b"});
}

std::vector<HostilePage> make_pages() {
  std::vector<HostilePage> pages;
  add_repeated(pages);
  add_counted(pages);
  add_deep_and_random(pages);
  return pages;
}

}  // namespace

const std::vector<HostilePage>& hostile_pages() {
  static const std::vector<HostilePage> pages = make_pages();
  return pages;
}

}  // namespace ftok::bench
