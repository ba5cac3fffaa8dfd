// Formulas that stand on the page as source: TeX without delimiters in an element named as a formula, for a script to
// draw; TeX, MathML or AsciiMath in a script of MathJax's types; MathML in an attribute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

struct FormulaSource {
  std::string tex;  // without delimiters; empty where there is no formula
  bool displayed = false;
};

// The formula of an element whose class, language or name says that it holds one: `math` (Pandoc, Discourse), `math
// inline`, `math-display`, `language-math`, `js-render-math` (GitLab), <pre lang="math"> (GitHub), <d-math> (Distill),
// an attribute with the source (`data-tex`, `data-formula`). Empty where a script or the server has drawn it already,
// where it stands in delimiters of its own, and where a word such as "Math" is all that the box holds. Adds the nodes
// gone through to `steps`.
FormulaSource formula_of_element(const Dom& dom, NodeId id, uint64_t& steps);

// The formula in a <script>: types math/tex, math/mml and math/asciimath. AsciiMath comes as it stands.
FormulaSource formula_of_script(const Dom& dom, NodeId script, uint64_t& steps);

// LaTeX of MathML that is text: in a script or an attribute, names with the prefix "mml:" or "m:" too.
std::string tex_of_mathml_text(std::string_view mathml, uint64_t& steps);

}  // namespace ftok::html
