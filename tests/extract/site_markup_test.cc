// What sites lay out in ways of their own: refrains in boxes, what a sentence announces, pieces of a line that are not
// shown, drawings of formulas, listings of code, tables and lists. Each rule on both sides.
#include <gtest/gtest.h>

#include <string>

#include "extract/content/keep_announced.h"
#include "tests/extract/laid_out.h"

namespace ftok::html {
namespace {

std::string plain(const std::string& html) { return laid_out(html, false); }

size_t count_in(const std::string& text, const std::string& line) {
  size_t count = 0;
  for (size_t at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) ++count;
  return count;
}

const std::string kLine = "This line of nine words comes back again here";

TEST(Refrains, InBoxesOfTheirOwnBehindDifferentTexts) {
  const auto times = [](const std::string& before, const std::string& box, const std::string& end) {
    std::string html = "<article>";
    for (const char* verse : {"one", "two", "three"}) html += before + verse + end + box;
    return count_in(plain(html + "</article>"), kLine);
  };
  EXPECT_EQ(times("<p>", "<blockquote><p>" + kLine + "</p></blockquote>", "</p>"), 3U);
  EXPECT_EQ(times("<div class=verse><p>", "<div class=chorus><p>" + kLine + "</p></div>", "</p></div>"), 3U);
  EXPECT_EQ(times("<p>", "<aside><p>" + kLine + "</p></aside>", "</p>"), 3U);
  EXPECT_EQ(times("<h2>", "<div class=warning><p>" + kLine + "</p></div>", "</h2>"), 3U);
  EXPECT_EQ(times("<p>", "<div><h4>All</h4><p>" + kLine + "</p></div>", "</p>"), 3U);
  EXPECT_EQ(times("<p>", "<div><img><p>" + kLine + "</p></div>", "</p>"), 1U);  // the caption of its image
}

TEST(Refrains, CopiesOfABoxStandOnce) {
  const std::string box = "<div class=a><p>" + kLine + "</p></div>";
  const auto times = [](const std::string& html) { return count_in(plain("<article>" + html), kLine); };
  EXPECT_EQ(times("<p>one</p>" + box + box), 1U);                 // one behind the other
  EXPECT_EQ(times("<p>one</p>" + box + "<p>one</p>" + box), 1U);  // behind the same text
  EXPECT_EQ(times(box + "<p>one</p>" + box), 1U);                 // the first stands behind none
  const auto card = [](const std::string& title) {
    return "<div class=card><h3>" + title + "</h3><p>" + kLine + "</p></div>";
  };
  EXPECT_EQ(times(card("a") + card("b") + card("a")), 2U);  // an item of a list that has it twice
}

// The blocks kept when those with an "x" score .3, those with a "z" .1, all others .9 and the cut is .5.
std::string kept_by_announcement(const std::string& html) {
  Dom dom;
  EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
  PageBlocks page;
  cut_into_blocks(dom, {}, page);
  ContentChoice choice;
  for (const Block& block : page.blocks) {
    const std::string_view text = page.text_of(block);
    choice.score.push_back(text.find('z') != std::string_view::npos   ? 0.1F
                           : text.find('x') != std::string_view::npos ? 0.3F
                                                                      : 0.9F);
    choice.keep.push_back(choice.score.back() >= 0.5F);
  }
  keep_announced(page, choice, choice.keep);
  std::string out;
  for (size_t i = 0; i < choice.keep.size(); ++i) {
    if (choice.keep[i] != 0) out += std::string(page.text_of(page.blocks[i])) + "/";
  }
  return out;
}

TEST(Announced, ListsTablesAndBoxesOfLinks) {
  const auto link = [](const std::string& text) { return "<a href=/d>" + text + "</a>"; };
  const std::string four = "<article><p>To be had here:</p>", end = "<p>z</article>", kept = "To be had here:/x1/x2/";
  const std::string list = "<ul><li>" + link("x1") + "<li>" + link("x2") + "</ul>";
  EXPECT_EQ(kept_by_announcement(four + list + "</article>"), kept);
  EXPECT_EQ(kept_by_announcement(four + list + end), kept);
  EXPECT_EQ(kept_by_announcement(four + "<div><div>" + link("x1") + "</div><div>" + link("x2") + "</div></div>" + end),
            kept);
  EXPECT_EQ(kept_by_announcement(four + "<p>" + link("x1") + "</p><p>" + link("x2") + "</p>" + end), kept);
  EXPECT_EQ(kept_by_announcement(four + "<table><tr><td>" + link("x1") + "<tr><td>" + link("x2") + "</table>" + end),
            kept);
  EXPECT_EQ(kept_by_announcement("<article><p>To be had:</p>" + list + end), "To be had:/");  // three words: a label
  EXPECT_EQ(kept_by_announcement("<article><p>To be had here.</p>" + list + end), "To be had here./");
  EXPECT_EQ(kept_by_announcement("<article><h2>To be had here:</h2>" + list + end), "To be had here:/");
  EXPECT_EQ(kept_by_announcement("<div><p>To be had here:</p><p>end</p></div>" + list + end), "To be had here:/end/");
  EXPECT_EQ(kept_by_announcement(four + "<nav>" + list + "</nav>" + end), "To be had here:/");
  EXPECT_EQ(kept_by_announcement(four + "<ul><li>" + link("z1") + "<li>" + link("z2") + "</ul>" + end),
            "To be had here:/");
  EXPECT_EQ(kept_by_announcement(four + "<div><div>x1</div><div>x2</div></div>" + end),
            "To be had here:/");                                                        // no links
  EXPECT_EQ(kept_by_announcement(four + "<ul><li>x1</ul>" + end), "To be had here:/");  // one
  const auto words = [](int count) {
    std::string text = "x";
    for (int i = 1; i < count; ++i) text += " x";
    return "<ul><li>" + text + "<li>x</ul>";
  };
  EXPECT_NE(kept_by_announcement(four + words(12) + end), "To be had here:/");
  EXPECT_EQ(kept_by_announcement(four + words(13) + end), "To be had here:/");
}

TEST(Announced, NoMoreThanThirtyOfAMeanScore) {
  const std::string text = "<article><p>To be had here:</p>", end = "<p>z</article>", alone = "To be had here:/";
  const auto list = [](int items) {
    std::string html = "<ul>";
    for (int i = 0; i < items; ++i) html += "<li>x";
    return html + "</ul>";
  };
  EXPECT_NE(kept_by_announcement(text + list(30) + end), alone);
  EXPECT_EQ(kept_by_announcement(text + list(31) + end), alone);
  EXPECT_NE(kept_by_announcement(text + "<ul><li>xx<li>zz</ul>" + end), alone);  // .2
  EXPECT_EQ(kept_by_announcement(text + "<ul><li>xx<li>zzz</ul>" + end), alone);
  const auto boxes = [](const std::string& box) { return "<div>" + box + "</div><div>" + box + "</div>"; };
  EXPECT_NE(kept_by_announcement(text + boxes("<a href=/d>xx</a>xx") + end), alone);  // half of it links
  EXPECT_EQ(kept_by_announcement(text + boxes("<a href=/d>xx</a>xxx") + end), alone);
}

TEST(UnseenPieces, InTheMiddleOfASentenceOrItsLink) {
  const auto with = [](const std::string& attributes, const std::string& sheet = "") {
    return plain("<style>" + sheet + "</style><p>See <a href=/x>the plans<span " + attributes +
                 ">, new window</span></a> there");
  };
  const std::string gone = "See the plans there", kept = "See the plans, new window there";
  for (const char* name : {"sr-only", "visually-hidden", "screen-reader-text", "a11y-hidden", "u-visually-hidden x"})
    EXPECT_EQ(with("class='" + std::string(name) + "'"), gone) << name;
  for (const char* style : {"opacity:0", "font-size:0px", "transform:scale(0)", "content-visibility:hidden",
                            "position:absolute;right:9999px", "transform: scale(1, 0)"})
    EXPECT_EQ(with("style='" + std::string(style) + "'"), gone) << style;
  for (const char* style : {"opacity:0.5", "font-size:0.8em", "transform:scale(0.5)", "content-visibility:auto",
                            "position:absolute;right:99px", "right:9999px"})
    EXPECT_EQ(with("style='" + std::string(style) + "'"), kept) << style;
  EXPECT_EQ(with("class=v", ".v{position:absolute;clip:rect(0,0,0,0)}"), gone);
  EXPECT_EQ(with("class='w v'", "/* x */ p{} span.v , #i { display : none }"), gone);
  EXPECT_EQ(with("id=i", "@import 'a'; #i{display:none}"), gone);
  EXPECT_EQ(with("class=v", ".v{color:red}"), kept);
  EXPECT_EQ(with("class=v", ".v{display:none}.v{display:inline}"), kept);
  EXPECT_EQ(with("class=v", "@media print{.x{}.v{display:none}}"), kept);  // elsewhere
  EXPECT_EQ(with("class=v", ".off .v{display:none}"), kept);               // at times
  EXPECT_EQ(with("class=v", ".vv{display:none}"), kept);
  EXPECT_EQ(plain("<p>See <a href=/x><b>the plans</b><span class=sr-only>, new window</span></a> there"), gone);
}

TEST(UnseenPieces, ByTheLastDeclarationOfAStyle) {
  const auto with = [](const std::string& style) { return plain("<p>a <span style='" + style + "'>b</span>"); };
  EXPECT_EQ(with("opacity:0"), "a");
  EXPECT_EQ(with("opacity:0;opacity:1"), "a b");
  EXPECT_EQ(with("opacity:1;OPACITY:0"), "a");
  EXPECT_EQ(with("opacity:0 !important;opacity:1"), "a");
  const auto sheet = [](const std::string& rules) {
    return plain("<style>" + rules + "</style><p>a <span class=v>b</span>");
  };
  EXPECT_EQ(sheet(".v{position:absolute;left:-10000px}"), "a");
  EXPECT_EQ(sheet(".v{position:absolute;left:-10px}"), "a b");
  EXPECT_EQ(sheet(".v{VISIBILITY:COLLAPSE}"), "a");
  EXPECT_EQ(sheet(".v{display:none}.v{background-position:0 0}"), "a");
  EXPECT_EQ(sheet(".v{display:none}.v{display:inline}"), "a b");
  EXPECT_EQ(sheet(".v,.w,.v{color:red}.w,.v{display:none}"), "a");  // the first rule that names it says nothing
  EXPECT_EQ(sheet(".v,.w{color:red}.w{display:none}"), "a b");
}

TEST(UnseenPieces, BoundsOfTheSearch) {
  const auto comments = [](int count) {
    std::string html = "<p>a";
    for (int i = 0; i < count; ++i) html += "<!-- -->";
    return plain(html + "<span class=sr-only>b</span>");
  };
  EXPECT_EQ(comments(3), "a");
  EXPECT_EQ(comments(4), "ab");  // words further away are none
  const auto nodes = [](const std::string& more) {
    return plain("<p>a <span class=sr-only><b>b</b><b>b</b><b>b</b><b>b</b>" + more + "</span>");
  };
  EXPECT_EQ(nodes(""), "a");  // eight nodes
  EXPECT_EQ(nodes("b"), "a bbbbb");
  const auto names = [](int count) {
    std::string sheet, text = "a";
    for (int i = 0; i < count; ++i) {
      const std::string name = "v" + std::to_string(i);
      sheet.append(".").append(name).append("{display:none}");
      text.append(" <span class=").append(name).append(">b</span> c");
    }
    return plain("<style>" + sheet + "</style><p>" + text);
  };
  EXPECT_EQ(names(4), "a c c c c");
  EXPECT_EQ(names(5), "a c c c c b c");  // the fifth is not looked for
}

TEST(UnseenPieces, BoundsOfSheets) {
  const auto with = [](const std::string& sheet) {
    return plain("<style>" + sheet + "</style><p>a <span class=v>b</span>");
  };
  const std::string rule = ".v{display:none", comment = "/**/";
  const auto padded = [&](size_t bytes) {
    return "/*" + std::string(bytes - rule.size() - comment.size(), 'x') + "*/" + rule;
  };
  EXPECT_EQ(with(padded(65536)), "a");
  EXPECT_EQ(with(padded(65537)), "a b");  // cut off within the value
  const auto behind = [](int names) {
    std::string sheet;
    for (int i = 0; i < names; ++i) sheet += ".n" + std::to_string(i) + "{display:none}";
    return sheet + ".v{display:none}";
  };
  EXPECT_EQ(with(behind(499)), "a");
  EXPECT_EQ(with(behind(500)), "a b");
  const auto selectors = [](size_t bytes) { return std::string(bytes - 3, 'x') + ",.v{display:none}"; };
  EXPECT_EQ(with(selectors(400)), "a");
  EXPECT_EQ(with(selectors(401)), "a b");
}

TEST(UnseenPieces, WhatIsNoPieceOfASentenceStays) {
  EXPECT_EQ(plain("<p><span class=sr-only>Price</span>"), "Price");
  EXPECT_EQ(plain("<p><span class=sr-only>Price </span>5"), "Price 5");         // what a line begins with is its label
  EXPECT_EQ(plain("<p><span class=sr-only>Price</span> <b>5</b>"), "Price 5");  // beside an element, in no sentence
  EXPECT_EQ(plain("<p><a href=/x><b>a</b><span class=sr-only>b</span></a>"), "ab");
  EXPECT_EQ(plain("<p>a <span class=sr-only>" + std::string(80, 'b') + "</span>"), "a");
  EXPECT_EQ(plain("<p>a <span class=sr-only>" + std::string(81, 'b') + "</span>"), "a " + std::string(81, 'b'));
  EXPECT_EQ(plain("<div>a <div class=sr-only>b</div></div>"), "a\nb");
}

TEST(Drawings, HiddenFromScreenReadersWithoutACopy) {
  const auto in = [](const std::string& drawing) { return plain("<p>so " + drawing + " it is"); };
  const std::string drawn = "so E it is", gone = "so it is";
  EXPECT_EQ(in("<span class=katex aria-hidden=true><span class=katex-html>E</span></span>"), drawn);
  EXPECT_EQ(in("<span aria-hidden=true><span class=katex><span class=katex-html>E</span></span></span>"), drawn);
  EXPECT_EQ(in("<span class=mjx-chtml><span class=mjx-math aria-hidden=true>E</span></span>"), drawn);
  EXPECT_EQ(in("<span role=math><span aria-hidden=true class=x>E</span></span>"), drawn);
  EXPECT_EQ(in("<span class=x><span aria-hidden=true class=x>E</span></span>"), gone);
  EXPECT_EQ(in("<span class=mjx-chtml><span class=mjx-math aria-hidden=true>E</span><math alttext=F></math></span>"),
            "so $F$ it is");
  EXPECT_EQ(in("<span aria-hidden=true>E</span>"), drawn);
  EXPECT_EQ(in("<span aria-hidden=true>E</span><span>F</span>"), "so F it is");  // a copy
  EXPECT_EQ(in("<span aria-hidden=true>\u2192</span>"), gone);                   // a sign
  EXPECT_EQ(in("<span aria-hidden=true hidden>E</span>"), gone);
  EXPECT_EQ(in("<span class=katex aria-hidden=true hidden><span class=katex-html>E</span></span>"), gone);
  EXPECT_EQ(in("<span class=katex aria-hidden=true style='display:none'><span class=katex-html>E</span></span>"), gone);
  EXPECT_EQ(in("<span class=base><span aria-hidden=true class=x>E</span></span>"), gone);  // a name that others use too
  EXPECT_EQ(in("<em>F</em> and <span aria-hidden=true>E</span>"), "so F and E it is");     // words between: no copy
  EXPECT_EQ(in("<em>F</em> <span aria-hidden=true>E</span>"), "so F it is");
  EXPECT_EQ(plain("<p>\u0431\u0430\u043a <span aria-hidden=true>5</span> \u043b"), "\u0431\u0430\u043a 5 \u043b");
  EXPECT_EQ(plain("<p>\u2192 <span aria-hidden=true>5</span> \u2192"), "\u2192 \u2192");
  EXPECT_EQ(plain("<p><span aria-hidden=true>E</span><i></i>"), "");  // beside no words
}

TEST(Drawings, OfMathJaxFromAScript) {
  const std::string script = "<script type='math/tex'>E</script>";
  EXPECT_EQ(plain("<p>so <span class=MathJax><nobr>E</nobr></span>" + script), "so $E$");
  EXPECT_EQ(plain("<p>so <span class=MathJax_Display><span class=MathJax>E</span></span>" + script), "so $E$");
  EXPECT_EQ(plain("<p>so <span class=MathJax><nobr>E</nobr></span>"), "so E");
  EXPECT_EQ(plain("<p>so <span class=x>E</span>" + script), "so E$E$");
}

TEST(MathMlNames, ActionsAndPrefixes) {
  const auto math = [](const std::string& of) { return plain("<p><math>" + of + "</math>"); };
  EXPECT_EQ(math("<maction><mi>a</mi><mi>b</mi></maction>"), "$a$");
  EXPECT_EQ(math("<maction actiontype=toggle selection=2><mi>a</mi><mi>b</mi></maction>"), "$b$");
  EXPECT_EQ(math("<maction actiontype=toggle selection=3><mi>a</mi><mi>b</mi></maction>"), "$a$");
  EXPECT_EQ(math("<maction actiontype=tooltip selection=2><mi>a</mi><mi>b</mi></maction>"), "$a$");
  EXPECT_EQ(plain("<p>a <m:math><m:msup><m:mi>P</m:mi><m:mn>2</m:mn></m:msup></m:math>"), "a $P^{2}$");
  EXPECT_EQ(plain("<p>a <mml:math><mml:semantics><mml:mi>P</mml:mi><mml:annotation encoding='application/x-tex'>Q"
                  "</mml:annotation></mml:semantics></mml:math>"),
            "a $Q$");
  EXPECT_EQ(plain("<p>a <m:maths><m:mi>P</m:mi></m:maths>"), "a P");
}

TEST(TablesOfData, HeadingsAndCodeInACellAreOneLine) {
  const auto table = [](const std::string& cell, const std::string& head = "th") {
    return laid_out("<table><tr><" + head + ">A<" + head + ">B<tr><td>" + cell + "<td>b</table>");
  };
  const auto with = [](const std::string& cell) { return "| A | B |\n| --- | --- |\n| " + cell + " | b |"; };
  EXPECT_EQ(table("<h4>a</h4><p>c"), with("a c"));
  EXPECT_EQ(table("<pre>a  b\n|c</pre>"), with("`a b \\|c`"));
  EXPECT_EQ(table("<pre>`</pre>"), with("`` ` ``"));
  EXPECT_NE(table("<h4>a</h4>", "td"), with("a"));  // no header: a layout
  EXPECT_EQ(table("<pre>1\n2\n3\n4\n5\n6\n7\n8</pre>"), with("`1 2 3 4 5 6 7 8`"));
  EXPECT_NE(table("<pre>1\n2\n3\n4\n5\n6\n7\n8\n9</pre>"), with("`1 2 3 4 5 6 7 8 9`"));  // a listing
}

TEST(TablesOfData, WithHeadingsAreSmall) {
  const auto table = [](const std::string& cell, const std::string& rows = "<tr><td>c<td>d") {
    return laid_out("<table><tr><th>A<th>B<tr><td><h4>a</h4>" + cell + "<td>b" + rows + "</table>");
  };
  const auto is_grid = [](const std::string& text) { return text.find("#### a") == std::string::npos; };
  EXPECT_TRUE(is_grid(table(std::string(199, 'x'))));  // with the heading 200 bytes
  EXPECT_FALSE(is_grid(table(std::string(200, 'x'))));
  const std::string words = "Words enough to make a paragraph of a page, as long as a line of eighty is";
  EXPECT_TRUE(is_grid(table("<p>" + words + " or so")));                      // no sentence
  EXPECT_FALSE(is_grid(table("<p>" + words + " or so.")));                    // a paragraph
  EXPECT_TRUE(is_grid(table("<p>" + words.substr(4) + ".")));                 // 79 letters at most
  EXPECT_FALSE(is_grid(laid_out("<table><tr><th><h4>a</h4><th>b</table>")));  // one row
}

TEST(TablesOfData, PlacesForEachCell) {
  const auto is_grid = [](int rows) {
    std::string html = "<table>";
    for (int i = 0; i < rows; ++i) html += "<tr><td rowspan=" + std::to_string(rows - i) + ">x<td>y";
    return plain(html + "</table>").find("| | ") != std::string::npos;
  };
  EXPECT_TRUE(is_grid(50));   // 50 rows of 51 columns, and 16 places for each of 100 cells and 1,000
  EXPECT_FALSE(is_grid(51));  // 2,652 places; 2,632 are allowed
}

TEST(TablesOfData, SpansMakeNoMoreThanThePageHas) {
  std::string html = "<table>";
  for (int i = 0; i < 2000; ++i) html += "<tr><td rowspan=" + std::to_string(2000 - i) + ">x<td>y";
  EXPECT_LT(laid_out(html).size(), 4 * html.size());
  EXPECT_LT(plain(html).size(), html.size());
  EXPECT_EQ(plain("<table><tr><td rowspan=3>x<td>1<tr><td>2<tr><td>3</table>"), "x | 1\n| 2\n| 3");
}

TEST(TablesOfData, BehindAnAnchorThatNeverEnds) {
  const auto letters = [](const std::string& link) {
    Dom dom;
    const std::string html = link + "<table><tr><td>words</table>";
    EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
    PageBlocks page;
    cut_into_blocks(dom, {}, page);
    return page.blocks.at(0).sums.link_letters;
  };
  EXPECT_EQ(letters("<a name=x href=''>"), 0U);
  EXPECT_EQ(letters("<a href='#'>"), 0U);
  EXPECT_EQ(letters("<a href='#x'>"), 0U);
  EXPECT_EQ(letters("<a href='/x'>"), 5U);
}

TEST(Items, FurtherBlocksStandUnderTheirText) {
  EXPECT_EQ(laid_out("<ol><li><p>a</p><p>b</p><li>c</ol><p>d"), "1. a\n\n   b\n2. c\n\nd");
  EXPECT_EQ(laid_out("<ul><li>a<pre>b\n\nc</pre><li>d</ul>"), "- a\n\n  ```\n  b\n\n  c\n  ```\n- d");
  EXPECT_EQ(laid_out("<ul><li>a<ul><li>b</ul><p>c</ul>"), "- a\n  - b\n\n  c");
  EXPECT_EQ(plain("<ol><li><p>a</p><p>b</p></ol>"), "1. a\nb");
}

TEST(Items, NumbersThatMarkdownHas) {
  EXPECT_EQ(laid_out("<ol start=-1><li>a<li>b<li>c</ol>"), "- a\n0. b\n1. c");
  EXPECT_EQ(plain("<ol start=-1><li>a</ol>"), "-1. a");
  EXPECT_EQ(laid_out("<ol start=999999999><li>a<li>b</ol>"), "999999999. a\n- b");
}

TEST(Items, MenusAreLists) {
  EXPECT_EQ(plain("<menu><li>a<menu><li>b</menu><li>c</menu>"), "- a\n  - b\n- c");
  EXPECT_EQ(plain("<div><li>a</div>"), "a");
}

}  // namespace
}  // namespace ftok::html
