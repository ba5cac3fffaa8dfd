// The seed of the process: what hash tables mix into their hashes, so that nobody who writes pages, corpora or
// vocabularies can know which keys share a slot.
//
// Every table whose keys come from outside takes its hashes from here, or bounds what it looks at in another way;
// docs/architecture.md lists them all. The seed decides where a key lies and nothing else: no output depends on it, so
// no table is walked in the order of its slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ftok {

// Random numbers, drawn once a process (getrandom).
struct HashSeed {
  static constexpr size_t kWords = 8;
  uint64_t words[kWords];

  uint64_t operator[](size_t i) const { return words[i]; }
};

const HashSeed& hash_seed();

// For tests, which make floods for a seed that they know: the seed that is derived from `number`. To be called before
// any table is made and any other thread is started.
void set_hash_seed(uint64_t number);

// 64 bits that depend on both numbers and on two secret ones: the halves of one product, folded.
inline uint64_t seeded_mix(uint64_t a, uint64_t b, uint64_t first_secret, uint64_t second_secret) {
  __extension__ using Product = unsigned __int128;
  const auto product = static_cast<Product>(a ^ first_secret) * (b ^ second_secret);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// 64 bits that depend on all bytes and on the seed.
uint64_t seeded_hash(std::string_view bytes);

// The longest run of slots for which `is_taken` among `slots`, the first of which follows the last: what a search of a
// table with linear probing looks at in the worst case. For tests.
template <typename IsTaken>
size_t longest_run_of(size_t slots, const IsTaken& is_taken) {
  size_t longest = 0, run = 0;
  for (size_t i = 0; i < 2 * slots && longest < slots; ++i) {
    run = is_taken(i % slots) ? run + 1 : 0;
    longest = run > longest ? run : longest;
  }
  return longest;
}

// For std::unordered_map and std::unordered_set.
struct SeededHash {
  using is_transparent = void;

  size_t operator()(std::string_view text) const { return static_cast<size_t>(seeded_hash(text)); }
  size_t operator()(uint64_t number) const {
    return static_cast<size_t>(seeded_mix(number, 0, hash_seed()[0], hash_seed()[1]));
  }
};

}  // namespace ftok
