// Gutters: the line numbers that highlighters lay out beside code. They are not part of what was written.
#pragma once

#include <cstdint>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

// Whether one of an element's classes is that of a gutter: of Pygments, Rouge, Chroma, SyntaxHighlighter, highlight.js,
// Prism, Crayon, GitHub or GitLab.
bool is_named_gutter(std::string_view classes);

// Whether an element holds numbers alone, or nothing.
bool holds_line_numbers(const Dom& dom, NodeId element, uint64_t& steps);

// Whether a table's cell of any name holds numbers that count up by one, and the next cell holds preformatted text.
bool stands_before_code(const Dom& dom, NodeId cell, uint64_t& steps);

// Whether an element holds one number and nothing else.
bool is_one_number(const Dom& dom, NodeId element, uint32_t& number, uint64_t& steps);

// Whether a cell of a line of code holds numbers alone, or nothing, and another one follows.
bool is_number_beside_line(const Dom& dom, NodeId cell, uint64_t& steps);

// Whether a list holds numbers that count up by one, two at least, and nothing else.
bool counts_lines(const Dom& dom, NodeId list, uint64_t& steps);

// How many numbers a text holds that count up by one, from 1 or more; 0 where it holds anything else. Lines are not
// numbered from 0; what a loop prints may be.
uint32_t numbers_counting_up(std::string_view text);

// Whether each line of preformatted text, of three at least, begins with an element that holds its number, one more
// than that of the line before.
bool begins_lines_with_numbers(const Dom& dom, NodeId box, uint64_t& steps);

}  // namespace ftok::html
