// Long lines of text for people, broken for the width of a terminal.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// `text`, broken at spaces so that no line takes more than `columns`; what goes on begins with `indent` spaces. A word
// that is longer than a line stands in one of its own. A command between backticks is one word where it fits into a
// line. Line ends in the text stay.
std::string wrapped(std::string_view text, int columns, int indent = 2);

}  // namespace ftok
