// Boxes of code: the language that a highlighter names, and tables whose rows are the lines of a program.
#pragma once

#include <cstdint>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

// The language of preformatted text, in lower case, as its own classes, those of the <code> in it or of up to six
// boxes around it name it ("language-python", "lang-sql", "highlight-source-shell", "brush: js", "hljs rust",
// "highlight dockerfile", data-lang): a view of the tree, "" where none does or where it is plain text.
std::string_view language_of_code(const Dom& dom, NodeId box);

// Whether the boxes in a box are lines of code (Doxygen's fragments, LaTeXML's listings).
bool is_box_of_lines(const Dom& dom, NodeId box);

// Whether the rows of a table are lines of code (file views of code hosts, highlightjs-line-numbers). Adds the nodes
// gone through to `steps`.
bool is_table_of_code(const Dom& dom, NodeId table, uint64_t& steps);

}  // namespace ftok::html
