// One page a layout rule. The pages are long enough in their prose that the scorer keeps them; what is asserted is the
// form.
#include <gtest/gtest.h>

#include "extract/content/blocks.h"
#include "extract/html/parser.h"
#include "extract/output/layout.h"

namespace ftok::html {
namespace {

std::string text_of(std::string_view html, LayoutOptions layout = {}, BlockOptions blocks = {}) {
  Dom dom;
  EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
  PageBlocks page;
  cut_into_blocks(dom, blocks, page);
  std::vector<uint8_t> keep;
  for (const Block& block : page.blocks) keep.push_back((block.ancestors & kInHidden) == 0);
  return lay_out(page, keep, layout);
}

TEST(Layout, FoldsWhiteSpace) { EXPECT_EQ(text_of("<p>  one\n\t two  </p>\n\n<p>three</p>"), "one two\nthree"); }
TEST(Layout, GluesNoWords) { EXPECT_EQ(text_of("<p>one <b>two</b> three</p>"), "one two three"); }
TEST(Layout, ALineBreakBetweenIdeographsIsNoSpace) {
  EXPECT_EQ(text_of("<p>世界各地\n  的水车。\n每年</p>"), "世界各地的水车。每年");
  EXPECT_EQ(text_of("<p>世界<b>各地\n</b>\n 的</p>"), "世界各地的");
  EXPECT_EQ(text_of("<p>水 车</p>"), "水 车");                // no line break
  EXPECT_EQ(text_of("<p>水&nbsp;\n车</p>"), "水 车");         // a space that was meant
  EXPECT_EQ(text_of("<p>水\nwheel\n车</p>"), "水 wheel 车");  // only between two of them
  EXPECT_EQ(text_of("<p>한국\n어</p>"), "한국 어");           // Hangul has spaces
  EXPECT_EQ(text_of("<p>水<br>\n车</p>"), "水\n车");
  EXPECT_EQ(text_of("<pre>水\n车</pre>"), "水\n车");
}
TEST(Layout, SplitsNoWords) {
  EXPECT_EQ(text_of("<p>H<sub>2</sub>O and un<i>believ</i>able</p>"), "H2O and unbelievable");
}
TEST(Layout, KeepsSpaceAtInlineEdges) { EXPECT_EQ(text_of("<p>one<b> two </b> three</p>"), "one two three"); }
TEST(Layout, BreaksAtBlocks) { EXPECT_EQ(text_of("<div>one<div>two</div>three</div>"), "one\ntwo\nthree"); }
TEST(Layout, BreaksLineAtBr) { EXPECT_EQ(text_of("<p>one<br>two<br/> three</p>"), "one\ntwo\nthree"); }
TEST(Layout, TwoBrEndABlock) {
  Dom dom;
  ASSERT_EQ(parse_html("<p>one<br><br>two</p>", {}, dom).status, ParseStatus::kDone);
  PageBlocks page;
  cut_into_blocks(dom, {}, page);
  EXPECT_EQ(page.blocks.size(), 2u);
}
TEST(Layout, WbrAddsNothing) { EXPECT_EQ(text_of("<p>super<wbr>cali</p>"), "supercali"); }
TEST(Layout, NoBreakSpaceIsASpace) { EXPECT_EQ(text_of("<p>one&nbsp;&nbsp;two&#8239;three</p>"), "one two three"); }
TEST(Layout, SoftHyphenGoes) {
  EXPECT_EQ(text_of("<p>hy&shy;phen zero&#8203;width &#xFEFF;mark</p>"), "hyphen zerowidth mark");
}
TEST(Layout, JoinersStay) {
  EXPECT_EQ(text_of("<p>\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645</p>"),
            "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645");
}
TEST(Layout, DecodesEntities) {
  EXPECT_EQ(text_of("<p>a &amp; b &lt;c&gt; &eacute; &#x1F600; &copy</p>"), "a & b <c> \u00E9 \U0001F600 \u00A9");
}
TEST(Layout, MarksBullets) { EXPECT_EQ(text_of("<ul><li>one<li>two<ul><li>deep</ul></ul>"), "- one\n- two\n  - deep"); }
TEST(Layout, NumbersLists) {
  EXPECT_EQ(text_of("<ol start=3><li>one<li><p>two</p><p>more</p></ol>"), "3. one\n4. two\nmore");
}
TEST(Layout, JoinsCells) {
  EXPECT_EQ(text_of("<table><tr><th>Name<th>Age<tr><td>Ann<td>7</table>"), "Name | Age\nAnn | 7");
}
TEST(Layout, LongCellsAreColumns) {
  const std::string column(300, 'x');
  EXPECT_EQ(text_of("<table><tr><td>" + column + "<td>menu</table>"), column + "\nmenu");
}
TEST(Layout, TablesCanGo) {
  LayoutOptions options;
  options.tables = false;
  EXPECT_EQ(text_of("<p>text<table><tr><td>1</table>", options), "text");
}
TEST(Layout, KeepsCode) {
  EXPECT_EQ(text_of("<pre>\nint f() {\n  return  1;\n\n}\n</pre>"), "int f() {\n  return  1;\n\n}");
}
TEST(Layout, KeepsCodeIndentation) { EXPECT_EQ(text_of("<pre><code>  a\n    b</code></pre>"), "  a\n    b"); }
TEST(Layout, DefinitionLists) { EXPECT_EQ(text_of("<dl><dt>term<dd>meaning</dl>"), "term\nmeaning"); }
TEST(Layout, CaptionsAndQuotes) {
  EXPECT_EQ(text_of("<figure><img alt=x><figcaption>cap</figcaption></figure><blockquote>said</blockquote>"),
            "cap\nsaid");
}
TEST(Layout, Markdown) {
  LayoutOptions options;
  options.markdown = true;
  EXPECT_EQ(text_of("<h2>Head</h2><p>one</p><blockquote>said</blockquote><pre>x</pre>", options),
            "## Head\n\none\n\n> said\n\n```\nx\n```");
}
std::string markdown_of(std::string_view html) {
  LayoutOptions options;
  options.markdown = true;
  return text_of(html, options, {true, false, true});
}

// A list behind definitions is one of its own; one inside a definition goes on under it.
TEST(Layout, ListsBehindDefinitions) {
  EXPECT_EQ(markdown_of("<dl><dt>a<dd>b</dl><ul><li>c<li>d</ul>"), "a\n: b\n\n- c\n- d");
  EXPECT_EQ(markdown_of("<dl><dt>a<dd>b<ul><li>c<li>d</ul></dl>"), "a\n: b\n  - c\n  - d");
  EXPECT_EQ(markdown_of("<ul><li>a<dl><dt>b<dd>c</dl><li>d</ul>"), "- a\n\n  b\n  : c\n- d");
}

TEST(Markdown, FootnotesHaveNumbersOfUpToFourDigits) {
  const auto linked = [](const std::string& link) { return markdown_of("<p>a" + link + " b"); };
  EXPECT_EQ(linked("<a href=#fn7>1234</a>"), "a[^1234] b");
  EXPECT_EQ(linked("<a href=#fn7>12345</a>"), "a12345 b");
  EXPECT_EQ(linked("<a href=#fn7>1a</a>"), "a1a b");
  EXPECT_EQ(linked("<a href=#fn7>\n 12 </a>"), "a [^12] b");
  EXPECT_EQ(linked("<a href=#part7>12</a>"), "a12 b");  // nothing says that it leads to a footnote
  EXPECT_EQ(linked("<a href=#part7 class='x footnote-ref'>12</a>"), "a[^12] b");
  EXPECT_EQ(linked("<a href=#part7 role=doc-noteref>12</a>"), "a[^12] b");
  EXPECT_EQ(linked("<a href=fn7>12</a>"), "a[12](fn7) b");  // another page
}

// Each sign where it would be read as markup, and where it would not.
TEST(Markdown, EscapesSignsWhereTheyAreMarkup) {
  EXPECT_EQ(markdown_of("<p>2*3*4 and 2 * 3"), "2\\*3\\*4 and 2 * 3");
  EXPECT_EQ(markdown_of("<p>_x_ snake_case a _ b"), "\\_x\\_ snake_case a _ b");
  EXPECT_EQ(markdown_of("<p># one<p>#one<p>a # b"), "\\# one\n\n#one\n\na # b");
  EXPECT_EQ(markdown_of("<p>- one<p>-one<p>a - b<p>+ one<p>---<p>--x"),
            "\\- one\n\n-one\n\na - b\n\n\\+ one\n\n\\---\n\n--x");
  EXPECT_EQ(markdown_of("<p>1. one<p>1.one<p>in 1. it<p>2) two"), "1\\. one\n\n1.one\n\nin 1. it\n\n2\\) two");
  EXPECT_EQ(markdown_of("<p>&gt; one &gt; two"), "\\> one > two");
  EXPECT_EQ(markdown_of("<p>a &lt;b&gt; c &lt; d"), "a \\<b> c < d");
  EXPECT_EQ(markdown_of("<p>&amp;amp; &amp; b; &amp;copy"), "\\&amp; & b; &copy");
  EXPECT_EQ(markdown_of("<p>[a](b) [c] [d]: e<p>[d]: e"), "[a\\](b) [c] [d]: e\n\n\\[d]: e");
  EXPECT_EQ(markdown_of("<p>a`b \\* \\x"), "a\\`b \\\\\\* \\x");
  EXPECT_EQ(markdown_of("<p>one<br>===<p>==="), "one  \n\\===\n\n===");
  EXPECT_EQ(markdown_of("<p>~~~ a ~~~"), "\\~~~ a ~~~");
}
TEST(Markdown, SpansAreReadAsMeant) {
  EXPECT_EQ(markdown_of("<p><b>one</b> <i>two</i> <b><i>three</i></b>"), "**one** *two* ***three***");
  EXPECT_EQ(markdown_of("<p><b>Note:</b>text <b>Note:</b> text"),
            "Note:text **Note:** text");                            // "**Note:**t" would not close
  EXPECT_EQ(markdown_of("<p><b>one</b><i>two</i>"), "**one**two");  // "***" would be one run
  EXPECT_EQ(markdown_of("<p><code>a*b</code> <code>c`d</code> <code>`</code>"), "`a*b` ``c`d`` `` ` ``");
  EXPECT_EQ(markdown_of("<p><code>a</code><code>b</code>"), "`a`b");
  EXPECT_EQ(markdown_of("<p>Oh!<a href='/x'>[y]</a> <a href='/(z) t'>z</a>"), "Oh\\![\\[y\\]](/x) [z](/\\(z\\)%20t)");
  EXPECT_EQ(markdown_of("<p><a href=' JavaScript:go()'>go</a> <a href='DATA:x'>x</a> <a href='/data:y'>y</a>"),
            "go x [y](/data:y)");
}
TEST(Markdown, PostsAreNoQuotations) {
  EXPECT_EQ(markdown_of("<blockquote>one</blockquote>"), "> one");
  EXPECT_EQ(markdown_of("<blockquote class='postcontent restore'>one<blockquote>two</blockquote></blockquote>"),
            "one\n\n> two");
  EXPECT_EQ(markdown_of("<blockquote class=postcontent><div class=bbcode_quote>two</div>one</blockquote>"),
            "> two\n\none");
  EXPECT_EQ(markdown_of("<div class=bbcode_code>two</div>one"), "two\n\none");
}

TEST(Markdown, ListsInTheCellsOfALayout) {
  const std::string list = "<ol><li>one<li>two</ol><h2>three</h2>";
  EXPECT_EQ(markdown_of("<table><tr><td>" + list + "</table>"), "1. one\n2. two\n\n## three");
  EXPECT_EQ(markdown_of("<ol><li><table><tr><td>one<h2>three</h2></table></ol>"), "one\n\n## three");
}

TEST(Markdown, BlocksAreReadAsMeant) {
  EXPECT_EQ(markdown_of("<h2>C #</h2><h3>C#</h3><h2>a<br>b</h2>"), "## C \\#\n\n### C#\n\n## a b");
  EXPECT_EQ(markdown_of("<pre>a\n```\nb</pre>"), "````\na\n```\nb\n````");
  EXPECT_EQ(markdown_of("<blockquote><p>a<br>b<pre>c\nd</pre></blockquote>"), "> a  \n> b\n\n> ```\n> c\n> d\n> ```");
  EXPECT_EQ(markdown_of("<ol><li>one<ul><li>deep</ul></ol>"), "1. one\n   - deep");
  EXPECT_EQ(markdown_of("<ul><li><ul><li><ul><li>deep</ul></ul></ul>"), "- deep");  // four spaces would be code
  EXPECT_EQ(markdown_of("<table><tr><td>a|b<td>c<tr><td>d<td>e<td>f</table>"),
            "| a\\|b | c |  |\n| --- | --- | --- |\n| d | e | f |");
  EXPECT_EQ(markdown_of("<p>so <math alttext='x_1^* a_2'></math> holds"), "so $x_1^* a_2$ holds");
}
TEST(Layout, LeavesOutWhatIsNoText) {
  EXPECT_EQ(text_of("<title>t</title><p>one</p><script>x</script><style>y</style><template>z</template>"
                    "<noscript>n</noscript><select><option>o</select><svg><text>s</text></svg><textarea>u</textarea>"),
            "one");
}
TEST(Layout, LeavesOutWhatIsReadOutInCaptions) {
  EXPECT_EQ(text_of("<figcaption><span class=visually-hidden>Caption, </span>a mill</figcaption>"), "a mill");
  EXPECT_EQ(text_of("<figcaption><span class=visible>Caption, </span>a mill</figcaption>"), "Caption, a mill");
  EXPECT_EQ(text_of("<p><span class=visually-hidden>Price, </span>two</p>"), "Price, two");
}

TEST(Layout, LeavesOutButtonsBesideAHeadingsText) {
  EXPECT_EQ(text_of("<h2>Function wrap<button>Copy path</button></h2>"), "Function wrap");
  EXPECT_EQ(text_of("<h2><button>Measures</button></h2>"), "Measures");  // what unfolds it
  EXPECT_EQ(text_of("<p>Press <button>Start</button></p>"), "Press Start");
}

TEST(Layout, AddressesOfLinksStayOnTheirLine) {
  const auto address = [](const std::string& html, bool markdown) {
    LayoutOptions layout;
    layout.markdown = markdown;
    return text_of(html, layout, {.links = true, .images = false, .markdown = markdown});
  };
  const std::string link = "<a href=' https://a.example/b\n\tc d|e(f)\x1b '>oak</a>";
  EXPECT_EQ(address("<p>an " + link, false), "an oak (https://a.example/bc%20d|e(f))");
  EXPECT_EQ(address("<p>an " + link, true), "an [oak](https://a.example/bc%20d|e\\(f\\))");
  EXPECT_EQ(address("<p>an <a href='b\x1b[m\x7f'>oak</a>", false), "an oak (b%1b[m%7f)");
  // A cell ends at "|".
  EXPECT_EQ(address("<table><tr><th>Tree<th>Age<tr><td>" + link + "<td>9</table>", true),
            "| Tree | Age |\n| --- | --- |\n| [oak](https://a.example/bc%20d\\|e\\(f\\)) | 9 |");
}

TEST(Layout, InlineElementsThatTheirStyleMakesBoxes) {
  for (const char* const display : {"block", "flex", "GRID", "table", "list-item !important", "flow-root"})
    EXPECT_EQ(text_of("<p>foo<span style='color:red; display: " + std::string(display) + "'>x</span>bar"),
              "foo\nx\nbar")
        << display;
  for (const char* const display : {"inline", "inline-block", "contents", "blocks", "block; display: inline"})
    EXPECT_EQ(text_of("<p>foo<span style='display:" + std::string(display) + "'>x</span>bar"), "fooxbar") << display;
  EXPECT_EQ(text_of("<p>a<br><b style=display:block>b</b><b style=display:block>c</b><br>d"), "a\nb\nc\nd");
  EXPECT_EQ(text_of("<p>a<b style=display:table-cell>b</b><b style=display:table-cell>c</b>d"), "a b c d");
  EXPECT_EQ(text_of("<p style=display:flex><b>a</b><b>b<i>c</i></b>"), "a bc");
  EXPECT_EQ(text_of("<p><b>a</b><b>b</b>"), "ab");
  EXPECT_EQ(text_of("<p>a<b style=display:block></b>", {}), "a");
}

TEST(Layout, LinesThatAStyleKeeps) {
  const std::string poem = "The mill\n  below the  weir\n\nstands";
  for (const char* const value : {"white-space: pre", "white-space:pre-wrap", "white-space:PRE-LINE!important",
                                  "white-space:break-spaces", "white-space-collapse:preserve"})
    EXPECT_EQ(text_of("<div style='" + std::string(value) + "'>" + poem + "</div>"), "The mill\nbelow the weir\nstands")
        << value;
  for (const char* const value : {"white-space:normal", "white-space:nowrap", "white-space:prefer", "color:pre"})
    EXPECT_EQ(text_of("<div style='" + std::string(value) + "'>" + poem + "</div>"), "The mill below the weir stands")
        << value;
  EXPECT_EQ(
      text_of(
          "<div style=white-space:pre-wrap>\n<p>a\nb <b>c\nd</b></p>\n\n<p style=white-space:normal>e\nf</p>\n</div>"),
      "a\nb c\nd\ne f");
  LayoutOptions markdown;
  markdown.markdown = true;
  EXPECT_EQ(text_of("<div style=white-space:pre>a\nb\n\nc</div>", markdown), "a  \nb\n\nc");
}

TEST(Layout, LeavesOutPermalinks) {
  EXPECT_EQ(text_of("<h2>one<a href='#a'>\u00B6</a></h2><h2><a href='/p#b'> # </a>two</h2>"), "one\ntwo");
  EXPECT_EQ(text_of("<h2>one<a href='#a'>\u2317</a></h2><h2>two \u2317</h2>"), "one\ntwo \u2317");
  EXPECT_EQ(text_of("<p><a href='/p'>#</a> <a href='#a'>#3</a> <a href='#a'>C</a> <a href='#a'><b>#</b></a>"),
            "# #3 C #");
  EXPECT_EQ(text_of("<h2>one<span class=mw-editsection>[edit]</span> <span class=edit>two</span></h2>"), "one two");
}
TEST(Layout, LeavesOutWhatIsHidden) {
  EXPECT_EQ(text_of("<p>one</p><dialog><p>a</p></dialog><dialog class=x>b</dialog><dialog open>two</dialog>"),
            "one\ntwo");
  EXPECT_EQ(text_of("<p>one<p hidden>a<p style='display: NONE'>b<p aria-hidden=true>c<p style='visibility:hidden'>d"),
            "one");
}
TEST(Layout, LinesRepeatedElsewhereStandOnce) {
  const std::string line = "This line of nine words comes back again here";
  const std::string page = "<div><p>" + line + "<p>short</div><section><div><p>" + line + "<p>short</div></section>";
  EXPECT_EQ(text_of(page), line + "\nshort\nshort");
  LayoutOptions options;
  options.repeated_lines = true;
  EXPECT_EQ(text_of(page, options), line + "\nshort\n" + line + "\nshort");
  // Seven words may well come twice.
  EXPECT_EQ(text_of("<div><p>one two three four five six seven</div><section><div><p>one two three four five six "
                    "seven</div></section>"),
            "one two three four five six seven\none two three four five six seven");
}
TEST(Layout, LinesRepeatedBesideTheirLikeAreTheAuthors) {
  const std::string line = "This line of nine words comes back again here";
  EXPECT_EQ(text_of("<p>" + line + "<p>short<p>" + line), line + "\nshort\n" + line);
  EXPECT_EQ(text_of("<div>" + line + "<hr>" + line + "</div>"), line + "\n" + line);
}
TEST(Layout, LinksAndImagesOnRequest) {
  EXPECT_EQ(text_of("<p>see <a href='/x'>here</a> <img alt='a cat'></p>"), "see here");
  EXPECT_EQ(text_of("<p>see <a href='/x'>here</a> <img alt='a cat'></p>", {}, {true, true}), "see here (/x) a cat");
}
TEST(Layout, MathBecomesLatex) {
  EXPECT_EQ(text_of("<p>so <math alttext='x^2'><mi>x</mi></math> holds</p>"), "so $x^2$ holds");
  EXPECT_EQ(text_of("<p><math><semantics><mi>x</mi><annotation encoding='application/x-tex'>\\frac12</annotation>"
                    "</semantics></math></p>"),
            "$\\frac12$");
  EXPECT_EQ(text_of("<p>so <script type='math/tex'>y</script></p>"), "so $y$");
}

}  // namespace
}  // namespace ftok::html
