// A vocabulary for tests: the 256 bytes, then tokens of one's own, then special ones.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace ftok::testing {

// The first of `tokens` has the id 256.
inline Vocabulary small_vocabulary(std::initializer_list<const char*> tokens, std::vector<SpecialToken> specials) {
  Vocabulary vocabulary;
  vocabulary.name = "small";
  vocabulary.pattern = Pattern::kCl100k;
  const auto add = [&](std::string_view token) {
    vocabulary.bytes += token;
    vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
  };
  for (int b = 0; b < 256; ++b) add(std::string(1, static_cast<char>(b)));
  for (const char* token : tokens) add(token);
  vocabulary.specials = std::move(specials);
  return vocabulary;
}

}  // namespace ftok::testing
