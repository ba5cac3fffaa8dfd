// What is neither score nor layout: formulas as TeX, code in the boxes of highlighters, debris of scripts that did not
// run, side boxes named in Japanese, Chinese, Korean and Thai, and what is kept because of what stands around it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "extract/content/code_boxes.h"
#include "extract/content/debris.h"
#include "extract/content/keep_structure.h"
#include "extract/content/mathml_tex.h"
#include "extract/content/page_kind.h"
#include "extract/content/side_boxes.h"
#include "extract/content/word_model.h"
#include "extract/extract.h"
#include "extract/html/mojibake.h"
#include "extract/html/parser.h"

namespace ftok::html {
namespace {

struct ParsedPage {
  explicit ParsedPage(const std::string& html) { EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone); }
  Dom dom;  // of `html`, which must outlive it
};

NodeId first_of(const Dom& dom, Tag tag) {
  NodeId id = dom.next_in_order(Dom::kRoot);
  while (id != kNoNode && !(dom[id].is_element() && dom[id].tag == tag)) id = dom.next_in_order(id);
  return id;
}

std::string tex(const std::string& mathml) {
  const std::string html = "<p><math>" + mathml + "</math>";
  const ParsedPage tree(html);
  uint64_t steps = 0;
  return tex_of_mathml(tree.dom, first_of(tree.dom, Tag::kMath), steps);
}

TEST(MathMl, LinesOfSymbols) {
  EXPECT_EQ(tex("<mi>a</mi><mo>×</mo><mi>b</mi>"), "a×b");  // one line keeps the signs of arithmetic
  EXPECT_EQ(tex("<mi>α</mi><mi>Δ</mi><mi>T</mi><mo>&gt;</mo><mn>30</mn>"), "\\alpha\\Delta T>30");
  EXPECT_EQ(tex("<mi>sin</mi><mi>x</mi><mo>≤</mo><mi>max</mi>"), "\\sin x\\leq\\max");
  EXPECT_EQ(tex("<mi>abc</mi><mo>{</mo><mn>5</mn><mo>%</mo><mo>}</mo>"), "\\mathrm{abc}\\{5\\%\\}");
  EXPECT_EQ(tex("<mi mathvariant='double-struck'>R</mi><mtext>if so</mtext>"), "\\mathbb{R}\\text{if so}");
  EXPECT_EQ(tex("<mi>f</mi><mo>\u2061</mo><mi>x</mi><mspace/><mphantom><mi>y</mi></mphantom>"), "fx");
  EXPECT_EQ(tex(" \n "), "");
}

TEST(MathMl, FractionsRootsAndScripts) {
  EXPECT_EQ(tex("<mfrac><mn>1</mn><mi>R</mi></mfrac><mo>×</mo><mn>2</mn>"), "\\frac{1}{R}\\times2");
  EXPECT_EQ(tex("<mfrac linethickness='0'><mi>n</mi><mi>k</mi></mfrac>"), "\\binom{n}{k}");
  EXPECT_EQ(tex("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>"), "\\sqrt{x+1}");
  EXPECT_EQ(tex("<mroot><mi>x</mi><mn>3</mn></mroot>"), "\\sqrt[3]{x}");
  EXPECT_EQ(tex("<msub><mi>R</mi><mn>1</mn></msub>"), "R_{1}");
  EXPECT_EQ(tex("<msup><mrow><mi>a</mi><mi>b</mi></mrow><mn>2</mn></msup>"), "{ab}^{2}");
  EXPECT_EQ(tex("<msup><mi>R</mi><mo>′</mo></msup>"), "R^{\\prime}");
  EXPECT_EQ(tex("<msubsup><mo>∫</mo><mn>0</mn><mi>x</mi></msubsup>"), "\\int_{0}^{x}");
  EXPECT_EQ(tex("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>"),
            "\\sum_{i=1}^{n}");
  EXPECT_EQ(tex("<mover><mi>q</mi><mo>→</mo></mover><mover><mrow><mi>A</mi><mi>B</mi></mrow><mo>¯</mo></mover>"),
            "\\vec{q}\\overline{AB}");
  EXPECT_EQ(tex("<munder><mi>x</mi><mtext>note</mtext></munder>"), "\\underset{\\text{note}}{x}");
  EXPECT_EQ(tex("<mmultiscripts><mi>C</mi><none/><none/><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>"),
            "{}_{6}^{14}C");
}

TEST(MathMl, TablesAndFences) {
  EXPECT_EQ(tex("<mfenced open='['><mi>a</mi><mi>b</mi></mfenced>"), "[a,b)");
  EXPECT_EQ(
      tex("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mi>c</mi></mtd></mtr></mtable>"),
      "\\begin{matrix} 1 & 2 \\\\ c \\end{matrix}");
  EXPECT_EQ(tex("<mtable><mlabeledtr><mtd><mtext>(1)</mtext></mtd><mtd><mi>x</mi></mtd></mlabeledtr></mtable>"),
            "\\begin{matrix} x \\end{matrix}");
  EXPECT_EQ(tex("<semantics><mi>a</mi><annotation-xml><ci>x</ci></annotation-xml></semantics>"), "a");
}

std::string language(const std::string& html) {
  const ParsedPage tree(html);
  return std::string(language_of_code(tree.dom, first_of(tree.dom, Tag::kPre)));
}

TEST(CodeBoxes, Languages) {
  EXPECT_EQ(language("<pre><code class='language-rust'>x"), "rust");
  EXPECT_EQ(language("<pre class='lang-py s-code-block'>x"), "py");
  EXPECT_EQ(language("<div class='highlight highlight-source-shell'><pre>x"), "shell");
  EXPECT_EQ(language("<div class='highlight-python notranslate'><div class='highlight'><pre>x"), "python");
  EXPECT_EQ(language("<pre class='brush: js; gutter: false'>x"), "js");
  EXPECT_EQ(language("<pre><code class='hljs c++'>x"), "c++");
  EXPECT_EQ(language("<figure class='highlight go'><table><tr><td class='code'><pre>x"), "go");
  EXPECT_EQ(language("<pre data-lang='json'>x"), "json");
  EXPECT_EQ(language("<pre class='rust rust-example-rendered'>x"), "rust");
  EXPECT_EQ(language("<pre class='rust item-decl'>x"), "rust");
  EXPECT_EQ(language("<pre class='rust item'>x"), "");
  EXPECT_EQ(language("<pre lang='rust'><code>x"), "rust");  // GitHub
  EXPECT_EQ(language("<pre lang='en-US'>x"), "");
  EXPECT_EQ(language("<pre lang='de'>x"), "");
  EXPECT_EQ(language("<div lang='rust'><pre>x"), "");
  EXPECT_EQ(language("<pre class='code python literal-block'>x"), "python");  // docutils
  EXPECT_EQ(language("<pre class='code literal-block'>x"), "");
  EXPECT_EQ(language("<pre class='src src-emacs-lisp'>x"), "emacs-lisp");  // Org
  EXPECT_EQ(language("<pre class='src src-attribution'>x"), "");
  EXPECT_EQ(language("<pre class='lang:php decode:true'>x"), "php");  // Crayon
  EXPECT_EQ(language("<pre class='lang:default decode:true'>x"), "");
  EXPECT_EQ(language("<pre class='EnlighterJSRAW' data-enlighter-language='php'>x"), "php");
  EXPECT_EQ(language("<pre class='EnlighterJSRAW' data-enlighter-language='generic'>x"), "");
  EXPECT_EQ(language("<div class='language-ruby highlighter-rouge'><div class='highlight'><pre><code>x"), "ruby");
  EXPECT_EQ(language("<div class='mw-highlight mw-highlight-lang-python mw-content-ltr'><pre>x"), "python");
  EXPECT_EQ(language("<div class='highlight hl-ipython3'><pre>x"), "ipython3");
  EXPECT_EQ(language("<pre class='sh_python'>x"), "python");
  EXPECT_EQ(language("<pre class='code-java'>x"), "java");  // Jira
  EXPECT_EQ(language("<pre class='code-wide'>x"), "");
  EXPECT_EQ(language("<pre class='code python'>x"), "python");  // DokuWiki
  EXPECT_EQ(language("<pre class='wide python'>x"), "");
  EXPECT_EQ(language("<pre class='r'><code>x"), "r");  // knitr
  EXPECT_EQ(language("<pre class='x'><code>x"), "");
  EXPECT_EQ(language("<pre data-code-block-lang='python'>x"), "python");
  EXPECT_EQ(language("<pre class='syntaxhighlighter-pre' data-syntaxhighlighter-params='brush: java; gutter: no'>x"),
            "java");
  EXPECT_EQ(language("<pre data-lang='JavaScript'>x"), "JavaScript");  // the fence has it in lower case
  const auto crayon = [](const std::string& toolbar) {
    return language(
        "<div class='crayon-syntax crayon-theme-classic'><div class=crayon-toolbar><span class=crayon-title>"
        "</span><div class=crayon-tools><div class=crayon-button></div>" +
        toolbar + "</div></div><div class=crayon-main><table><tr><td class=crayon-code><pre>x");
  };
  EXPECT_EQ(crayon("<span class=crayon-language>PHP</span>"), "PHP");
  EXPECT_EQ(crayon("<span class=crayon-language>Default</span>"), "");
  EXPECT_EQ(crayon("<span class=crayon-mixed>PHP</span>"), "");
  const auto enlighter = [](const std::string& name) {
    return language("<div class=enlighter-default><div class=enlighter><pre>x</pre></div></div>\n<pre class='" + name +
                    "' data-enlighter-language=python>x");
  };
  EXPECT_EQ(enlighter("EnlighterJSRAW enlighter-origin"), "python");
  EXPECT_EQ(enlighter("EnlighterJSRAW"), "");  // the next listing
  const auto hexo = [](const std::string& title) {
    return language("<figure class=highlight><figcaption><span>" + title + "</span></figcaption><pre>x");
  };
  EXPECT_EQ(hexo("lib/lamp.py"), "py");
  EXPECT_EQ(hexo("lamp.unheard"), "");
  EXPECT_EQ(hexo("Written in a.py"), "");
  EXPECT_EQ(hexo(".sh"), "");
  for (const char* const none :
       {"<pre>x", "<pre class='language-plaintext'>x", "<pre class='highlight'>x", "<pre class='hljs left wide'>x",
        "<div class='news'><pre>x", "<pre class='language-a_name_that_is_too_long'>x"})
    EXPECT_EQ(language(none), "") << none;
}

std::string first_block(const std::string& html) {
  const ParsedPage tree(html);
  PageBlocks page;
  cut_into_blocks(tree.dom, {}, page);
  return page.blocks.empty() ? "" : std::string(page.text_of(page.blocks[0]));
}

TEST(CodeBoxes, BoxesThatAreLines) {
  const std::string lines = "<div class=line>a = 1;</div><div class=line>  b;</div></div>";
  EXPECT_EQ(first_block("<div class=fragment>" + lines), "a = 1;\n  b;");
  EXPECT_EQ(first_block("<div class=other>" + lines), "a = 1;");  // boxes of their own
  EXPECT_EQ(first_block("<div class=fragment><div>a = 1;</div><div>  b;</div></div>"), "a = 1;");
  const std::string listing = "<div class=ltx_listingline>if (a) {</div><div class=ltx_listingline>}</div></div>";
  EXPECT_EQ(first_block("<div class='ltx_lstlisting ltx_listing'>" + listing), "if (a) {\n}");
}

TEST(CodeBoxes, LinesInBoxes) {
  EXPECT_EQ(first_block("<pre><div>a</div><div>  b</div><div></div><div>c</div></pre>"), "a\n  b\n\nc");
  EXPECT_EQ(first_block("<pre><div>a\n</div>\n<div>b\n</div>\n</pre>"), "a\nb");
  EXPECT_EQ(first_block("<pre class=prettyprint><ol><li>a</li> <li>b</li></ol></pre>"), "a\nb");
  const auto table = [](const std::string& name) {
    return "<table><tr><td></td><td class=" + name + ">if (x) {</td></tr>\n<tr><td></td><td class=" + name +
           ">  <b>y</b>;</td></tr>\n</table>";
  };
  EXPECT_EQ(first_block(table("blob-code")), "if (x) {\n  y;");
  EXPECT_EQ(first_block(table("cell")), "if (x) {");
}

std::string without(const std::string& text) {
  std::string out;
  size_t at = 0;
  for (const Piece& piece : shortcodes_in(text)) out += text.substr(at, piece.begin - at), at = piece.end;
  return out + text.substr(at);
}

TEST(Debris, Shortcodes) {
  EXPECT_EQ(without("[vc_row full_width=\"stretch\"][vc_column]Hello[/vc_column][/vc_row]"), "Hello");
  EXPECT_EQ(without("[et_pb_text]"), "");
  EXPECT_EQ(without("[gallery ids=\"1,2\"] The mill"), "The mill");
  EXPECT_EQ(without("[caption id=a]A mill[/caption]"), "A mill");
  for (const char* const stays : {"Use the [vc_row] shortcode for a row", "The [gallery] and the [video]",
                                  "See [12] and [a=b]", "[vc_row", "[vcr=1]"})
    EXPECT_EQ(without(stays), stays);
  EXPECT_EQ(first_block("<p>[vc_row][vc_column] <b>Hello</b> [/vc_column]"), "Hello");
  EXPECT_EQ(first_block("<pre>[vc_row][vc_column]</pre>"), "[vc_row][vc_column]");
}

TEST(Debris, Templates) {
  EXPECT_TRUE(is_template("{{ item.title }}"));
  EXPECT_TRUE(is_template("Posted by {{author}} on {{date}}"));
  EXPECT_TRUE(is_template("{% if user %}Hello{% endif %}"));
  EXPECT_TRUE(is_template("<%= name %>"));
  EXPECT_FALSE(is_template("Write {{ title }} where it goes"));
  EXPECT_FALSE(is_template("{{ not closed"));
  EXPECT_FALSE(is_template("{{}}"));
  EXPECT_EQ(first_block("<p>{{ title }}<p>Text"), "Text");
}

std::string phrases(int count, int with) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += (i == 0 ? "" : ", ") + std::string(i < with ? "cheap flights " : "a day ") + "to";
  return out;
}

