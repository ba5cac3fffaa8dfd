// SubstringMatcher: does any of many patterns occur in a text? Aho and Corasick 1975, as one table of moves.
//
// The alphabet is a..z and 0..9: every other byte is left out of patterns and texts alike, and letters count as lower
// case, so a pattern matches across what stood between ("free-sex.com" holds "freesex").
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

class SubstringMatcher {
 public:
  static constexpr size_t kPatternBytesMax = 1 << 20;  // of all patterns together, which bounds the table to 144 MiB

  // Patterns that hold no letter or digit are left out. Throws Error above kPatternBytesMax.
  explicit SubstringMatcher(const std::vector<std::string>& patterns);

  // The pattern whose occurrence ends first (the longest of those that end there), as added; empty when there is none.
  // Thread-safe.
  std::string_view find_in(std::string_view text) const;

  size_t size() const { return patterns_.size(); }

 private:
  static constexpr size_t kAlphabet = 36;
  using Moves = std::array<uint32_t, kAlphabet>;

  std::vector<std::string> patterns_;
  std::vector<Moves> moves_;     // state x letter -> state; state 0 is the start
  std::vector<uint32_t> found_;  // state -> pattern + 1, 0 for none
};

// The text with everything but ASCII letters and digits left out, in lower case: how word and substring lists are read.
std::string letters_and_digits(std::string_view text);

}  // namespace ftok
