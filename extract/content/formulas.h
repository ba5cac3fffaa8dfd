// Formulas: what a <math> element says, as TeX where the page carries it, else as its plain content.
#pragma once

#include <string>

#include "extract/html/dom.h"

namespace ftok::html {

// The TeX of a whole formula: an annotation of the <semantics> that is all its content, else its alternative text
// (MathML 3, section 5.4; KaTeX and MathJax write both); empty where there is none. Adds the nodes gone through to
// `steps`.
std::string tex_of(const Dom& dom, NodeId math, uint64_t& steps);

// The text that is drawn: without annotations of any kind (MathML Core, section 2.5.2: they are not displayed).
std::string drawn_text_of(const Dom& dom, NodeId math, uint64_t& steps);

// The formula in a hidden inline element: what is shown beside it is its drawing.
NodeId formula_below(const Dom& dom, NodeId top);

// Whether an element hidden from screen readers is a formula's drawing by KaTeX that has no MathML beside it: there is
// no other copy then.
bool is_drawing_alone(const Dom& dom, NodeId id);

}  // namespace ftok::html
