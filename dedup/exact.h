// Exact duplicates: documents whose texts are the same bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace ftok {

// XXH3 of the text with 128 bits.
struct ContentHash {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const ContentHash&) const = default;
};
ContentHash content_hash(std::string_view text);

// 64 of those bits, never 0: what the index holds. Among 2.5e8 different texts the expected number of pairs with one
// key is 0.002 (n^2 / 2^65). Whoever writes texts can write two with one key: content_check() tells them apart.
uint64_t content_key(std::string_view text);

// 64 bits of another hash, which nobody can aim at: the first 8 bytes, little-endian, of the SHA-256 (FIPS 180-4) of
// the text, whose length is part of what is hashed. Two texts are taken for the same where both words agree.
uint64_t content_check(std::string_view text);

}  // namespace ftok
