// Code as highlighters and hosts of code lay it out: every line once, with its indentation and without its number.
#include <gtest/gtest.h>

#include <string>

#include "extract/content/code_boxes.h"
#include "extract/content/code_labels.h"
#include "extract/html/parser.h"
#include "tests/extract/laid_out.h"

namespace ftok::html {
namespace {

std::string code_of(const std::string& html) { return laid_out(html, false); }

std::string fence(const std::string& lines, const std::string& language = "") {
  return "```" + language + "\n" + lines + "\n```";
}

// What is left when all blocks were kept and the labels are gone.
std::string without_labels(const std::string& html) {
  Dom dom;
  EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
  PageBlocks page;
  cut_into_blocks(dom, {}, page);
  std::vector<uint8_t> keep(page.blocks.size(), 1);
  drop_code_labels(page, keep);
  return lay_out(page, keep, {});
}

constexpr const char* kLines = "if x:\n    y()\n\nz()";

TEST(CodeLayouts, SyntaxHighlighter) {
  const auto line = [](const std::string& code) { return "<div class='line number1 index0 alt2'>" + code + "</div>"; };
  const std::string lines = line("<code class='py plain'>if x:</code>") +
                            line("<code class='py spaces'>&nbsp;&nbsp;&nbsp;&nbsp;</code><code class='py'>y()</code>") +
                            line("&nbsp;") + line("<code class='py plain'>z()</code>");
  const std::string gutter = "<td class=gutter>" + line("1") + line("2") + line("3") + line("4") + "</td>";
  const auto table = [&](const std::string& name) {
    return "<div class='" + name + "'><table><tr>" + gutter + "<td class=code><div class=container>" + lines +
           "</div></table></div>";
  };
  EXPECT_EQ(laid_out(table("syntaxhighlighter  py")), fence(kLines, "py"));
  EXPECT_EQ(laid_out(table("syntaxhighlighter nogutter  py")), fence(kLines, "py"));
  EXPECT_EQ(laid_out(table("other")), fence(kLines));  // by "code" of the cell
  EXPECT_EQ(code_of("<div class=plain><div class=container>" + lines + "</div></div>"), "if x:\ny()\nz()");
  const auto row = [](const std::string& number, const std::string& code) {
    return "<div class='line alt1'><table><tr><td class=number><code>" + number + "</code><td class=content>" + code +
           "</table></div>\n";
  };
  EXPECT_EQ(laid_out("<div class=syntaxhighlighter><div class=lines>" + row("1", "<code>if x:</code>") +
                     row("2", "<code>&nbsp;&nbsp;&nbsp;&nbsp;</code><code>y()</code>") +
                     row("3", "<code>&nbsp;</code>") + row("4", "<code>z()</code>") + "</div></div>"),
            fence(kLines));
  const std::string items =
      "<li class=alt><span>if x:&nbsp;&nbsp;</span></li>\n  <li>&nbsp;&nbsp;&nbsp;&nbsp;y()</li>"
      "<li>&nbsp;</li><li>\n    <span>z()</span>\n  </li></ol>";
  EXPECT_EQ(laid_out("<div class=dp-highlighter><ol class=dp-py>" + items + "</div>"), fence(kLines, "py"));
  EXPECT_EQ(code_of("<div class=dp-other><ol class=dp-py>" + items + "</div>").substr(0, 9), "1. if x:\n");
}

TEST(CodeLayouts, BoxesOfOtherHighlighters) {
  const auto crayon = [](const std::string& name) {
    return "<div class=" + name +
           "><div class=crayon-line>if x:</div>\n<div class=crayon-line><span>\t</span>y()</div>" +
           "<div class='crayon-line crayon-striped-line'>&nbsp;</div><div class=crayon-line>z()</div></div>";
  };
  EXPECT_EQ(code_of(crayon("crayon-pre")), "if x:\n\ty()\n\nz()");
  EXPECT_EQ(code_of(crayon("other")), "if x:\ny()\nz()");
  EXPECT_EQ(code_of("<pre class=py><ol><li><div class=de1>if x:</div></li>\n<li><div class=de1>    y()</div></li>\n"
                    "<li><div class=de1>&nbsp;</div></li>\n<li><div class=de1>z()</div></li>\n</ol></pre>"),
            kLines);  // GeSHi
  const std::string breaks = "if x:<br />\n&nbsp; &nbsp; y()<br />\n<br />\nz()";
  EXPECT_EQ(laid_out("<div class='geshifilter-python geshifilter'>" + breaks + "</div>"), fence(kLines, "python"));
  EXPECT_EQ(code_of("<div class=other>" + breaks + "</div>"), "if x:\ny()\nz()");
  EXPECT_EQ(
      code_of("<div class=enlighter><div class=''><div><span>if x:</span></div></div><div><div>    y()</div></div>"
              "<div></div><div>z()</div></div>"),
      kLines);
  EXPECT_EQ(code_of("<div class=view-lines><div class=view-line>if x:</div><div class=view-line>    y()</div>"
                    "<div class=view-line></div><div class=view-line>z()</div></div>"),
            kLines);
}

// All children but one must be lines.
TEST(CodeLayouts, ABoxOfLinesHoldsLittleElse) {
  const std::string line = "<div class=line>a</div>", other = "<div>b</div>";
  const auto kind = [](const std::string& children) {
    Dom dom;
    const std::string html = "<div class=code>" + children + "</div>";
    EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
    PageBlocks page;
    cut_into_blocks(dom, {}, page);
    return page.blocks.at(0).kind;
  };
  EXPECT_EQ(kind(other + line + line), BlockKind::kCode);
  EXPECT_EQ(kind(other + line + other), BlockKind::kText);
  EXPECT_EQ(kind(other + other), BlockKind::kText);
}

TEST(CodeLayouts, RowsOfANumberAndALine) {
  const auto table = [](int rows, const std::string& code, int second = 2, const std::string& more = "") {
    std::string html = "<table>";
    for (int i = 1; i <= rows; ++i)
      html += "<tr><td>" + std::to_string(i == 2 ? second : i) + "</td>\n<td>" + code + "</td>" + more + "</tr>\n";
    return code_of(html + "</table>");
  };
  EXPECT_EQ(table(3, "<code>&nbsp; a</code>"), "  a\n  a\n  a");
  EXPECT_EQ(table(3, "<pre>a  b</pre>"), "a  b\na  b\na  b");
  EXPECT_EQ(table(2, "<code>a</code>"), "1 | a\n2 | a");                 // two rows
  EXPECT_EQ(table(3, "<code>a</code>", 4), "1 | a\n4 | a\n3 | a");       // they do not count up
  EXPECT_EQ(table(3, "a"), "1 | a\n2 | a\n3 | a");                       // no code
  EXPECT_EQ(table(3, "<code>a</code> b"), "1 | a b\n2 | a b\n3 | a b");  // nor that
  EXPECT_EQ(table(3, "<code>a</code>", 2, "<td>c"), "1 | a | c\n2 | a | c\n3 | a | c");
  for (const char* name : {"FileContents-lineContents", "lines-code", "blob-code"})
    EXPECT_EQ(code_of("<table><tr><td class=x>1<td class=" + std::string(name) + ">  a\n<tr><td>2<td class=" + name +
                      ">b\n</table>"),
              "  a\nb")
        << name;
  const std::string rows = "<tbody><tr><th><a>1</a></th><td>if x:<tr><th>2<td>&nbsp; y()<tr><th>3<td></table>";
  EXPECT_EQ(code_of("<table><thead><tr><th class=lineno>Line<th></thead>" + rows), "if x:\n  y()");  // Trac
  EXPECT_NE(code_of("<table><thead><tr><th>Line<th></thead>" + rows), "if x:\n  y()");
}

TEST(CodeLayouts, NumbersAtTheBeginningsOfLines) {
  const auto line = [](const std::string& number) { return "<span style='color:teal'>" + number + "</span> a\n"; };
  const auto pre = [&](const std::string& lines) { return code_of("<pre>" + lines + "</pre>"); };
  EXPECT_EQ(pre(line("8") + line("9") + line(" 10:")), "a\na\na");
  EXPECT_EQ(pre(line("1") + line("2")), "1 a\n2 a");                              // two lines
  EXPECT_EQ(pre(line("1") + line("3") + line("4")), "1 a\n3 a\n4 a");             // they do not count up
  EXPECT_EQ(pre(line("1") + "b\n" + line("2") + line("3")), "1 a\nb\n2 a\n3 a");  // a line without
  EXPECT_EQ(pre("1 a\n2 a\n3 a"), "1 a\n2 a\n3 a");                               // they are text
  EXPECT_EQ(pre("<b>1</b>\n<b>2</b>\n<b>3</b>"), "1\n2\n3");                      // no code beside them
  EXPECT_EQ(pre("<a name=L1> 1</a>   a\n<a name=L2> 2</a> b\n<a name=L3> 3</a> c"), "  a\nb\nc");
  EXPECT_EQ(pre("a\nb<ul class=pre-numbering><li>1<li>2</ul>"), "a\nb");
  EXPECT_EQ(pre("a\nb<ul><li>1<li>3</ul>"), "a\nb\n1\n3");
}

TEST(CodeLayouts, APreForEachLine) {
  const auto box = [](const std::string& third) {
    return laid_out("<div><pre>a</pre>\n<pre>  b\n</pre><!-- -->" + third + "</div>");
  };
  EXPECT_EQ(box("<pre>c</pre>"), fence("a\n  b\nc"));
  EXPECT_EQ(box(""), fence("a") + "\n\n" + fence("  b"));
  EXPECT_EQ(box("<pre>c\nd</pre>"), fence("a") + "\n\n" + fence("  b") + "\n\n" + fence("c\nd"));
  EXPECT_EQ(box("<pre>c</pre><p>d"), fence("a") + "\n\n" + fence("  b") + "\n\n" + fence("c") + "\n\nd");
  EXPECT_EQ(laid_out("<div><pre><span id=lnum1>   1:</span> a</pre><pre><span>   2:</span>   b</pre>"
                     "<pre><span>   3:</span> c</pre></div>"),
            fence("a\n  b\nc"));
}

TEST(CodeLayouts, CodeThatIsNoPre) {
  EXPECT_EQ(laid_out("<p><code>if x:<br>&nbsp; y()<br>z()</code></p>"), fence("if x:\n  y()\nz()"));
  EXPECT_EQ(laid_out("<p>a</p><code>b<br>c</code><p>d</p>"), "a\n\n" + fence("b\nc") + "\n\nd");
  EXPECT_EQ(laid_out("<p>a <code>b<br>c</code></p>"), "a `b c`");
  EXPECT_EQ(laid_out("<p><code>b<br></code></p>"), "`b`");
  EXPECT_EQ(laid_out("<table><tr><th>x<th>y<tr><td><code>b<br>c</code><td>d</table>"),
            "| x | y |\n| --- | --- |\n| `b c` | d |");
  EXPECT_EQ(laid_out("<div><code style='white-space: pre-wrap'>a\n  b</code></div>"), fence("a\n  b"));
  EXPECT_EQ(laid_out("<div><code style='white-space: pre-line'>a\n  b</code></div>"), "`a b`");
  EXPECT_EQ(laid_out("<textarea name=code class=python>a\n  b</textarea>"), fence("a\n  b", "python"));
  EXPECT_EQ(laid_out("<textarea name=code>a</textarea>"), "");
  EXPECT_EQ(laid_out("<textarea name=text class=python>a</textarea>"), "");
  EXPECT_EQ(laid_out("<pre><button>Copy</button><code>a</code></pre>"), fence("a"));
  EXPECT_EQ(code_of("<pre>a\n \t\n b</pre>"), "a\n\n b");  // a line of white space alone is empty
}

TEST(CodeLabels, OfHighlightersGo) {
  const std::string code = "<pre><code class='language-python'>a = 1\nb</code></pre>";
  EXPECT_EQ(without_labels("<p>x<div><span>Python</span><button>Kopieren</button>" + code + "</div><p>y"),
            "x\na = 1\nb\ny");
  EXPECT_EQ(without_labels("<p>x<div>" + code + "<div>Copy</div></div><p>y"), "x\na = 1\nb\ny");
  EXPECT_EQ(without_labels("<div><p>Code: <a href=#>Select all</a></p>" + code + "</div>"), "a = 1\nb");
  for (const size_t size : {40, 41})  // what a button says
    EXPECT_EQ(without_labels("<div><button>" + std::string(size, 'x') + "</button>" + code + "</div>"),
              (size == 40 ? "" : std::string(size, 'x') + "\n") + "a = 1\nb");
  EXPECT_EQ(without_labels("<div><p>Copy this:</p>" + code + "</div>"), "Copy this:\na = 1\nb");
  EXPECT_EQ(without_labels("<div><p>Copy</p></div><p>x</p>" + code), "Copy\nx\na = 1\nb");
  EXPECT_EQ(without_labels("<div><p>1<p>2<p>3<p>4<p>5<p>Copy" + code + "</div>"),
            "1\n2\n3\n4\n5\nCopy\na = 1\nb");  // a box of seven blocks frames more than code
  EXPECT_EQ(without_labels("<div><p>1<p>2<p>3<p>4<p>Copy" + code + "</div>"), "1\n2\n3\n4\na = 1\nb");
  EXPECT_EQ(without_labels("<div><p>Copy<p>Copy<p>Copy<p>Copy" + code + "</div>"), "a = 1\nb");
  EXPECT_EQ(without_labels("<div><p>Copy<p>Copy<p>Copy<p>Copy<p>Copy" + code + "</div>"), "Copy\na = 1\nb");
}

TEST(CodeLabels, LinksToTheListingGo) {
  const auto figure = [](const std::string& name, const std::string& caption) {
    return code_of("<figure class='" + name + "'><figcaption>" + caption + "</figcaption><pre>a</pre></figure>");
  };
  EXPECT_EQ(figure("highlight py", "<span>a.py</span><a href=/a.py>view raw</a>"), "a.py\na");
  EXPECT_EQ(figure("code", "<span>a.py</span><a href=/a.py>link</a>"), "a.py\na");
  EXPECT_EQ(figure("photo", "<span>a.py</span><a href=/a.py>link</a>"), "a.pylink\na");
  EXPECT_EQ(figure("code", "<span>a.py</span> of <a href=/a.py>b</a>"), "a.py of b\na");
}

TEST(CodeLabels, NumbersAndCopiesGo) {
  const std::string code = "<pre>a = 1\n  b</pre>";
  EXPECT_EQ(without_labels("<div><pre>1\n2</pre>" + code + "</div>"), "a = 1\n  b");
  EXPECT_EQ(without_labels("<div><pre>1\n3</pre>" + code + "</div>"), "1\n3\na = 1\n  b");
  EXPECT_EQ(without_labels("<div><pre>1\n2\n3</pre>" + code + "</div>"), "1\n2\n3\na = 1\n  b");
  EXPECT_EQ(without_labels("<div><pre>01\n02</pre>" + code + "</div>"), "a = 1\n  b");
  EXPECT_EQ(without_labels("<div><pre>0\n1</pre>" + code + "</div>"), "0\n1\na = 1\n  b");  // a loop's output
  EXPECT_EQ(without_labels("<div><pre>1</pre><pre>a</pre></div>"), "1\na");                 // one line
  const auto cells = [&](const std::string& more) {  // a notebook: the output of a cell, and the next cell
    return "<div><div><p>a<p>b<pre>x</pre>" + more + "<pre>1\n2</pre></div><div>" + code + "<p>w</div></div>";
  };
  EXPECT_EQ(without_labels(cells("<p>v")), "a\nb\nx\nv\n1\n2\na = 1\n  b\nw");  // seven blocks
  EXPECT_EQ(without_labels(cells("")), "a\nb\nx\na = 1\n  b\nw");               // six
  EXPECT_EQ(without_labels("<div>" + code + "<pre>a = 1\nb</pre></div>"), "a = 1\n  b");
  EXPECT_EQ(without_labels("<div>" + code + "<pre>a = 1\nc</pre></div>"), "a = 1\n  b\na = 1\nc");
  EXPECT_EQ(without_labels("<div>" + code + "</div><div>" + code + "</div>"), "a = 1\n  b\na = 1\n  b");  // two boxes
  EXPECT_EQ(without_labels("<div>" + code + "<p>x</p>" + code + "</div>"), "a = 1\n  b\nx\na = 1\n  b");
}

}  // namespace
}  // namespace ftok::html