TEST(Debris, KeywordLists) {
  EXPECT_TRUE(is_keyword_list(phrases(20, 10)));
  EXPECT_FALSE(is_keyword_list(phrases(19, 19)));
  EXPECT_FALSE(is_keyword_list(phrases(20, 9)));
  EXPECT_TRUE(is_keyword_list(phrases(20, 20) + ", one two three four five"));
  EXPECT_FALSE(is_keyword_list(phrases(20, 20) + ", one two three four five six"));
}

// The blocks that stay when all were kept.
std::string beside(const std::string& html) {
  const ParsedPage tree(html);
  PageBlocks page;
  cut_into_blocks(tree.dom, {}, page);
  std::vector<uint8_t> keep(page.blocks.size(), 1);
  drop_side_boxes(page, keep);
  std::string out;
  for (size_t i = 0; i < keep.size(); ++i) out += keep[i] != 0 ? std::string(page.text_of(page.blocks[i])) + "/" : "";
  return out;
}

TEST(SideBoxes, NamedByTheirHeadings) {
  EXPECT_EQ(beside("<p>本文です。</p><div><h2>■関連記事（3）</h2><ul><li><a href=1>駅前</a><li><a "
                   "href=2>桜</a></ul></div><p>終わり。</p>"),
            "本文です。/終わり。/");
  EXPECT_EQ(beside("<p>正文。<h3>相关阅读</h3><ul><li><a href=1>一</a></ul><p>后文。"), "正文。/后文。/");
  EXPECT_EQ(beside("<p>본문.<div><b>많이 본 뉴스</b><p>하나<p>둘</div>"), "본문./");
  EXPECT_EQ(beside("<p>เนื้อหา<div><h4>ข่าวยอดนิยม</h4><p>หนึ่ง</div>"), "เนื้อหา/");
  EXPECT_EQ(beside("<div><h2>関連記事の書き方</h2><p>本文</div>"), "関連記事の書き方/本文/");  // not the whole heading
  std::string section = "<div><h2>ランキング</h2><p>";
  for (int i = 0; i < 20; ++i) section += "これは文章です。";
  EXPECT_NE(beside(section + "</div>"), "");  // sentences under it: a section of the text
}

