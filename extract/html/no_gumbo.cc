// In place of gumbo_parser.cc, in builds without gumbo.
#include "core/error.h"
#include "extract/html/gumbo_parser.h"

namespace ftok::html {

bool has_gumbo() { return false; }

ParseResult parse_with_gumbo(std::string_view, const ParseLimits&, Dom&) {
  throw UsageError(
      "extract.html_parser: gumbo is not part of this build (the CMake option FTOK_GUMBO); the parser at hand is ftok");
}

}  // namespace ftok::html
