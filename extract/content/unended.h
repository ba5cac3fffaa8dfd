// Pages that a <title>, <script>, <style>, <textarea>, <iframe> or <noembed> without an end tag, or written <iframe/>,
// swallows to the end: to the standard, and to browsers, all that follows is its content.
#pragma once

#include <string>
#include <string_view>

#include "extract/html/parser.h"

namespace ftok::html {

// The page with that element closed where markup begins that looks like a page's own; empty where the parse met none,
// or where what follows is not markup (a page cut in the middle of a script).
std::string close_unended(std::string_view html, const ParseResult& parsed);

}  // namespace ftok::html
