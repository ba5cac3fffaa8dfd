// Boxes of code: the language that a highlighter names, and tables whose rows are the lines of a program.
#pragma once

#include <cstdint>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

// The language of preformatted text, in lower case, as its own classes, those of the <code> in it or of up to eight
// boxes around it name it ("language-python", "lang-sql", "highlight-source-shell", "brush: js", "hljs rust",
// "highlight dockerfile", data-lang): a view of the tree, "" where none does or where it is plain text.
std::string_view language_of_code(const Dom& dom, NodeId box);

// Whether a word is a language's name, in any case: one of a list of known ones.
bool is_known_language(std::string_view name);

// Whether the boxes in a box are lines of code, by their class (Doxygen's fragments, LaTeXML's listings,
// SyntaxHighlighter 3). In one that only a highlighter makes (`is_surely_code`), items of a list are lines too
// (SyntaxHighlighter 1, GeSHi), and so is what stands between <br>. Here and below, nodes gone through are added to
// `steps`.
bool is_box_of_lines(const Dom& dom, NodeId box, bool is_surely_code, uint64_t& steps);

// Whether a box holds three <pre> and more, one line in each, and nothing else (Visual Studio, C# Code Format).
bool is_box_of_pres(const Dom& dom, NodeId box, uint64_t& steps);

// Whether a <code> is all that its box holds and has lines: by <br>, or by a style that keeps white space.
bool is_code_alone(const Dom& dom, NodeId code, uint64_t& steps);

// Whether the style attribute of a <code> keeps white space.
bool is_styled_as_pre(const Dom& dom, NodeId id);

// Whether a link leads to the whole file from the caption of a listing, behind its title (hexo, Octopress).
bool is_link_to_listing(const Dom& dom, NodeId link);

// Whether nothing but white space and <br> stands beside a node in its parent, up to the next boxes.
bool is_blank_beside(const Dom& dom, NodeId id);

// Whether an element is a <textarea> that shows code (SyntaxHighlighter 1): named "code", in a language.
bool is_field_of_code(const Dom& dom, NodeId id);

// Whether the rows of a table are lines of code: by the class of a cell (file views of code hosts,
// highlightjs-line-numbers), or because the first three are numbers that count up, each with a cell of code.
bool is_table_of_code(const Dom& dom, NodeId table, uint64_t& steps);

}  // namespace ftok::html