TEST(SideBoxes, LinesOfPaywalls) {
  EXPECT_EQ(beside("<p>本文。<p>この記事は会員限定です。続きを読む"), "本文。/");
  EXPECT_EQ(beside("<p>正文。<p>登录后阅读全文"), "正文。/");
  EXPECT_EQ(beside("<p>본문.<p>기사 더보기"), "본문./");
  EXPECT_EQ(beside("<p>正文。<p>登录以后，点击设置。"), "正文。/登录以后，点击设置。/");
  std::string text = "<p>";
  for (int i = 0; i < 51; ++i) text += "本";
  EXPECT_NE(beside(text + "続きを読む"), "");  // longer than such a line
}

// The blocks kept when those with an "x" score .2, those with a "z" .01, all others .9 and the cut is .5.
std::string with_structure(const std::string& html) {
  const ParsedPage tree(html);
  PageBlocks page;
  cut_into_blocks(tree.dom, {}, page);
  ContentChoice choice;
  for (const Block& block : page.blocks) {
    const std::string_view text = page.text_of(block);
    choice.score.push_back(text.find('z') != std::string_view::npos   ? 0.01F
                           : text.find('x') != std::string_view::npos ? 0.2F
                                                                      : 0.9F);
  }
  std::vector<uint8_t> keep;
  for (const float score : choice.score) keep.push_back(score >= 0.5F);
  keep_structure(page, choice, keep);
  std::string out;
  for (size_t i = 0; i < keep.size(); ++i) out += keep[i] != 0 ? std::string(page.text_of(page.blocks[i])) + "/" : "";
  return out;
}

