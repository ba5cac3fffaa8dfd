// Formulas as sites and generators write them, numbers that are raised or lowered, and headings by their role. Each
// rule on both sides of its bound.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "extract/extract.h"
#include "tests/extract/laid_out.h"

namespace ftok::html {
namespace {

std::string line(std::string_view html) { return laid_out("<p>" + std::string(html), false); }

TEST(FormulaElements, SourceForAScriptToDraw) {
  EXPECT_EQ(laid_out("<p>so <span class='math inline'>\\alpha</span>"), "so $\\alpha$");  // Pandoc
  EXPECT_EQ(laid_out("<p>so <span class='math display'>x = 1</span>"), "so $$x = 1$$");
  EXPECT_EQ(laid_out("<p>so <span class=math>x_1 * y</span>"), "so $x_1 * y$");  // Discourse
  EXPECT_EQ(laid_out("<p>a<div class=math>\nx^2\n</div><p>b"), "a\n\n$$x^2$$\n\nb");
  EXPECT_EQ(laid_out("<p>so <code class='code math js-render-math' data-math-style=inline>x^2</code>"), "so $x^2$");
  EXPECT_EQ(laid_out("<pre class='code math js-render-math' data-math-style=display><code>x^2\n</code></pre>"),
            "$$x^2$$");
  EXPECT_EQ(laid_out("<pre><code class='language-math'>x^2\n</code></pre>"), "$$x^2$$");  // Gitea
  EXPECT_EQ(laid_out("<pre lang=math><code>x^2\n</code></pre>"), "$$x^2$$");              // GitHub
  EXPECT_EQ(laid_out("<p>so <d-math>x^2</d-math> and <d-math block>y^2</d-math>"), "so $x^2$ and $$y^2$$");
  EXPECT_EQ(laid_out("<p>so <span class=ztext-math data-tex='x^2'>drawn</span>"), "so $x^2$");
  EXPECT_EQ(laid_out("<p>so <span class=ql-formula data-value='x^2'><span>drawn</span></span>"), "so $x^2$");
}

TEST(FormulaElements, WhatIsNone) {
  EXPECT_EQ(laid_out("<p>so <span class=math>Math</span>"), "so Math");
  EXPECT_EQ(laid_out("<p>so <span class=math>ab</span>"), "so $ab$");  // no word of three letters
  EXPECT_EQ(laid_out("<p>so <span class=math>abc</span>"), "so abc");
  EXPECT_EQ(laid_out("<p>so <span class='math inline'>abc</span>"), "so $abc$");
  EXPECT_EQ(laid_out("<p>so <span class='math inline'><em>x</em> y</span>"), "so *x* y");  // drawn as HTML
  EXPECT_EQ(laid_out("<p>so <span class='math inline'>\\(x^2\\)</span>"), "so \\(x^2\\)");
  EXPECT_EQ(laid_out("<div class=math>\\begin{align} x \\end{align}</div>"), "\\begin{align} x \\end{align}");
  EXPECT_EQ(laid_out("<div class=math>\\begin{aligned} x \\end{aligned}</div>"),
            "$$\\begin{aligned} x \\end{aligned}$$");
  EXPECT_EQ(laid_out("<pre><code class=language-latex>x^2</code></pre>"), "```latex\nx^2\n```");
  EXPECT_EQ(laid_out("<p>so <code class=tex>x^2</code>"), "so `x^2`");
  EXPECT_EQ(laid_out("<p>so <span class=mathematician>x^2</span>"), "so x^2");
  EXPECT_EQ(laid_out("<p>so <span class='math inline'>" + std::string(4000, 'x') + "</span>").size(), 4005U);
  EXPECT_EQ(laid_out("<p>so <span class='math inline'>" + std::string(4001, 'x') + "</span>").size(), 4004U);
}

TEST(FormulaScripts, TeXMathMlAndAsciiMath) {
  EXPECT_EQ(laid_out("<p>so <script type='math/tex'>x^2</script>"), "so $x^2$");
  EXPECT_EQ(laid_out("<p>so <script type='math/tex; mode=display'>% <![CDATA[\nx < y\n%]]></script>"), "so $$x < y$$");
  EXPECT_EQ(laid_out("<p>so <script type='math/mml'><math><msup><mi>x</mi><mn>2</mn></msup></math></script>"),
            "so $x^{2}$");
  EXPECT_EQ(
      laid_out("<p>so <script type='math/mml'><mml:math display=\"block\"><mml:mi>x</mml:mi></mml:math></script>"),
      "so $$x$$");
  EXPECT_EQ(laid_out("<p>so <script type='math/asciimath'>sum_(i=1)^n i</script>"), "so $sum_(i=1)^n i$");
  EXPECT_EQ(laid_out("<p>so <script type='math/mml'>none</script>it is"), "so it is");
  EXPECT_EQ(laid_out("<p>so <script type='text/x-mathjax-config'>x^2</script>it is"), "so it is");
}

TEST(FormulaImages, ByClassServiceOrTheirText) {
  const auto image = [](const std::string& attributes) { return laid_out("<p>so <img " + attributes + "> it is"); };
  for (const char* const name : {"mwe-math-fallback-image-inline", "math", "latex", "tex", "equation_image",
                                 "ql-img-inline-formula quicklatex-auto-format", "formulaInl", "ee_img"})
    EXPECT_EQ(image("class='" + std::string(name) + "' alt='x^2'"), "so $x^2$ it is") << name;
  EXPECT_EQ(image("class=photo alt='x^2'"), "so it is");
  EXPECT_EQ(image("alt='{\\displaystyle x}'"), "so ${\\displaystyle x}$ it is");
  EXPECT_EQ(image("alt='$x_1$'"), "so $x_1$ it is");  // LaTeX2HTML
  EXPECT_EQ(image("alt='$5 - $'"), "so it is");
  EXPECT_EQ(image("alt='\\(x\\)'"), "so $x$ it is");
  EXPECT_EQ(image("class=equation_image alt='LaTeX: x^2'"), "so $x^2$ it is");
  EXPECT_EQ(image("src='https://latex.codecogs.com/png.latex?x%5E2&amp;y'"), "so $x^2$ it is");
  EXPECT_EQ(image("src='https://a.example/equation?tex=x%5E2' alt='x^3'"), "so $x^3$ it is");
  EXPECT_EQ(image("src='https://a.example/photo?tag=x%5E2'"), "so it is");
  EXPECT_EQ(image("class=Wirisformula alt='x squared' data-mathml='«math xmlns=¨http://www.w3.org/1998/Math/MathML¨»"
                  "«msup»«mi»x«/mi»«mn»2«/mn»«/msup»«/math»'"),
            "so $x^{2}$ it is");
  EXPECT_EQ(laid_out("<p>so <span class=mwe-math-element><span><math><mi>x</mi></math></span><img "
                     "class=mwe-math-fallback-image-inline alt='{\\displaystyle x}'></span>"),
            "so $x$");
}

TEST(Raised, ExponentsOfNumbers) {
  EXPECT_EQ(line("3 × 10<sup>8</sup> m"), "3 × 10^8 m");
  EXPECT_EQ(line("10<sup>-3</sup>, 10<sup>−3</sup>"), "10^-3, 10^−3");
  EXPECT_EQ(line("2<sup>n-1</sup>, 2<sup>n</sup>, 8<sup>2/3</sup>, 10<sup>0.5</sup>"), "2^(n-1), 2^n, 8^(2/3), 10^0.5");
  EXPECT_EQ(line("10 <sup>8</sup>"), "10 8");
  EXPECT_EQ(line("5<sup>n</sup> 5<sup><i>n</i></sup>"), "5n 5^n");
  EXPECT_EQ(line("101<sub>2</sub>"), "101_2");
  EXPECT_EQ(laid_out("<p>10<sup>8</sup>, <em>x</em><sub>i</sub> and _a_"), "10^8, *x*\\_i and \\_a\\_");
}

TEST(Raised, ExponentsOfLetters) {
  EXPECT_EQ(line("x<sup>2</sup>, <i>A</i><sup>2</sup>, R<sup>2</sup>"), "x^2, A^2, R^2");
  EXPECT_EQ(line("Wang X<sup>2</sup>, R<sup>3</sup>"), "Wang X2, R3");
  EXPECT_EQ(line("5 km<sup>2</sup>, 5 м<sup>3</sup>, 3 in<sup>2</sup>"), "5 km^2, 5 м^3, 3 in^2");
  EXPECT_EQ(line("so it is in<sup>2</sup>, of<sup>2</sup>, 5 km<sup>4</sup>"), "so it is in2, of2, 5 km4");
  EXPECT_EQ(line("mol<sup>-1</sup>, Ca<sup>2+</sup>, OH<sup>-</sup>"), "mol^-1, Ca2+, OH-");
  EXPECT_EQ(line("e<sup>x</sup>, e<sup>-x</sup>, <i>a</i><sup>b</sup>, n<sup>o</sup>"), "e^x, e^-x, a^b, no");
  EXPECT_EQ(line("(1+r)<sup>2</sup>, (see above)<sup>2</sup>"), "(1+r)^2, (see above)2");
  EXPECT_EQ(line("x<sub>i</sub><sup>2</sup>, x<sub>i+1</sub>, H<sub>2</sub>O, v<sub>max</sub>, <i>H</i><sub>2</sub>"),
            "x_i^2, x_(i+1), H2O, vmax, H_2");
}

TEST(Raised, OrdinalsNotesPricesAndTimes) {
  EXPECT_EQ(line("1<sup>st</sup>, 2<sup>nd</sup>, Oak<sup>®</sup>, Oak<sup>TM</sup>"), "1st, 2nd, Oak®, OakTM");
  EXPECT_EQ(line("oak<sup>1</sup>, oak<sup>[1]</sup>, oak<sup>1,2</sup>, 12<sup>a</sup>, 12<sup>1-3</sup>"),
            "oak1, oak[1], oak1,2, 12a, 121-3");
  EXPECT_EQ(line("in 1912<sup><a href='#n3'>3</a></sup>, 10<sup class=footnote>3</sup>, 10<sup id=fnref3>3</sup>"),
            "in 19123, 103, 103");
  EXPECT_EQ(line("$19<sup>99</sup>, 19<sup>99</sup> €, $19.<sup>99</sup>, $19<sup>9</sup>"),
            "$19.99, 19.99 €, $19.99, $19^9");
  EXPECT_EQ(line("8<sup>30</sup>, 10<sup>00</sup>, 25<sup>30</sup>, 10<sup>30</sup>, 8<sup>31</sup>"),
            "8:30, 10:00, 25^30, 10^30, 8^31");
  EXPECT_EQ(line("<code>10<sup>8</sup></code>"), "10^8");
  EXPECT_EQ(laid_out("<pre>10<sup>8</sup></pre>"), "```\n108\n```");
}

TEST(Raised, FractionsBehindNumbers) {
  EXPECT_EQ(line("2<sup>1</sup>/<sub>2</sub> cups, 2<sup>3</sup>&frasl;<sub>4</sub>, 1<sup>1</sup>/<sub>16</sub>\""),
            "2 1/2 cups, 2 3⁄4, 1 1/16\"");
  EXPECT_EQ(
      line("1<sup>15</sup>/<sub>16</sub>, 10<sup>1</sup>⁄2, 3<sup>1</sup>/4, 2<span><sup>1</sup>/<sub>3</sub></span>"),
      "1 15/16, 10 1⁄2, 3 1/4, 2 1/3");
  EXPECT_EQ(line("<sup>1</sup>/<sub>2</sub>, 2 <sup>1</sup>/<sub>2</sub>"), "1/2, 2 1/2");
  EXPECT_EQ(line("10<sup>6</sup>/<sub>2</sub>, 10<sup>3</sup>/4, 10<sup>3</sup>/mm<sup>3</sup>, 3<sup>1</sup>/9"),
            "10^6/2, 10^3/4, 10^3/mm^3, 3^1/9");
  EXPECT_EQ(line("10<sup>3</sup>/s, 3<sup>1/2</sup>, 5<sup>2</sup>/x<sub>3</sub>"), "10^3/s, 3^(1/2), 5^2/x_3");
}

TEST(Raised, OrdinalsOfOneLetter) {
  EXPECT_EQ(line("la 1<sup>a</sup>, 2<sup>a</sup> y 10<sup>a</sup> edición, el 2<sup>o</sup>, le 2<sup>e</sup> livre"),
            "la 1a, 2a y 10a edición, el 2o, le 2e livre");
  EXPECT_EQ(line("2<sup>a</sup> × 2<sup>b</sup>, x = 10<sup>e</sup>, 2<sup>a</sup>3<sup>b</sup>, 2<sup><i>a</i></sup>"),
            "2^a × 2^b, x = 10^e, 2^a3b, 2^a");
  EXPECT_EQ(laid_out("<html lang=pt-BR><p>a 2<sup>a</sup> vez"), "a 2a vez");
  EXPECT_EQ(laid_out("<html lang=en><p>if 2<sup>a</sup> is even"), "if 2^a is even");
  EXPECT_EQ(line("2<sup>n</sup> and 10<sup>x</sup>"), "2^n and 10^x");
}

TEST(Raised, DegreesOfTemperature) {
  EXPECT_EQ(line("20<sup>0</sup>C, -5<sup>o</sup>F, 25<sup>0</sup> C, 20<sup>0</sup>С."), "20°C, -5°F, 25° C, 20°С.");
  EXPECT_EQ(line("10<sup>0</sup>C, 10<sup>0</sup> C, 2<sup>o</sup> C, 5<sup>0</sup>CO, 2<sup>0</sup> = 1"),
            "10°C, 10^0 C, 2o C, 5^0CO, 2^0 = 1");
}

TEST(Headings, ByTheirRole) {
  EXPECT_EQ(laid_out("<div role=heading aria-level=3>The mill</div>"), "### The mill");
  EXPECT_EQ(laid_out("<p role=heading>The mill</p>"), "## The mill");
  EXPECT_EQ(laid_out("<div role=heading aria-level=9>The mill</div>"), "###### The mill");
  EXPECT_EQ(laid_out("<div role=heading aria-level=0>The mill</div>"), "## The mill");
  EXPECT_EQ(laid_out("<div role=note aria-level=3>The mill</div>"), "The mill");
  EXPECT_EQ(laid_out("<pre data-lang=PHP>x</pre>"), "```php\nx\n```");
}

TEST(Headings, ByTheirRoleStayAboveTheirText) {
  const std::string text =
      "The mill below the weir was repaired last spring by volunteers who had never worked with oak before then.";
  const auto markdown = [&](const std::string& between) {
    ExtractOptions options;
    options.markdown = true;
    return extract("<body><article><p>" + text + " a</p><p>" + text + " b</p>" + between + "</article>", options).text;
  };
  const std::string heading = "<div role=heading aria-level=3>The wheel</div>";
  const std::string above = text + " a\n\n" + text + " b\n\n";
  EXPECT_EQ(markdown(heading + "<p>" + text + " c</p>"), above + "### The wheel\n\n" + text + " c");
  EXPECT_EQ(markdown(heading).find("The wheel"), std::string::npos);  // nothing below it
  const std::string linked = "<div role=heading aria-level=3><a href='/wheel'>The wheel</a></div>";
  EXPECT_EQ(markdown(linked + "<p>" + text + " c</p>").find("The wheel"), std::string::npos);
}

}  // namespace
}  // namespace ftok::html
