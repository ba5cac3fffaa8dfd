// Prescan: reads a page's tags before gumbo sees the bytes and says whether parsing them stays within the caps. gumbo
// is quadratic in open elements and in formatting elements, so a page of a few hundred KB can cost it minutes and
// gigabytes.
//
// Depth is start tags minus end tags, with what the standard closes on its own taken off: p, li, dd, dt, option, table
// cells and rows, a second a or button, the empty elements. Without that, old pages full of unclosed <p> and <td> would
// look deep. It follows the tree construction rules (HTML Standard, section 13.2.6) closely enough to count, and builds
// nothing.
#pragma once

#include <string_view>

#include "extract/html/parser.h"

namespace ftok::html {

// One pass; memory bounded by depth_max. steps = bytes looked at plus elements walked over.
ParseResult prescan(std::string_view html, const ParseLimits& limits);

}  // namespace ftok::html