TEST(KeepStructure, TablesOfTheText) {
  const auto table = [](const std::string& cell) {
    return "<table><tr><th>" + cell + "1<th>" + cell + "2<tr><td>" + cell + "3<td>" + cell + "4</table>";
  };
  const std::string kept = "a line of five words/x1/x2/x3/x4/";
  EXPECT_EQ(with_structure("<div><p>a line of five words" + table("x") + "<p>end</div>"), kept + "end/");
  EXPECT_EQ(with_structure("<div><p>a line of five words" + table("x") + "</div>"), kept);
  EXPECT_EQ(with_structure("<div><p>a line of five words" + table("z") + "<p>end</div>"), "a line of five words/end/");
  EXPECT_EQ(with_structure("<div><p>a line of five words<table><tr><td>x1<td>x2<td>x3<td>x4</table><p>end</div>"),
            "a line of five words/end/");  // one row
  EXPECT_EQ(with_structure("<div><p>a line of five words<table><tr><td>x1<tr><td>x2<tr><td>x3<tr><td>x4</table><p>end"
                           "</div>"),
            "a line of five words/end/");  // one column
  EXPECT_EQ(with_structure("<div><p>a line of five words<aside>" + table("x") + "</aside><p>end</div>"),
            "a line of five words/end/");
  EXPECT_EQ(with_structure("<div>" + table("a") + "<p>end</div>"), "a1/a2/a3/a4/end/");  // nothing above it
}

