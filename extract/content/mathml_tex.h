// Presentation MathML as LaTeX, for formulas whose page has no TeX source.
#pragma once

#include <cstdint>
#include <string>

#include "extract/html/dom.h"

namespace ftok::html {

// LaTeX of what a <math> element draws (MathML Core, sections 3 and 4), without delimiters; empty where it draws
// nothing. In a formula of one line, without fractions, scripts or roots, the signs of arithmetic stay as they are
// ("a×b"). Adds the nodes gone through to `steps`.
std::string tex_of_mathml(const Dom& dom, NodeId math, uint64_t& steps);

}  // namespace ftok::html
