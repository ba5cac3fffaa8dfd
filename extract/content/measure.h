// Counts what the scorer asks of a block's text: letters, words, sentences, commas, capitals, digits.
#pragma once

#include <string_view>

#include "extract/content/blocks.h"

namespace ftok::html {

// Scripts written without spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters.
bool lacks_spaces(char32_t c);

// Fills `block`'s counts from its text; its sums' link letters and its emphasis letters, counted in bytes while it was
// cut, are brought to letters.
void measure(std::string_view text, Block& block);

}  // namespace ftok::html
