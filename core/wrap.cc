#include "core/wrap.h"

#include <algorithm>

#include "core/live_area.h"

namespace ftok {
namespace {

// The end of the word at `at`, and of the spaces before it. A command between backticks is one word, so that it can be
// copied, where it fits into a line.
size_t end_of_word(std::string_view text, size_t at, int columns) {
  const size_t begin = std::min(text.find_first_not_of(' ', at), text.size());
  size_t end = std::min(text.find_first_of(" \n", begin), text.size());
  const size_t line_end = std::min(text.find('\n', begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  if (std::count(word.begin(), word.end(), '`') % 2 == 0) return end;
  const size_t closing = text.find('`', end);
  if (closing >= line_end) return end;
  const size_t whole = std::min(text.find_first_of(" \n", closing), text.size());
  return columns_of(text.substr(begin, whole - begin)) <= columns ? whole : end;
}

}  // namespace

std::string wrapped(std::string_view text, int columns, int indent) {
  std::string out;
  int taken = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = end_of_word(text, at, columns - indent);
    const std::string_view word = text.substr(at, end - at);  // with the spaces before it
    const size_t spaces = std::min(word.find_first_not_of(' '), word.size());
    if (taken > 0 && taken + columns_of(word) > columns) {
      out += "\n" + std::string(static_cast<size_t>(indent), ' ');
      out += word.substr(spaces);
      taken = indent + columns_of(word.substr(spaces));
    } else {
      out += word;
      taken += columns_of(word);
    }
    at = end;
    if (at < text.size() && text[at] == '\n') out += '\n', taken = 0, ++at;
  }
  return out;
}

}  // namespace ftok
