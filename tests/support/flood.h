// Floods: keys made for a table whose seed the test knows, so that they share a place in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/hash_seed.h"

namespace ftok::testing {

// The first `count` of make(0), make(1), ... for which `is_hit(key)`.
template <typename Make, typename IsHit>
auto flood(size_t count, const Make& make, const IsHit& is_hit) {
  std::vector<decltype(make(uint64_t{0}))> keys;
  for (uint64_t i = 0; keys.size() < count; ++i) {
    auto key = make(i);
    if (is_hit(key)) keys.push_back(std::move(key));
  }
  return keys;
}

// A word of small letters for each number.
inline std::string word_of(uint64_t number) {
  std::string word;
  do word += static_cast<char>('a' + number % 26);
  while ((number /= 26) > 0);
  return word + "q";
}

// No search of a sound table of this many entries looks at more slots, but for a chance below one in a million.
inline size_t sound_run(size_t entries) {
  size_t bits = 1;
  while (entries >> bits > 0) ++bits;
  return 24 * bits;
}

}  // namespace ftok::testing