TEST(KeepStructure, TablesByTheirRoleWhereEachCellIsOneText) {
  const auto table = [](const std::string& cell) {
    return with_structure(
        "<div><p>a line of five words<div role=table><div role=row><div role=columnheader>x1</div>"
        "<div role=columnheader>x2</div></div><div role=row><div role=cell>x3</div><div role=cell>" +
        cell + "</div></div></div><p>end</div>");
  };
  EXPECT_EQ(table("x4"), "a line of five words/x1/x2/x3/x4/end/");
  EXPECT_EQ(table("x4<p>x5"), "a line of five words/end/");  // a box of its own in a cell
  EXPECT_EQ(with_structure("<div><p>a line of five words<table><tr><th>x1<th>x2<tr><td>x3<td>x4<p>x5</table><p>end"
                           "</div>"),
            "a line of five words/x1/x2/x3/x4/x5/end/");
}

TEST(KeepStructure, CodeDefinitionsAndHeadings) {
  EXPECT_EQ(with_structure("<div><p>a line of words<pre>z = 1</pre><p>end</div>"), "a line of words/z = 1/end/");
  EXPECT_EQ(with_structure("<div><p>a line of words<nav><pre>z = 1</pre></nav><p>end</div>"), "a line of words/end/");
  EXPECT_EQ(with_structure("<div><p>a line of words<dl><dt>x<dd>x too</dl><p>end</div>"),
            "a line of words/x/x too/end/");
  EXPECT_EQ(with_structure("<div><p>a line of words<h2>x</h2><p>end</div>"), "a line of words/x/end/");
  EXPECT_EQ(with_structure("<div><p>a line of words<h2>z</h2><p>end</div>"), "a line of words/end/");
  EXPECT_EQ(with_structure("<div><p>a line of words<h2>x</h2><p>z</div>"), "a line of words/");
}

// What follows is neither kept nor the core's end: the text before must claim a table, code or a list of definitions.
TEST(KeepStructure, WhatTheTextAnnouncesOrAHeadingNames) {
  const std::string table = "<table><tr><td>x1<td>x2<tr><td>x3<td>x4</table>", more = "<p>z<p>z<p>z<p>z</div>";
  const std::string text = "<div><p>a line of five words", all = "x1/x2/x3/x4/";
  EXPECT_EQ(with_structure(text + ":</p>" + table + more), "a line of five words:/" + all);
  EXPECT_EQ(with_structure(text + ".</p>" + table + more), "a line of five words./");
  EXPECT_EQ(with_structure(text + ":<p>z.txt</p>" + table + more), "a line of five words:/" + all);  // a name between
  EXPECT_EQ(with_structure(text + ":<p>z<p>z</p>" + table + more), "a line of five words:/");
  EXPECT_EQ(with_structure(text + "<p>z<p>z<p>z<h2>x</h2>" + table + more), "a line of five words/x/" + all);
  EXPECT_EQ(with_structure(text + "<p>z<p>z<p>z<h2>z</h2>" + table + more), "a line of five words/");
  EXPECT_EQ(with_structure(text + "<p>z<p>z<p>z<h2><a href=a>x</a></h2>" + table + more), "a line of five words/");
  EXPECT_EQ(with_structure(text + "<p>z<p>z<p>z<aside><h2>x</h2>" + table + "</aside>" + more),
            "a line of five words/");
  EXPECT_EQ(with_structure(text + ":<pre>z = 1</pre>" + more), "a line of five words:/z = 1/");
  EXPECT_EQ(with_structure(text + ".<pre>z = 1</pre>" + more), "a line of five words./");
  EXPECT_EQ(with_structure(text + ":<dl><dt>x<dd>x too</dl>" + more), "a line of five words:/x/x too/");
  EXPECT_EQ(with_structure(text + ".<dl><dt>x<dd>x too</dl>" + more), "a line of five words./");
  EXPECT_EQ(with_structure(text + "<p>z<p>z<p>z<h2>Terms</h2><dl><dt>x<dd>x too</dl>" + more),
            "a line of five words/Terms/x/x too/");
  EXPECT_EQ(with_structure(text + "<p>z<p>z<p>z<h2>x</h2><dl><dt>x<dd>x too</dl>" + more), "a line of five words/");
}

