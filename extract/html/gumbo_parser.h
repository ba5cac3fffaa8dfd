// The tree of a page as gumbo (libgumbo 0.10.1) builds it. The one file that sees gumbo is gumbo_parser.cc.
#pragma once

#include <string_view>

#include "extract/html/parser.h"

namespace ftok::html {

// parse_html (parser.h) by prescan and gumbo.
ParseResult parse_with_gumbo(std::string_view html, const ParseLimits& limits, Dom& dom);

}  // namespace ftok::html
