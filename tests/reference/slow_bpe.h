// Slow twins of tokenizer/: pretokens by following the pattern's alternatives one character at a time with
// backtracking, and merging by the rule itself over byte strings. They share nothing with the fast code but the Unicode
// categories.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace ftok::reference {

// The ends of the pretokens of `text`.
std::vector<size_t> slow_cuts(Pattern pattern, std::string_view text);

// The ids of `piece`: again and again the leftmost of the adjacent pairs whose joined bytes have the lowest rank is
// joined. Needs implied merges.
std::vector<uint32_t> slow_merge(const Vocabulary& vocabulary, std::string_view piece);

// The ids of `text`.
std::vector<uint32_t> slow_encode(const Vocabulary& vocabulary, std::string_view text);

}  // namespace ftok::reference