TEST(KeepStructure, TablesWithACaptionOfTheirOwn) {
  const std::string text = "<div><p>a line of five words</p>", more = "<p>z<p>z<p>z<p>z</div>";
  const std::string rows = "<tr><td>x1<td>x2<tr><td>x3<td>x4</table>", table = "<table>" + rows;
  EXPECT_EQ(with_structure(text + table + more), "a line of five words/");
  EXPECT_EQ(with_structure(text + "<table><caption>x</caption>" + rows + more), "a line of five words/x/x1/x2/x3/x4/");
  EXPECT_EQ(with_structure(text + "<figure><figcaption>x</figcaption>" + table + "</figure>" + more),
            "a line of five words/x/x1/x2/x3/x4/");
  EXPECT_EQ(with_structure(text + "<p>z<p>z<p>z<p>z<table><caption>x</caption>" + rows + more),
            "a line of five words/");
}

// A form or an aside that holds all of the text is no place beside it.
TEST(KeepStructure, BoxesThatHoldTheCore) {
  const std::string page = "<div><p>a line of five words<pre>z = 1</pre><p>and so many behind</div>";
  EXPECT_EQ(with_structure("<form>" + page + "</form>"), "a line of five words/z = 1/and so many behind/");
  EXPECT_EQ(with_structure("<div><p>a line of five words<form><pre>z = 1</pre></form><p>and so many behind</div>"),
            "a line of five words/and so many behind/");
}

TEST(KeepStructure, DataInATableThatLaysThePageOut) {
  const std::string data = "<table><tr><td>x1<td>x2<tr><td>x3<td>x4</table>";
  const auto page = [](const std::string& cell) {
    return "<table><tr><td><p>a line of five words</p>" + cell + "<p>and so many behind</table>";
  };
  EXPECT_EQ(with_structure(page(data)), "a line of five words/x1/x2/x3/x4/and so many behind/");
  EXPECT_EQ(with_structure(page("<table><tr><td>" + data + "<td>x5</table>")),
            "a line of five words/x1/x2/x3/x4/and so many behind/");  // x5 is of a layout
  EXPECT_EQ(with_structure(page("<aside>" + data + "</aside>")), "a line of five words/and so many behind/");
}

TEST(KeepStructure, Footnotes) {
  const std::string text = "<div><p>a line of words<p>more of them", notes = "<ol class=footnotes><li id=a>z</ol>";
  EXPECT_EQ(with_structure(text + notes + "</div>"), "a line of words/more of them/z/");
  EXPECT_EQ(with_structure(text + "<ol class=footnotes><li>z</ol></div>"), "a line of words/more of them/");
  EXPECT_EQ(with_structure(text + "<ol><li id=a>z</ol></div>"), "a line of words/more of them/");
  EXPECT_EQ(with_structure(text + "<aside>" + notes + "</aside></div>"), "a line of words/more of them/");
  EXPECT_EQ(with_structure(text + "</div><div>" + notes + "</div>"), "a line of words/more of them/");  // elsewhere
}

TEST(PageKind, OfAddressesAndTypes) {
  EXPECT_EQ(read_path("").depth, -1);
  EXPECT_EQ(read_path("https://mill.example").depth, 0);
  const PathFacts post = read_path("https://mill.example/blog/2021/the-mill-at-weirside.html?x=/a/b#c/d");
  EXPECT_EQ(post.depth, 3);
  EXPECT_EQ(post.kind, 1);
  EXPECT_EQ(post.slug_words, 4);
  EXPECT_EQ(read_path("http://mill.example/Category/Shop/").kind, 4);
  EXPECT_EQ(kind_of_schema("NewsArticle"), 2);
  EXPECT_EQ(kind_of_schema("LocalBusiness"), 6);
  EXPECT_EQ(kind_of_schema("Thing"), 0);
}

TEST(Phrases, CharactersOfScriptsWithoutSpaces) {
  std::vector<uint32_t> words, others;
  phrases_of("水門橋｜北浜", words);
  EXPECT_EQ(words.size(), 9U);  // five words and four pairs; the bar is none
  phrases_of("北浜の水門橋", others);
  EXPECT_EQ(others.size(), 11U);
  phrases_of("mill 水", words);
  EXPECT_EQ(words.size(), 3U);
}

