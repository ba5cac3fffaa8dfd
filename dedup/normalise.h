// Text as near-duplicate detection compares it: what differs between two copies of one page by layout, case, accents,
// numbers or punctuation is taken away. The steps and their order are those of datatrove's simplify_text, which
// FineWeb's MinHash stage uses (docs/dedup.md):
//
//   1. lower case (Unicode's full mapping)
//   2. each number, with one decimal part ("12", "3.5", "1,000"), becomes one "0"
//   3. punctuation and control characters: deleted (FineWeb's release) or replaced by a space each (datatrove 0.10.1)
//   4. each run of white space becomes one space; none at either end
//   5. canonical decomposition, and non-spacing marks are dropped
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

enum class Punctuation : uint8_t {
  kDelete,  // "don't" -> "dont": FineWeb as released (2024-04)
  kSpace,   // "don't" -> "don t": datatrove 0.10.1
};

// Appends the normalised `text` to `out`. Ill-formed bytes count as U+FFFD. Linear time; thread-safe.
void append_normalised(std::string_view text, Punctuation punctuation, std::string& out);

}  // namespace ftok
