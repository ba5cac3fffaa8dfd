#include "dedup/kernels/random_state.h"

#include <bit>
#include <cassert>

namespace ftok {

RandomState::RandomState(uint32_t seed) {
  words_[0] = seed;
  for (uint32_t i = 1; i < kWords; ++i) words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
}

void RandomState::refill() {
  constexpr size_t kShift = 397;
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t mixed = (words_[i] & 0x80000000u) | (words_[(i + 1) % kWords] & 0x7FFFFFFFu);
    words_[i] = words_[(i + kShift) % kWords] ^ (mixed >> 1) ^ ((mixed & 1) != 0 ? 0x9908B0DFu : 0);
  }
  used_ = 0;
}

uint32_t RandomState::next() {
  if (used_ == kWords) refill();
  uint32_t y = words_[used_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  return y ^ (y >> 18);
}

uint64_t RandomState::randint(uint64_t low, uint64_t high) {
  assert(low < high);
  const uint64_t range = high - 1 - low;
  const bool wide = range > 0xFFFFFFFF;
  const uint64_t mask = range == 0 ? 0 : ~uint64_t{0} >> std::countl_zero(range);
  uint64_t value = 0;
  do {
    value = next();
    if (wide) value = value << 32 | next();
    value &= mask;
  } while (value > range);
  return low + value;
}

}  // namespace ftok
