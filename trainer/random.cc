#include "trainer/random.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <numbers>

namespace ftok {

double random_normal(uint64_t seed, uint64_t stream, uint64_t counter) {
  const double radius = std::sqrt(-2 * std::log(random_uniform(seed, stream, 2 * counter)));
  return radius * std::cos(2 * std::numbers::pi * random_uniform(seed, stream, 2 * counter + 1));
}

uint64_t random_permutation(uint64_t seed, uint64_t stream, uint64_t index, uint64_t size) {
  assert(index < size);
  if (size == 1) return 0;
  const int half = (std::bit_width(size - 1) + 1) / 2;
  const uint64_t mask = (uint64_t{1} << half) - 1;
  do {
    uint64_t left = index >> half, right = index & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t next = left ^ (random_bits(seed, stream * 4 + round, right) & mask);
      left = right;
      right = next;
    }
    index = left << half | right;
  } while (index >= size);
  return index;
}

}  // namespace ftok
