#include "filters/measures/punctuation.h"

#include <algorithm>
#include <array>

#include "text/unicode.h"

namespace ftok {
namespace {

bool in_ranges(const CharRange* ranges, size_t count, char32_t c) {
  const CharRange* const end = ranges + count;
  const CharRange* const range =
      std::lower_bound(ranges, end, c, [](const CharRange& r, char32_t x) { return r.last < x; });
  return range != end && range->first <= c;
}

}  // namespace

bool is_symbol_char(char32_t c) {
  static const std::array<bool, 128> ascii = [] {
    std::array<bool, 128> table{};
    for (char32_t i = 0; i < 128; ++i) table[i] = in_ranges(kSymbolRanges, kSymbolRangeCount, i);
    return table;
  }();
  return c < 128 ? ascii[c] : in_ranges(kSymbolRanges, kSymbolRangeCount, c);
}

bool is_terminal_punctuation(char32_t c) { return in_ranges(kTerminalRanges, kTerminalRangeCount, c); }

char32_t last_char(std::string_view text) {
  if (text.empty()) return 0;
  size_t at = text.size() - 1;
  while (at > 0 && text.size() - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return decode_utf8(text, at).code_point;
}

}  // namespace ftok
