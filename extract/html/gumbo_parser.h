// The tree of a page as gumbo (libgumbo 0.10.1) builds it. The one file that sees gumbo is gumbo_parser.cc; builds
// without gumbo (FTOK_GUMBO) have no_gumbo.cc in its place.
#pragma once

#include <string_view>

#include "extract/html/parser.h"

namespace ftok::html {

bool has_gumbo();

// parse_html (parser.h) by prescan and gumbo; throws UsageError where it was not built.
ParseResult parse_with_gumbo(std::string_view html, const ParseLimits& limits, Dom& dom);

}  // namespace ftok::html
