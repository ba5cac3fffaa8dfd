// Random numbers as a pure function of a key and a counter, so that no state has to be kept or restored.
#pragma once

#include <cstdint>

namespace ftok {

// The finaliser of splitmix64 (Steele, Lea, Flood 2014; constants of Stafford's variant 13): a bijection of 64 bits.
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t counter) {
  return mix64(mix64(mix64(seed) ^ stream) ^ counter);
}

// Uniform in (0, 1), 53 bits, never 0.
constexpr double random_uniform(uint64_t seed, uint64_t stream, uint64_t counter) {
  return (static_cast<double>(random_bits(seed, stream, counter) >> 11) + 0.5) * 0x1p-53;
}

// Standard normal (Box and Muller 1958).
double random_normal(uint64_t seed, uint64_t stream, uint64_t counter);

// The image of `index` < `size` under a permutation of [0, size) keyed by (seed, stream): four rounds of a Feistel
// network over the smallest even number of bits that holds `size`, walked until it falls inside.
uint64_t random_permutation(uint64_t seed, uint64_t stream, uint64_t index, uint64_t size);

}  // namespace ftok
