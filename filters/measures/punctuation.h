// Sets of punctuation the quality filters ask about. tools/make/make_punctuation_tables.py makes the tables.
#pragma once

#include <cstddef>
#include <string_view>

namespace ftok {

// A character that does not make a word by itself (Gopher's "symbols"): punctuation and control characters.
bool is_symbol_char(char32_t c);

// A character that ends a sentence in some script: ". ? !" and their kin, no quotation marks.
bool is_terminal_punctuation(char32_t c);

// The last character of `text`; 0 when there is none.
char32_t last_char(std::string_view text);

struct CharRange {
  char32_t first, last;  // both inclusive
};
extern const CharRange kSymbolRanges[];
extern const size_t kSymbolRangeCount;
extern const CharRange kTerminalRanges[];
extern const size_t kTerminalRangeCount;

}  // namespace ftok
