// Tables, signs in them and lists of definitions as sites mark them up: tables by their roles, of one cell in a cell,
// ticks that are images, properties. Each rule on both sides.
#include <gtest/gtest.h>

#include <string>

#include "tests/extract/laid_out.h"

namespace ftok::html {
namespace {

std::string as_text(const std::string& html) { return laid_out(html, false); }

const std::string kLamps = "| Lamp | Range |\n| --- | --- |\n| Oil | 12 miles |\n| Gas | 18 miles |";

TEST(RoleTables, AreTables) {
  const auto table = [](const std::string& role, const std::string& row, const std::string& cell) {
    const auto line = [&](const std::string& part, const std::string& a, const std::string& b) {
      const std::string open = "<" + cell + " role=" + part + ">", close = "</" + cell + ">";
      return "<" + row + " role=row>" + open + a + close + open + b + close + "</" + row + ">";
    };
    return laid_out("<div role=" + role + "><div role=rowgroup>" + line("columnheader", "Lamp", "Range") +
                    "</div><div>" + line("cell", "Oil", "12 miles") + line("gridcell", "Gas", "18 miles") +
                    "</div></div>");
  };
  EXPECT_EQ(table("table", "div", "div"), kLamps);
  EXPECT_EQ(table("grid", "div", "span"), kLamps);
  EXPECT_EQ(table("treegrid", "section", "p"), kLamps);
  EXPECT_EQ(table("table", "ul", "li"), kLamps);
  EXPECT_EQ(table("table", "lit-row", "lit-cell"), kLamps);
  EXPECT_NE(table("presentation", "div", "div"), kLamps);  // rows of no table
  EXPECT_EQ(table("list", "div", "span").find('|'), std::string::npos);
  EXPECT_NE(table("table", "div", "b"), kLamps);  // an element that says something itself
}

TEST(RoleTables, AndTablesInOneAnother) {
  const std::string rows = "<tr><th>Lamp<th>Range<tr><td>Oil<td>12 miles<tr><td>Gas<td>18 miles</table>";
  EXPECT_EQ(laid_out("<table role=grid>" + rows), kLamps);
  EXPECT_EQ(laid_out("<table><tr role=row><th role=columnheader>Lamp<th role=columnheader>Range<tr role=row>"
                     "<td role=gridcell>Oil<td>12 miles<tr><td>Gas<td>18 miles</table>"),
            kLamps);
  EXPECT_EQ(laid_out("<div role=table><div role=row><div role=cell><table>" + rows + "</div></div></div>"), kLamps);
}

TEST(TablesOfOneCell, ArePartsOfTheCellAround) {
  const auto in = [](const std::string& text) { return "<table><tr><td>" + text + "</table>"; };
  const auto table = [](const std::string& first, const std::string& second) {
    return laid_out("<table><tr><th>Lamp<th>Range<tr><td>" + first + "<td>12 miles<tr><td>" + second +
                    "<td>18 miles</table>");
  };
  EXPECT_EQ(table(in("Oil"), in("Gas")), kLamps);
  EXPECT_EQ(table(in(in("Oil")), "Gas"), kLamps);
  EXPECT_NE(table("<table><tr><td>Oil<td>Gas</table>", "Gas"), kLamps);  // of two cells
  EXPECT_NE(table(in("Oil"), "<table><tr><td>Gas<tr><td>Gas</table>"), kLamps);
  const auto is_grid = [&](const std::string& text) {
    return table(in(text), "Gas").find(text + " | ") != std::string::npos;
  };
  EXPECT_TRUE(is_grid(std::string(200, 'x')));
  EXPECT_FALSE(is_grid(std::string(201, 'x')));  // a post of a forum
  EXPECT_NE(table(in("a<p>b"), "Gas").find("a b | "), std::string::npos);
  EXPECT_EQ(table(in("a<p>b<p>c"), "Gas").find("a b c"), std::string::npos);
  EXPECT_EQ(table(in("a<br>b"), "Gas").find("a b | "), std::string::npos);
  EXPECT_NE(laid_out("<table><tr><td>" + in("Oil") + "<td>12 miles</table>"), "| Oil | 12 miles |\n| --- | --- |");
  EXPECT_EQ(laid_out("<table><tr><td>Oil<tr><td>" + in("Gas") + "</table>"), "Oil\n\nGas");  // one column
}

std::string tick(const std::string& alt, const std::string& more = "") {
  return "<td><img src=/i/a.png alt='" + alt + "' " + more + ">";
}

// Three rows of a name and two cells each.
std::string compared(const std::string& a, const std::string& b, const std::string& head = "") {
  return as_text("<table>" + head + "<tr><td>Anna" + a + b + "<tr><td>Berta" + b + a + "</table>");
}

TEST(SignsInCells, SayWhatTheyMean) {
  EXPECT_EQ(compared(tick("Yes"), tick("No")), "Anna | Yes | No\nBerta | No | Yes");
  EXPECT_EQ(compared("<td><b><a href=/de>\n<img alt=Germany></a></b>", "<td>"), "Anna | Germany\nBerta | | Germany");
  EXPECT_EQ(compared(tick("Yes", "width=64 height=64px"), tick("No")), "Anna | Yes | No\nBerta | No | Yes");
  const std::string none = "Anna\nBerta", other = "Anna | | No\nBerta | No";
  for (const char* alt :
       {"", "tick.png", "icon_tick", "img/tick", "tick-2", "Tick icon", "Image of a tick", "External"})
    EXPECT_EQ(compared(tick(alt), tick("No")), other) << alt;
  EXPECT_EQ(compared(tick("Yes", "width=65"), tick("No")), other);
  EXPECT_EQ(compared(tick("Yes", "role=presentation"), tick("No")), other);
  EXPECT_EQ(compared(tick("Yes", "aria-hidden=true"), tick("No")), other);
  EXPECT_EQ(compared(tick(std::string(40, 'x')), tick("No")).find(std::string(40, 'x')), 7U);
  EXPECT_EQ(compared(tick(std::string(41, 'x')), tick("No")), other);
  EXPECT_EQ(compared(tick("one two three four five"), tick("No")).find("one two"), 7U);
  EXPECT_EQ(compared(tick("one two three four five six"), tick("No")), other);
  EXPECT_EQ(compared("<td><a href=/big.jpg><img alt=Yes></a>", tick("No")), other);  // the picture itself
  EXPECT_EQ(compared("<td><img alt=Yes> <img alt=No>", "<td>"), none);               // two
  EXPECT_EQ(compared(tick("Anna"), "<td>"), "Anna\nBerta | Anna");                   // its row says so already
}

TEST(SignsInCells, StandInRowsThatCompare) {
  const std::string yes = tick("Yes"), no = tick("No"), name = "<tr><td>";
  EXPECT_EQ(as_text("<table><tr><td>Anna" + yes + "<tr><td>Berta" + no + "</table>"), "Anna | Yes\nBerta | No");
  EXPECT_EQ(as_text("<table><tr><td>Anna" + yes + "<tr><td>Berta<td>x</table>"), "Anna\nBerta | x");  // a row alone
  EXPECT_EQ(as_text("<table><tr>" + yes + no + "<tr>" + no + yes + "</table>"), "");                  // no words
  const auto with = [&](size_t size) {
    return as_text("<table><tr><td>" + std::string(size, 'x') + yes + "<tr><td>Berta" + no + "</table>");
  };
  EXPECT_EQ(with(120).substr(120), " | Yes\nBerta | No");
  EXPECT_EQ(with(121).substr(121), "\nBerta");  // a text beside its picture
}

TEST(SignsInCells, InTheFirstColumns) {
  const auto rows = [](size_t before) {
    std::string cells;
    for (size_t i = 1; i < before; ++i) cells += "<td>";
    return as_text("<table><tr><td>Anna" + cells + tick("Yes") + tick("No") + "<tr><td>Berta" + cells + tick("No") +
                   tick("Yes") + "</table>");
  };
  EXPECT_NE(rows(22).find("Yes"), std::string::npos);  // the 23rd and the 24th
  EXPECT_NE(rows(22).find("No"), std::string::npos);
  EXPECT_EQ(rows(24), "Anna\nBerta");  // the 25th
}

// Each inner table stands between two cells of the outer one that are asked about.
TEST(SignsInCells, AroundTablesCostNoMoreARowTheMoreThereAre) {
  const auto steps = [](int rows) {
    std::string html = "<table>";
    for (int i = 0; i < rows; ++i)
      html += "<tr><td><table><tr><td>a" + tick("Yes") + "<tr><td>b" + tick("No") + "</table>" + tick("Yes");
    Dom dom;
    EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
    PageBlocks page;
    cut_into_blocks(dom, {}, page);
    return page.steps;
  };
  EXPECT_LE(steps(2000), 2 * steps(1000) + 1000);
}

TEST(SignsInCells, ThatAreAllAlikeAreBullets) {
  const auto rows = [](const std::string& first, const std::string& second) {
    return first + "<td>Anna" + second + "<tr>" + first + "<td>Berta" + second + "</table>";
  };
  const std::string yes = tick("Yes"), head = "<table><tr><th>a<th>b<th>c<tr>";
  EXPECT_EQ(as_text("<table><tr>" + rows(yes, "<td>c")), "Anna | c\nBerta | c");
  EXPECT_EQ(as_text(head + rows(yes, "<td>c")), "a | b | c\n| Anna | c\n| Berta | c");
  EXPECT_EQ(as_text(head + rows("<td>c", yes)), "a | b | c\nc | Anna | Yes\nc | Berta | Yes");  // the header names them
  EXPECT_EQ(as_text("<table><thead><tr><td>a<td>b<td>c<tbody><tr>" + rows("<td>c", yes)),
            "a | b | c\nc | Anna | Yes\nc | Berta | Yes");
  EXPECT_EQ(as_text("<table><tr>" + rows("<td>c", yes)), "c | Anna\nc | Berta");
}

TEST(SignsInLinks, OfASentence) {
  const auto text = [](const std::string& before, const std::string& link, const std::string& after) {
    return as_text("<p>" + before + "<a href=/x>" + link + "</a>" + after + "</p>");
  };
  const std::string map = "<img src=m.png alt='the map'>";
  EXPECT_EQ(text("See ", map, " for the way."), "See the map for the way.");
  EXPECT_EQ(text("See ", map, ""), "See");  // at its end
  EXPECT_EQ(text("", map, " for the way."), "for the way.");
  EXPECT_EQ(text("| ", map, "&nbsp;|"), "| |");                            // a bar of them
  EXPECT_EQ(text("See ", map + " here", " for it."), "See here for it.");  // words in the link
  EXPECT_EQ(text("See ", "<img alt='map.png'>", " for it."), "See for it.");
  EXPECT_EQ(as_text("<p>See <img alt='the map'> for it.</p>"), "See for it.");  // no link
  EXPECT_EQ(as_text("<p>See <a href=/m.jpg>" + map + "</a> for it.</p>"), "See for it.");
}

TEST(Definitions, StandUnderOneAnother) {
  EXPECT_EQ(laid_out("<dl><dt>a<dd>b<dl><dt>c<dd>d<dt>e<dd>f</dl><dt>g<dd>h</dl><p>i"),
            "a\n: b\n\n  c\n  : d\n\n  e\n  : f\n\ng\n: h\n\ni");
  EXPECT_EQ(laid_out("<dl><dt>a<dd><p>b</p><p>c</p><dd>d</dl>"), "a\n: b\n\n  c\n\n: d");
  EXPECT_EQ(laid_out("<dl><dt>a<dd>b<pre>c\nd</pre>e</dl>"), "a\n: b\n\n  ```\n  c\n  d\n  ```\n\n  e");
  EXPECT_EQ(laid_out("<dl><dt>a<dd>b<ul><li>c<li>d</ul></dl>"), "a\n: b\n  - c\n  - d");
  EXPECT_EQ(laid_out("<ul><li>a<dl><dt>b<dd>c</dl><li>d</ul>"), "- a\n\n  b\n  : c\n- d");
  EXPECT_EQ(laid_out("<dl><div><dt>a<dd>b</div><div><dt>c<dd>d</div></dl>"), "a\n: b\n\nc\n: d");
  // No deeper: under four spaces CommonMark has code.
  EXPECT_EQ(laid_out("<dl><dt>a<dd>b<dl><dt>c<dd>d<dl><dt>e<dd>f</dl></dl></dl>"),
            "a\n: b\n\n  c\n  : d\n\n  e\n  : f");
}

TEST(Definitions, OfPropertiesAreALineEach) {
  const auto list = [](const std::string& value) {
    return as_text("<dl><dt>Height<dd>" + value + "<dt>Built:<dd>1871</dl>");
  };
  EXPECT_EQ(list("31 m"), "Height: 31 m\nBuilt: 1871");
  EXPECT_EQ(list("31 m<dd>102 ft"), "Height: 31 m, 102 ft\nBuilt: 1871");
  EXPECT_EQ(list("1<dd>2<dd>3<dd>4"), "Height: 1, 2, 3, 4\nBuilt: 1871");
  EXPECT_EQ(list("1<dd>2<dd>3<dd>4<dd>5"), "Height\n1\n2\n3\n4\n5\nBuilt:\n1871");
  EXPECT_EQ(list("It is high. Very."), "Height\nIt is high. Very.\nBuilt:\n1871");  // a sentence
  EXPECT_EQ(list("a<br>b"), "Height\na\nb\nBuilt:\n1871");
  EXPECT_EQ(list(std::string(100, 'x')), "Height: " + std::string(100, 'x') + "\nBuilt: 1871");
  EXPECT_EQ(list(std::string(101, 'x')), "Height\n" + std::string(101, 'x') + "\nBuilt:\n1871");
  EXPECT_EQ(list("<p>31 m</p>"), "Height: 31 m\nBuilt: 1871");
  EXPECT_EQ(list("<div><p>31 m</p></div><dd><p>102 ft</p>"), "Height: 31 m, 102 ft\nBuilt: 1871");
  EXPECT_EQ(list("<p>31 m</p><p>102 ft</p>"), "Height\n31 m\n102 ft\nBuilt:\n1871");  // two paragraphs in one
  EXPECT_EQ(list("31 m<p>102 ft</p>"), "Height\n31 m\n102 ft\nBuilt:\n1871");
  EXPECT_EQ(list("<ul><li>31 m</ul>"), "Height\n- 31 m\nBuilt:\n1871");
  EXPECT_EQ(list("<blockquote>31 m</blockquote>"), "Height\n31 m\nBuilt:\n1871");
  EXPECT_EQ(list("<p>It is high. Very.</p>"), "Height\nIt is high. Very.\nBuilt:\n1871");
  EXPECT_EQ(as_text("<dl><dt>Height<dd>31 m</dl>"), "Height\n31 m");  // one
  EXPECT_EQ(as_text("<dl><dt>a<dt>b<dd>c<dt>d<dd>e</dl>"), "a\nb\nc\nd\ne");
  EXPECT_EQ(as_text("<dl><dt>a<dd>b<dt>c</dl>"), "a\nb\nc");
  const auto term = [](size_t size) { return as_text("<dl><dt>" + std::string(size, 'x') + "<dd>a<dt>b<dd>c</dl>"); };
  EXPECT_EQ(term(60), std::string(60, 'x') + ": a\nb: c");
  EXPECT_EQ(term(61), std::string(61, 'x') + "\na\nb\nc");
}

}  // namespace
}  // namespace ftok::html
