#include "core/wrap.h"

#include <algorithm>

#include "core/live_area.h"

namespace ftok {

std::string wrapped(std::string_view text, int columns, int indent) {
  std::string out;
  int taken = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find_first_of(" \n", text.find_first_not_of(' ', at));
    if (end == std::string_view::npos) end = text.size();
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
