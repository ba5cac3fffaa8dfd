// Lines for people, laid out for the terminal that they go to.
#pragma once

#include <cstdio>
#include <string>

namespace ftok::cli {

// `text` with its lines broken at spaces, and `indent` spaces before what goes on, where `stream` is a terminal that is
// narrower; elsewhere as it is.
std::string laid_out(const std::string& text, std::FILE* stream, int indent = 2);

}  // namespace ftok::cli
