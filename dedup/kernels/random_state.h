// NumPy's legacy generator, as far as FineWeb's MinHash needs it: RandomState(seed).randint(low, high, dtype=uint64).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ftok {

// MT19937 (Matsumoto and Nishimura 1998), seeded as NumPy seeds it from a 32-bit integer.
class RandomState {
 public:
  explicit RandomState(uint32_t seed);

  // A number in [low, high), low < high: 64 bits (two outputs, the first one high) masked to the smallest power of two
  // above the range, drawn again while it is out of range.
  uint64_t randint(uint64_t low, uint64_t high);

 private:
  uint32_t next();
  void refill();

  static constexpr size_t kWords = 624;
  std::array<uint32_t, kWords> words_;
  size_t used_ = kWords;
};

}  // namespace ftok
