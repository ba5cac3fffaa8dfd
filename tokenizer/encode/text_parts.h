// The parts of a text: the added tokens in it that count as tokens, and what lies between them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/error.h"
#include "tokenizer/encode/bpe_encode.h"
#include "tokenizer/encoding.h"

namespace ftok {

// Calls ordinary(text between, where it begins) and special(match) in turn, until one returns false; false then. A
// special token's text is a match where special tokens are allowed, and throws Error where they are refused; that of
// another added token always is. Ordinary text may be empty. `place` is where `text` begins, for messages.
template <typename Ordinary, typename Special>
bool for_each_match(const SpecialFinder& finder, std::string_view text, size_t place, Specials specials,
                    Ordinary&& ordinary, Special&& special) {
  size_t begin = 0, from = 0;
  while (from < text.size() && (specials != Specials::kPlain || finder.has_plain())) {
    const SpecialFinder::Match match = finder.find(text, from);
    if (match.size == 0) break;
    from = match.begin + match.size;
    if (match.special && specials == Specials::kPlain) continue;
    if (match.special && specials == Specials::kRefuse) {
      throw Error(fmt::format("special token \"{}\" in the text at byte {}", text.substr(match.begin, match.size),
                              place + match.begin));
    }
    if (!ordinary(text.substr(begin, match.begin - begin), place + begin) || !special(match)) return false;
    begin = from;
  }
  return ordinary(text.substr(begin), place + begin);
}

// The parts of a whole text, in the order of Hugging Face tokenizers: first the tokens looked for in the text as it is,
// then, in what lies between, those looked for after normalisation. Calls ordinary(text) and special(match).
template <typename Ordinary, typename Special>
void for_each_part(const EncodingTables& tables, std::string_view text, Specials specials, Ordinary&& ordinary,
                   Special&& special) {
  for_each_match(
      tables.specials, text, 0, specials,
      [&](std::string_view part, size_t place) {
        if (tables.normalized_specials.empty()) return ordinary(part);
        return for_each_match(
            tables.normalized_specials, normalized_text(tables.vocabulary, part), place, specials,
            [&](std::string_view inner, size_t) { return ordinary(inner); }, special);
      },
      special);
}

}  // namespace ftok