// Letters and words as a translation into an alphabet has them (blocks.h).
TEST(Measures, ScriptsWithoutSpaces) {
  const auto sums = [](const std::string& text) {
    const std::string html = "<p>" + text;
    const ParsedPage tree(html);
    PageBlocks page;
    cut_into_blocks(tree.dom, {}, page);
    return page.blocks.at(0).sums;
  };
  EXPECT_EQ(sums("水門橋水門橋水門橋水").letters, 30U);
  EXPECT_EQ(sums("水門橋水門橋水門橋水").words, 7U);  // one between spaces, six of ten characters
  EXPECT_EQ(sums("かなかなかなかなかな").letters, 20U);
  EXPECT_EQ(sums("수문교").letters, 6U);
  EXPECT_EQ(sums("수문교 수문교").words, 2U);
  EXPECT_EQ(sums("สะพานประตู").letters, 10U);
}

// The page as it was meant, and how many characters were made right; "" where nothing is certain.
std::string repaired(const std::string& page, uint64_t characters) {
  std::string out;
  EXPECT_EQ(repair_mojibake(page, out), characters) << page;
  return out;
}

TEST(Mojibake, OneRoundWhereItIsCertain) {
  EXPECT_EQ(repaired("<p>Itâ€™s a mill</p>", 1), "<p>It’s a mill</p>");
  EXPECT_EQ(repaired("<p>CafÃ© and crÃ¨me</p>", 2), "<p>Café and crème</p>");
  EXPECT_EQ(repaired("<p>CafÃ©</p>\n<p>voilÃ  tout</p>", 2), "<p>Café</p>\n<p>voilà tout</p>");
  EXPECT_EQ(repaired("<p>It\u00E2\u0080\u0099s</p>", 1), "<p>It’s</p>");  // Latin-1 keeps the controls
  EXPECT_EQ(repaired("<p>CafÃ© crÃ¨me</p><p>crème brûlée, Itâ€™s</p>", 2),
            "<p>Café crème</p><p>crème brûlée, Itâ€™s</p>");
  EXPECT_EQ(repaired("<p>So ðŸ˜€</p>", 1), "<p>So 😀</p>");
}

TEST(Mojibake, WhatMayBeMeantStays) {
  for (const char* const page : {"<p>AMANHÃ…</p>", "<p>CafÃ©, cafÃ©</p>", "<p>NÃO, AMANHÃ…, ADEUS Ã“</p>",
                                 "<p>É Ã€ Ã‰</p>", "<p>Café crème à la carte</p>", "<p>Ã</p>", "<p>Ã la</p>",
                                 "<p>NÃO, â€, Ã©</p>", "Â", "Ã©", "<p>50 Â</p>", "", "â€"})
    EXPECT_EQ(repaired(page, 0), "") << page;
}

TEST(Mojibake, SignsBehindALetterStay) {
  for (const char* const page :
       {"<p>Leia “AMANHÃ” hoje</p><p>Leia ‘A MANHÃ’ hoje</p>", "<p>AMANHÃ—CHEGA</p><p>«AMANHÃ» e AMANHÃ… e</p>",
        "<p>„Spaß“ ist das</p><p>und „groß”, ja</p>", "<p>“Um café…” e nada mais</p>",
        "<p>the “CAFÉ” and the CAFÉ’s</p>", "<p>Ela disse: É—disse</p><p>a É…</p>",
        "<p>a letra “Ã” e</p><p>a letra ‘Ã’ e</p>"})
    EXPECT_EQ(repaired(page, 0), "") << page;
  // Beside runs that can mean nothing else they are runs, elsewhere they are not.
  EXPECT_EQ(repaired("<p>Ã“, disse a tia JosÃ©</p><p>manhÃ£</p><p>Leia “AMANHÃ” hoje</p>", 3),
            "<p>Ó, disse a tia José</p><p>manhã</p><p>Leia “AMANHÃ” hoje</p>");
  EXPECT_EQ(repaired("<p>Ã–sterreich</p><p>Ã„pfel</p><p>nÃ®mes, FÃ»t</p>", 4),
            "<p>Österreich</p><p>Äpfel</p><p>nîmes, Fût</p>");
}

TEST(Mojibake, WhatIsShownForWhatItIsStays) {
  EXPECT_EQ(repaired("<table><td>Ã©<td>é<tr><td> Ã¨ <td>è<tr><td>â€™<td>’</table>", 0), "");
  EXPECT_EQ(repaired("<p>Write \"Ã©\" or (Ã¨) or 'â€™'</p>", 0), "");
  // Few runs on a page of letters that are right.
  const std::string runs = "<p>CafÃ© crÃ¨me</p>";
  const auto with_letters = [&](size_t count) {
    std::string page = runs + "<p>";
    for (size_t i = 0; i < count; ++i) page += "é ";
    return page;
  };
  EXPECT_EQ(repaired(with_letters(20), 2).substr(0, 22), "<p>Café crème</p><p>");
  EXPECT_EQ(repaired(with_letters(21), 0), "");
}

