// The bounds of the parser and of the extraction, on every hostile page (tools/bench/hostile_html.h).
#pragma once

#include <cstddef>
#include <vector>

namespace ftok::testing {

// For pages of each of `sizes` bytes, in ascending order: counted steps and memory stay within a constant times the
// bytes, and grow no faster than the page.
void expect_bounded(const std::vector<size_t>& sizes);

// The same of the whole extraction, and that no more is scored than the caps allow.
void expect_extraction_bounded(const std::vector<size_t>& sizes);

}  // namespace ftok::testing
