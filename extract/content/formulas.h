// Formulas: the TeX that a page carries for what a <math> element or an image draws.
#pragma once

#include <string>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

// The TeX of a whole formula: an annotation of the <semantics> that is all its content, else its alternative text
// (MathML 3, section 5.4; KaTeX and MathJax write both); empty where there is none. Adds the nodes gone through to
// `steps`.
std::string tex_of(const Dom& dom, NodeId math, uint64_t& steps);

// The TeX of an image that draws a formula: its alternative text, else what the address asks a service to draw; empty
// for other images. A formula's image is known by its class, by the service, or by an alternative text that is TeX in
// delimiters. Of MathType's images it is made of the MathML in an attribute.
std::string tex_of_image(const Dom& dom, NodeId image, uint64_t& steps);

// "(12)", "(3.1a)": beside a formula.
bool is_equation_number(std::string_view text);

// The formula in a hidden inline element: what is shown beside it is its drawing.
NodeId formula_below(const Dom& dom, NodeId top);

// Whether an element hidden from screen readers, but not from eyes, is a formula's drawing by KaTeX, MathJax or another
// that has no copy for them beside it. `entered`: what the element itself adds to its ancestors, as bits of Ancestor.
bool is_drawing_alone(const Dom& dom, NodeId id, uint32_t entered);

// Whether an element is what MathJax 2 has drawn from the script right behind it, which holds the source.
bool is_drawn_from_script(const Dom& dom, NodeId id);

// Whether an element hidden from screen readers, and by nothing else, is a piece of a sentence, such as a number, that
// has no copy for them: it has no name, as icons do, and no other element beside it says anything.
bool is_shown_alone(const Dom& dom, NodeId id);

}  // namespace ftok::html
