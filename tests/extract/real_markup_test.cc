// Markup as pages really have it: grids, lists' numbers, formulas, gutters, readings, hidden text, shadow roots,
// elements that never end, JSON-LD. Each rule on both sides of its bound.
#include <gtest/gtest.h>

#include <string>

#include "extract/content/ancestors.h"
#include "extract/content/blocks.h"
#include "extract/content/json_ld.h"
#include "extract/content/json_repair.h"
#include "extract/content/shadow_roots.h"
#include "extract/content/unended.h"
#include "extract/extract.h"
#include "extract/html/parser.h"
#include "extract/output/layout.h"
#include "tests/extract/laid_out.h"

namespace ftok::html {
namespace {

std::string text_of(std::string_view html, bool markdown = false) { return laid_out(html, markdown); }

TEST(TableGrid, EmptyAndSpanningCellsKeepTheirColumn) {
  EXPECT_EQ(text_of("<table><tr><td>a<td>b<td>c<tr><td>d<td><td>f<tr><td><td>h<td></table>"),
            "a | b | c\nd | | f\n| h");
  EXPECT_EQ(text_of("<table><tr><td rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e</table>"), "a | b\n| c\nd | e");
  EXPECT_EQ(text_of("<table><tr><td colspan=2>a<td>b<tr><td>c<td>d<td>e</table>"), "a | | b\nc | d | e");
  EXPECT_EQ(text_of("<table><tr><td rowspan=2 colspan=2>a<td>b<tr><td>c<tr><td>d<td>e<td>f</table>"),
            "a | | b\n| | c\nd | e | f");
  EXPECT_EQ(text_of("<table><tr><td>a<td>b<tr><td>c</table>", true), "| a | b |\n| --- | --- |\n| c |  |");
}

TEST(TableGrid, SpansThatAreNoNumbersAreOne) {
  for (const char* span : {"x", "-1", "", "1.9", "0"}) {
    const std::string html = std::string("<table><tr><td colspan='") + span + "'>a<td>b<tr><td>c<td>d</table>";
    EXPECT_EQ(text_of(html), "a | b\nc | d") << span;
  }
  EXPECT_EQ(text_of("<table><tr><td rowspan=0>a<td>b<tr><td>c<tbody><tr><td>d<td>e</table>"), "a | b\n| c\nd | e");
  EXPECT_EQ(text_of("<table><tr><td colspan=99999999999>a<td>b<tr><td>c<td>d</table>"), "a | | b\nc | d");
}

TEST(TableGrid, WhatStandsInACellIsOneLine) {
  EXPECT_EQ(text_of("<table><tr><td>a<br>b<td>c<tr><td><ul><li>d<li>e</ul><td>f</table>"), "a b | c\nd e | f");
  EXPECT_EQ(text_of("<table><tr><td>a<br>b<td>c|d<tr><td>e<td>f</table>", true),
            "| a b | c\\|d |\n| --- | --- |\n| e | f |");
}

TEST(TableGrid, LayoutTablesAreLines) {
  const std::string sentence =
      "This sentence is long enough to be counted among the paragraphs of a page, and it ends here. ";
  const auto table = [&](const std::string& cell, const char* tag) {
    return text_of("<table><tr><" + std::string(tag) + ">x<td>y<tr><td>" + cell + "<td>menu</table>");
  };
  const auto is_grid = [](const std::string& text) { return text.find(" | menu") != std::string::npos; };
  EXPECT_TRUE(is_grid(table("<p>" + sentence, "td")));
  EXPECT_FALSE(is_grid(table("<p>" + sentence + "<p>" + sentence, "td")));  // two paragraphs
  EXPECT_TRUE(is_grid(table("<p>" + sentence + "<p>" + sentence, "th")));   // under a header cell
  EXPECT_TRUE(is_grid(table(std::string(600, 'a'), "td")));
  EXPECT_FALSE(is_grid(table(std::string(601, 'a'), "td")));
  EXPECT_TRUE(is_grid(table(std::string(2000, 'a'), "th")));
  EXPECT_FALSE(is_grid(table(std::string(2001, 'a'), "th")));
  EXPECT_FALSE(is_grid(table("<h3>A heading</h3>" + sentence, "th")));
  EXPECT_EQ(text_of("<table><tr><td>a<td><table><tr><td>b<td>c<tr><td>d<td>e</table></table>"), "a\nb | c\nd | e");
  EXPECT_EQ(text_of("<table><tr><td><p>" + sentence + "<td>menu</table>"),  // a single row
            sentence.substr(0, sentence.size() - 1) + "\nmenu");
  EXPECT_EQ(text_of("<table><tr><td>a<tr><td>b</table>"), "a\nb");
}

TEST(ListNumbers, ValuesStartAndReversed) {
  EXPECT_EQ(text_of("<ol><li>a<li value=7>b<li>c</ol>"), "1. a\n7. b\n8. c");
  EXPECT_EQ(text_of("<ol reversed><li>a<li>b</ol>"), "2. a\n1. b");
  EXPECT_EQ(text_of("<ol reversed start=9><li>a<li value=3>b<li>c</ol>"), "9. a\n3. b\n2. c");
  EXPECT_EQ(text_of("<ol reversed><li>a<ol><li>x</ol><div><li>b</div></ol>"), "2. a\n  1. x\n1. b");
  EXPECT_EQ(text_of("<ol start=-1><li>a<li>b<li>c</ol>"), "-1. a\n0. b\n1. c");
  EXPECT_EQ(text_of("<ol start=' +4x'><li>a<li value=x>b</ol>"), "4. a\n5. b");
  EXPECT_EQ(text_of("<ol><li>a<ol><li>b</ol><li>c</ol>"), "1. a\n  1. b\n2. c");
  EXPECT_EQ(text_of("<ul><li value=7>a</ul>"), "- a");
  EXPECT_EQ(text_of("<ol start=99999999999><li>a</ol>"), "2147483647. a");
}

TEST(Formulas, AnAnnotationOfTheWhole) {
  EXPECT_EQ(text_of("<p><math><semantics><mi>a</mi><annotation encoding='TeX'>x</annotation></semantics></math>"),
            "$x$");
  EXPECT_EQ(
      text_of(
          "<p><math><mrow><semantics><mi>a</mi><annotation encoding='LaTeX'>x</annotation></semantics></mrow></math>"),
      "$x$");
  EXPECT_EQ(text_of("<p><math><mrow><semantics><mi>a</mi><annotation "
                    "encoding='TeX'>x</annotation></semantics><mi>b</mi></mrow></math>"),
            "$ab$");
  EXPECT_EQ(
      text_of("<p><math alttext='y'><semantics><mi>a</mi><annotation encoding='TeX'> </annotation></semantics></math>"),
      "$y$");
  EXPECT_EQ(text_of("<p><math alttext=' '><semantics><mi>a</mi><annotation "
                    "encoding='text/plain'>x</annotation></semantics></math>"),
            "$a$");
  EXPECT_EQ(text_of("<p><math><semantics><mi>a</mi><annotation-xml "
                    "encoding='MathML-Content'><ci>x</ci></annotation-xml></semantics></math>"),
            "$a$");
}

TEST(Formulas, DrawingsWithoutMathMl) {
  const std::string drawing = "<span class='katex-html' aria-hidden='true'><span>E</span></span>";
  EXPECT_EQ(text_of("<p>so <span class=katex>" + drawing + "</span> it is"), "so E it is");
  EXPECT_EQ(text_of("<p>so <span class=katex><span class=katex-mathml><math alttext=E></math></span>" + drawing +
                    "</span> it is"),
            "so $E$ it is");
  EXPECT_EQ(text_of("<p>so <span class=icon aria-hidden=true>E</span> it is"), "so it is");
}

TEST(Gutters, LineNumbersGo) {
  EXPECT_EQ(text_of("<pre><span class=lineno>1 </span>a\n<span class=lineno>2 </span>b</pre>"), "a\nb");
  for (const char* name :
       {"linenos", "LineNumber", "line-no", "js-line-number", "react-syntax-highlighter-line-number", "linenum",
        "CodeMirror-linenumber", "ace_gutter-cell", "linenr", "sourcelineno", "ln", "lnt", "blob-num"}) {
    EXPECT_EQ(text_of("<pre><span class='x " + std::string(name) + "'>1 </span>a</pre>"), "a") << name;
  }
  for (const char* name : {"headline-number", "airlineno", "phone-number", "num", "numbers", "line", "no"}) {
    EXPECT_EQ(text_of("<pre><span class='" + std::string(name) + "'>1 </span>a</pre>"), "1 a") << name;
  }
  EXPECT_EQ(text_of("<pre><span class=lineno>x1 </span>a</pre>"), "x1 a");
  EXPECT_EQ(text_of("<pre><span class=number>1 </span>a</pre>"), "1 a");
  EXPECT_EQ(text_of("<table><tr><td><pre>7\n8</pre><td><pre>a\nb</pre></table>"), "a\nb");
  EXPECT_EQ(text_of("<table><tr><td><pre>7\n9</pre><td><pre>a\nb</pre></table>"), "7\n9\na\nb");
  EXPECT_EQ(text_of("<table><tr><td>7<td><pre>a</pre></table>"), "7\na");  // one number may be data
  EXPECT_EQ(
      text_of("<table><tr><td class=gutter><div>1</div><div>2</div><td class=code><div>a</div><div>b</div></table>"),
      "a\nb");
}

TEST(Ruby, ReadingsGo) {
  EXPECT_EQ(text_of("<p><ruby>水車<rp>(</rp><rt>すい</rt><rp>)</rp></ruby>は"), "水車は");
  EXPECT_EQ(text_of("<p><ruby>水<rt>すい</rt>車<rt>しゃ</rt></ruby>は"), "水車は");
  EXPECT_EQ(text_of("<p><ruby><rb>水車</rb><rtc><rt>すい</rt></rtc></ruby>は"), "水車は");
  EXPECT_EQ(text_of("<p><ruby><rb></rb><rt>すい</rt></ruby>は"), "すいは");  // of no word
  EXPECT_EQ(text_of("<p>a <rt>b</rt> c"), "a b c");
}

TEST(StyleHides, WhatIsClippedAway) {
  for (const char* style : {"display:none",
                            "DISPLAY : NONE !important",
                            "visibility: hidden",
                            "position:absolute;clip:rect(0,0,0,0)",
                            "clip: rect(1px 1px 1px 1px); position: absolute !important",
                            "position:fixed;clip:rect(0px,1px,9px,0px)",
                            "clip-path:inset(50%)",
                            "clip-path: inset(100% 0 0 0)",
                            "clip-path:circle(0)",
                            "clip-path:polygon(0px 0px, 0px 0px, 0 0)",
                            "position:absolute;left:-9999px",
                            "position:absolute;top:-1000em",
                            "width:1px;height:1px;overflow:hidden",
                            "height:0;overflow:hidden",
                            "visibility:collapse",
                            "clip-path:inset(0 0 100% 0)",
                            "clip-path:inset(0 60% 0 40%)",
                            "clip-path:inset(50% 10%)",
                            "-webkit-clip-path:inset(50%)",
                            "clip-path:rect(0 0 0 0)",
                            "position:absolute;left:-100vw",
                            "position:absolute;inset-inline-start:-9999px",
                            "text-indent:-9999px;overflow:hidden",
                            "display:inline;display:none",
                            "display:none!important;display:inline"}) {
    EXPECT_TRUE(style_hides(style)) << style;
  }
  for (const char* style : {"",
                            "color:none",
                            "clip:rect(0,0,0,0)",
                            "position:relative;clip:rect(0,0,0,0)",
                            "position:absolute;clip:rect(0,9px,9px,0)",
                            "position:absolute;clip:rect(auto,auto,auto,auto)",
                            "position:absolute;clip:auto",
                            "clip-path:inset(49%)",
                            "clip-path:inset(0 0 99% 0)",
                            "clip-path:inset(60px)",
                            "clip-path:rect(0 40px 40px 0)",
                            "position:absolute;left:-99vw",
                            "margin-left:-9999px",
                            "display:none;display:inline",
                            "display:none;display:block!important",
                            "position:absolute;position:static;left:-9999px",
                            "clip-path:circle(40%)",
                            "clip-path:polygon(0 0, 90% 0, 9px 9px)",
                            "left:-9999px",
                            "position:absolute;left:-998px",
                            "height:2px;overflow:hidden",
                            "height:1em;overflow:hidden",
                            "height:0",
                            "overflow:hidden",
                            "text-indent:-9999px",
                            "visibility:visible"}) {
    EXPECT_FALSE(style_hides(style)) << style;
  }
}

TEST(Anchors, WithoutAddressAreNoLinks) {
  const auto links = [](const char* html) {
    Dom dom;
    EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
    PageBlocks page;
    cut_into_blocks(dom, {}, page);
    return page.blocks.at(0).sums.link_letters;
  };
  EXPECT_EQ(links("<p><a href='/x'>words</a>"), 5U);
  EXPECT_EQ(links("<p><a href=''>words</a>"), 5U);
  EXPECT_EQ(links("<p><a name=top>words</a>"), 0U);
  EXPECT_EQ(links("<p><a id=top class=anchor>words</a>"), 0U);
  EXPECT_EQ(links("<p><a>words</a>"), 0U);
  EXPECT_EQ(links("<p><a onclick='go()'>words</a>"), 5U);  // a script makes it one
}

TEST(ShadowRoots, ShowTheirHostsChildrenInSlots) {
  EXPECT_EQ(text_of("<div><template shadowrootmode=open><p>a</p></template></div>"), "a");
  EXPECT_EQ(text_of("<div><template shadowrootmode=CLOSED><p>a<slot></slot></p></template>b</div>"), "ab");
  EXPECT_EQ(text_of("<div><template shadowrootmode=open><p>a</p></template>b</div>"), "a");  // no slot for it
  EXPECT_EQ(
      text_of("<div><template shadowrootmode=open><slot name=x>c</slot><slot>d</slot></template><b slot=x>e</b></div>"),
      "ed");
  EXPECT_EQ(text_of("<div><template shadowrootmode=open>a</template><template shadowrootmode=open>b</template></div>"),
            "a");
  EXPECT_EQ(text_of("<div><template>a</template><template shadowrootmode=none>b</template>c</div>"), "c");
  EXPECT_EQ(text_of("<div><template shadowrootmode=open><span><template "
                    "shadowrootmode=open>a<slot></slot></template><slot></slot></span></template>b</div>"),
            "ab");
  EXPECT_EQ(text_of("<x-y><template shadowrootmode=open>a</template>b</x-y>"), "a");
  EXPECT_EQ(text_of("<i><template shadowrootmode=open>a</template>b</i>"), "b");  // may have no shadow root
  EXPECT_EQ(text_of("<xy><template shadowrootmode=open>a</template>b</xy>"), "b");
}

TEST(Unended, TheRestIsReadOnce) {
  const auto closed = [](std::string_view html) {
    Dom dom;
    return close_unended(html, parse_html(html, {}, dom));
  };
  EXPECT_EQ(closed("<title>a\r\n<p>b</p>"), "<title>a\n</title><p>b</p>");
  EXPECT_EQ(closed("<title>a < b"), "");
  EXPECT_EQ(closed("<title>a</title><p>b"), "");
  EXPECT_EQ(closed("<style>p{}<p>b"), "<style></style><p>b");
  EXPECT_EQ(closed("<textarea>a<p>b"), "<textarea>a</textarea><p>b");
  EXPECT_EQ(closed("<script>x();\n <p>b</p>"), "<script></script><p>b</p>");
  EXPECT_EQ(closed("<script>x('<p>b</p>');"), "");      // cut within a script
  EXPECT_EQ(closed("<script>x();\n<div>b</div>"), "");  // no sign that a page goes on
  EXPECT_EQ(closed("<script><!--<script>x();</script><p>b</p>"), "<script></script></script><p>b</p>");
  EXPECT_EQ(closed("<script><!-- x(); //--><p>b</p>"), "<script></script><p>b</p>");
  EXPECT_EQ(closed("<script><!-- x('<p>a</p>'); //--> y();\n<p>b</p>"), "<script></script><p>b</p>");
  EXPECT_EQ(closed("<iframe src=a />b<p>c"), "<iframe src=a /></iframe><p>c");
  EXPECT_EQ(closed("<iframe>a</iframe><p>b"), "");
  EXPECT_EQ(closed("<iframe>a"), "");
  EXPECT_EQ(closed("<noembed>a<p>b"), "<noembed></noembed><p>b");
  EXPECT_EQ(closed("<svg><title>a<p>b"), "");  // no raw text there
}

TEST(JsonLd, AsSitesWriteIt) {
  EXPECT_EQ(repaired_json("{\"a\":\"b\nc\",}"), "[{\"a\":\"b\\nc\"}]");
  EXPECT_EQ(repaired_json("/* x */{\"a\":[1,,2,],}// y\n;"), "[{\"a\":[1,2]}]");
  EXPECT_EQ(repaired_json("<!--\n//<![CDATA[\n{\"a\":1}\n//]]>\n-->"), "[{\"a\":1}]");
  EXPECT_EQ(repaired_json("{\"a\":\"it\\'s // no \\u00e9 \\x comment\"}"),
            "[{\"a\":\"it's // no \\u00e9 x comment\"}]");
  EXPECT_EQ(repaired_json("{\"a\":1}{\"b\":2}"), "[{\"a\":1},{\"b\":2}]");
  EXPECT_EQ(repaired_json("\xEF\xBB\xBF{\"a\":1,}"), "[{\"a\":1}]");
  EXPECT_EQ(repaired_json("{'a':'b \"c\"'}"), "[{\"a\":\"b \\\"c\\\"\"}]");
  EXPECT_EQ(repaired_json("{\"a\":\"it's\"}"), "[{\"a\":\"it's\"}]");
  EXPECT_EQ(repaired_json("{\"a\":[{\"b\":\"c\","), "[{\"a\":[{\"b\":\"c\"}]}]");
  EXPECT_EQ(repaired_json("{\"a\":1}}]"), "[{\"a\":1}]");
  EXPECT_EQ(repaired_json("{\"a\":\"b\" \"c\":{} \"d\":[{}{}]}"), "[{\"a\":\"b\",\"c\":{},\"d\":[{},{}]}]");
  EXPECT_EQ(repaired_json("{a:1, $b : 'c',\"d\":NaN,e:undefined}"), "[{\"a\":1,\"$b\":\"c\",\"d\":null,\"e\":null}]");
  EXPECT_EQ(repaired_json("[18446744073709551615,18446744073709551616,-1.5e3,0x10,true,1e999,.5]"),
            "[[18446744073709551615,null,-1.5e3,null,true,null,null]]");
  EXPECT_EQ(repaired_json("{\"a\":\"x\\ud83d...\",}"), "[{\"a\":\"x\\ud83d...\"}]");  // parse_json() reads half a pair
  EXPECT_EQ(repaired_json("{\u00A0\"a\"\u00A0:\u3000\"b\"\u2003}"), "[{\"a\":\"b\"}]");
  EXPECT_EQ(repaired_json("{\"a\":\"the \"old\" mill\",\"b\":\"a \"b\", c\"}"),
            "[{\"a\":\"the \\\"old\\\" mill\",\"b\":\"a \\\"b\\\", c\"}]");
  EXPECT_EQ(repaired_json("{\"a\":[\"b\",\"c\" , 1,true],d:1,}"), "[{\"a\":[\"b\",\"c\",1,true],\"d\":1}]");
  EXPECT_EQ(plain_field("a &amp; b <b>c</b> d"), "a & b c d");
  EXPECT_EQ(plain_field("a &amp;amp; b"), "a & b");
  EXPECT_EQ(plain_field("a < b"), "a < b");
  EXPECT_EQ(plain_body("<p>a</p><p>b&mdash;c</p>"), "a\nb\u2014c");
  EXPECT_EQ(plain_body("&lt;p&gt;a&lt;/p&gt;"), "a");
  EXPECT_EQ(plain_body("a\n\nb &lt; c\n"), "a\n\nb < c");
  EXPECT_EQ(plain_body("a <b"), "a <b");  // no tag that ends
  EXPECT_EQ(plain_body("a > b <b"), "a > b <b");
  EXPECT_EQ(plain_body("a <b>c</b> <b"), "a c");
  EXPECT_EQ(plain_body("if x<y and y>z, vector<int>"), "if x<y and y>z, vector<int>");  // no elements
  EXPECT_EQ(plain_body("a<b and c>d"), "a<b and c>d");                                  // no values
  EXPECT_EQ(plain_body("a<b>c</b><p class=d>e"), "ac\ne");
  EXPECT_EQ(plain_body("<p>a vector<int> <x-y>b</x-y>"), "a vector<int> b");
  EXPECT_EQ(plain_body("<![CDATA[<p>a</p>]]>"), "a");
  EXPECT_EQ(plain_body("a ]]> b"), "a ]]> b");
}

Metadata metadata_of(const std::string& json, const std::string& rest = "") {
  return extract("<title>Mill repaired | Valley</title><script type='application/ld+json'>" + json + "</script>" + rest,
                 {})
      .metadata;
}

TEST(JsonLd, Authors) {
  const auto author = [](const char* value) {
    return metadata_of(std::string("{\"@type\":\"Article\",\"author\":") + value + "}").author;
  };
  EXPECT_EQ(author("\"Ida\""), "Ida");
  EXPECT_EQ(author("[{\"name\":\"Ida\"},\"Tom\",{\"name\":\"Ida\"}]"), "Ida; Tom");
  EXPECT_EQ(author("{\"name\":{\"name\":\"Ida &amp; Co\"}}"), "Ida & Co");
  EXPECT_EQ(author("{\"name\":[\"Ida\"]}"), "Ida");
  EXPECT_EQ(author("{\"name\":[\"Ida\",{\"name\":\"Tom\"}]}"), "Ida; Tom");
  EXPECT_EQ(author("{\"@list\":[{\"name\":\"Ida\"},{\"name\":\"Tom\"}]}"), "Ida; Tom");
  EXPECT_EQ(author("[[{\"name\":\"Ida\"}],[\"Tom\"]]"), "Ida; Tom");
  EXPECT_EQ(author("{\"givenName\":\"Ida\",\"familyName\":\"Brandt\"}"), "Ida Brandt");
  EXPECT_EQ(author("[\"https://x.example/ida\",\"Tom\"]"), "Tom");
  EXPECT_EQ(author("{\"name\":{\"@value\":\"Ida\"}}"), "Ida");
  EXPECT_EQ(author("{\"url\":\"x\"}"), "");
  EXPECT_EQ(author("{\"@type\":\"Role\",\"roleName\":\"writer\",\"author\":{\"name\":\"Ida\"}}"), "Ida");
  EXPECT_EQ(author("\"Eve\",\"author\":\"Ida\""), "Ida");  // the last of a key counts
  EXPECT_EQ(metadata_of("{\"@type\":\"schema:Article\",\"schema:author\":{\"schema:name\":\"Ida\"}}").author, "Ida");
  EXPECT_EQ(metadata_of("{\"@type\":\"http://schema.org/Article\",\"http://schema.org/author\":\"Ida\"}").author,
            "Ida");
  EXPECT_EQ(metadata_of("{\"@type\":\"Article\",\"x:author\":\"Ida\"}").author, "");
  EXPECT_EQ(metadata_of("{\"@type\":\"Article\",\"description\":\"\\ud83d\",\"author\":\"Ida\"}").author, "Ida");
  EXPECT_EQ(metadata_of("{\"@graph\":[{\"@type\":\"Article\",\"author\":{\"@id\":\"#i\"}},{\"@type\":\"Person\",\"@"
                        "id\":\"#i\",\"name\":\"Ida\"}]}")
                .author,
            "Ida");
  EXPECT_EQ(metadata_of("{}", "<meta name=citation_author content=Ida><meta name=citation_author content=Tom>").author,
            "Ida; Tom");
  EXPECT_EQ(metadata_of("{\"@type\":\"Article\",\"creator\":[\"Ida\",\"Tom\"]}").author, "Ida; Tom");
  EXPECT_EQ(metadata_of("{\"@type\":\"Article\",\"creator\":\"Tom\",\"author\":\"Ida\"}").author, "Ida");
  EXPECT_EQ(metadata_of("{\"@type\":[\"Thing\",\"NewsArticle\"],\"author\":\"Ida\"}").author, "Ida");
  EXPECT_EQ(metadata_of("{\"@type\":[\"Thing\",\"Place\"],\"author\":\"Ida\"}").author, "");
  EXPECT_EQ(metadata_of("{&quot;@type&quot;:&quot;Article&quot;,&quot;author&quot;:&quot;Ida&quot;}").author, "Ida");
}

TEST(Metadata, SeveralAuthorsInTagsAndLinks) {
  const auto author = [](const char* html) {
    return extract(std::string("<title>x</title>") + html, {}).metadata.author;
  };
  EXPECT_EQ(author("<meta name=author content=Ida><meta name=author content=Tom>"), "Ida; Tom");
  EXPECT_EQ(author("<meta name=author content=Ida><meta property=article:author content=tom42>"), "Ida");
  EXPECT_EQ(author("<meta property=article:author content=http://x><meta name=author content=Ida>"), "Ida");
  EXPECT_EQ(
      author("<p>By <a rel=author href=/i>Ida</a> and <a rel=author href=/t>Tom</a><p><a rel=author href=/e>Eve</a>"),
      "Ida; Tom");
  EXPECT_EQ(
      extract("<script type='Application/LD+JSON; charset=utf-8'>{\"@type\":\"Article\",\"author\":\"Ida\"}</script>",
              {})
          .metadata.author,
      "Ida");
  EXPECT_EQ(extract("<script type='application/ld+jsonp'>{\"@type\":\"Article\",\"author\":\"Ida\"}</script>", {})
                .metadata.author,
            "");
}

TEST(JsonLd, TheHeadlineAndTheHeading) {
  const std::string headline = "{\"@type\":\"Article\",\"headline\":\"Mill repaired\"}";
  EXPECT_EQ(metadata_of(headline).title, "Mill repaired");
  EXPECT_EQ(metadata_of(headline, "<h1>Valley</h1>").title, "Mill repaired");  // <title> has both
  EXPECT_EQ(metadata_of("{\"@type\":\"Article\",\"headline\":\"a tagline\"}", "<h1>Mill repaired</h1>").title,
            "Mill repaired");
  EXPECT_EQ(metadata_of("{\"@type\":\"Article\",\"headline\":\"a tagline\"}", "<h1>Something else</h1>").title,
            "Something else");
  EXPECT_EQ(metadata_of(headline, "<h1>The Mill repaired</h1>").title, "The Mill repaired");
  // <title> has both: the one that it begins with, and not the site's name.
  const std::string valley = "{\"@type\":\"Article\",\"headline\":\"Valley\"}";
  EXPECT_EQ(metadata_of(valley, "<h1>Mill repaired</h1>").title, "Mill repaired");
  EXPECT_EQ(metadata_of(valley, "<h1>Mills</h1>").title, "Valley");
  EXPECT_EQ(metadata_of(headline, "<meta property=og:site_name content='Mill repaired'><h1>Valley</h1>").title,
            "Valley");
}

TEST(JsonLd, BodiesInParts) {
  const std::string part(250, 'x');
  const auto text = [](const std::string& body) {
    return extract("<script type='application/ld+json'>{\"@type\":\"Article\",\"articleBody\":" + body + "}</script>",
                   {})
        .text;
  };
  EXPECT_EQ(text("[\"" + part + "\",\"" + part + "\"]"), part + "\n" + part);
  EXPECT_EQ(text("[{\"@value\":\"" + part + "\"},\"\",\"" + part + "\"]"), part + "\n" + part);
  EXPECT_EQ(text("\"" + part + "\\ud83d" + part + "\""), part + "\uFFFD" + part);
  // White space as on the page: no-break spaces are spaces, soft hyphens go; lines stay.
  EXPECT_EQ(text("\"a&nbsp;b\u00A0c\\r\\nd  e&shy;f\\n\\n\u200Bg " + part + part + "\""),
            "a b c\nd  ef\n\ng " + part + part);
}

}  // namespace
}  // namespace ftok::html
