// ShuffleKey: where a document comes in a shuffled order. A property of its text and the seed alone; documents of one
// text stand in the order of their ids.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace ftok {

struct ShuffleKey {
  uint64_t high = 0, low = 0;
  auto operator<=>(const ShuffleKey&) const = default;
};

// XXH3-128 of the text with the seed.
ShuffleKey shuffle_key(std::string_view text, uint64_t seed);

}  // namespace ftok