TEST(Mojibake, CodeStaysUnlessAllIsMisread) {
  const std::string misread = "<p>CafÃ©, crÃ¨me</p>";
  for (const char* const code : {"<code>if Ã©t</code>", "<PRE class=x>if Ã©t\nthen</PRE>", "<pre><b>Ã©t</b></pre>",
                                 "<script>'Ã©t'</script>", "<kbd>Ã©t</kbd>"}) {
    EXPECT_EQ(repaired("<p>é</p>" + misread + code, 2), "<p>é</p><p>Café, crème</p>" + std::string(code));
    EXPECT_EQ(repaired("<p>é</p>" + std::string(code) + "<pre>Ã¨tr</pre>", 0), "") << code;
    EXPECT_NE(repaired(misread + code, 3).find("ét"), std::string::npos) << code;
  }
  EXPECT_EQ(repaired("<p>é</p>" + misread + "<script type=application/ld+json>\"Ã©t\"</script>", 3),
            "<p>é</p><p>Café, crème</p><script type=application/ld+json>\"ét\"</script>");
  EXPECT_EQ(repaired("<p>é</p>" + misread + "<code>Ã©t", 3), "<p>é</p><p>Café, crème</p><code>ét");  // without an end
}

TEST(Mojibake, RunsThatLostTheirLastByte) {
  EXPECT_EQ(repaired("<p>L'Ã©cole et le garÃ§on Ã la fenÃªtre</p>", 4), "<p>L'école et le garçon à la fenêtre</p>");
  EXPECT_EQ(repaired("<p>L'Ã©cole, le garÃ§on Ã  la fin</p>", 3), "<p>L'école, le garçon à la fin</p>");
  EXPECT_EQ(repaired("<p>Ã©, Ã§, Ã&nbsp;la</p>", 3), "<p>é, ç, à la</p>");
  EXPECT_EQ(repaired("<p>Ã©, Ã§, Ã&nbsp; la</p>", 3), "<p>é, ç, à la</p>");
  EXPECT_EQ(repaired("<p>Ã©, Ã§, voilÃ , lÃ -bas</p>", 4), "<p>é, ç, voilà, là-bas</p>");
  EXPECT_EQ(repaired("<p>Ã©, Ã§, jusqu'Ã\nla</p>", 3), "<p>é, ç, jusqu'à\nla</p>");
  EXPECT_EQ(repaired("<p>â€œOakâ€ and itâ€™s</p>", 3), "<p>“Oak” and it’s</p>");
  // A word that ends in "Ã", behind a capital letter; a letter right behind it; no run beside it.
  EXPECT_EQ(repaired("<p>Ã©, Ã§</p><p>MANHÃ Ã©</p>", 2), "<p>é, ç</p><p>MANHÃ Ã©</p>");
  EXPECT_EQ(repaired("<p>Ã©, Ã§</p><p>Ãrea Ã©</p>", 2), "<p>é, ç</p><p>Ãrea Ã©</p>");
  EXPECT_EQ(repaired("<p>Ã©, Ã§</p><p>Ã la</p>", 2), "<p>é, ç</p><p>Ã la</p>");
}

TEST(Mojibake, BeforeThePageIsParsed) {
  const std::string text =
      "The mill below the weir was repaired last spring by volunteers who had never worked with oak.";
  const ExtractResult page = extract("<article><p>Itâ€™s old. " + text + "</p></article>", {});
  EXPECT_EQ(page.text, "It’s old. " + text);
}

TEST(Markdown, FormulasInTeXsDelimiters) {
  ExtractOptions options;
  options.markdown = true;
  const auto markdown = [&](const std::string& text) {
    return extract("<html><body><article><p>" + text + "</article></body></html>", options).text;
  };
  const std::string more =
      " is the length that the builder of the mill wrote down for us in his book, which lies in the hall.";
  EXPECT_EQ(markdown("Here \\(x_1 * y_2\\)" + more), "Here \\(x_1 * y_2\\)" + more);
  EXPECT_EQ(markdown("Here $$a_{1} * b_{2}$$" + more), "Here $$a_{1} * b_{2}$$" + more);
  EXPECT_EQ(markdown("Here $a_{1}$ and *" + more), "Here $a_{1}$ and *" + more);
  EXPECT_EQ(markdown("It cost $5_ and _$10" + more), "It cost $5\\_ and \\_$10" + more);
}

}  // namespace
}  // namespace ftok::html
