// Gutters: the line numbers that highlighters lay out beside code. They are no part of what was written.
#pragma once

#include <cstdint>

#include "extract/html/dom.h"

namespace ftok::html {

// Whether an element that is named as a gutter holds numbers alone, or nothing.
bool holds_line_numbers(const Dom& dom, NodeId element, uint64_t& steps);

// Whether a table's cell of any name holds numbers that count up by one, and the next cell holds preformatted text.
bool stands_before_code(const Dom& dom, NodeId cell, uint64_t& steps);

}  // namespace ftok::html
