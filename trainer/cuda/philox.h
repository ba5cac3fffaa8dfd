// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): 128 random bits as a
// function of a counter and a key, on CPU and GPU alike.
#pragma once

#include <cstdint>

#include "trainer/layers/bfloat16.h"

namespace ftok {

struct Philox {
  uint32_t words[4];
};

FTOK_BOTH Philox philox(const Philox& counter, uint64_t key) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
  constexpr uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
  Philox x = counter;
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = static_cast<uint64_t>(kMultiplier0) * x.words[0];
    const uint64_t p1 = static_cast<uint64_t>(kMultiplier1) * x.words[2];
    x = Philox{{static_cast<uint32_t>(p1 >> 32) ^ x.words[1] ^ k0, static_cast<uint32_t>(p1),
                static_cast<uint32_t>(p0 >> 32) ^ x.words[3] ^ k1, static_cast<uint32_t>(p0)}};
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return x;
}

// 16 random bits each for the parameters 8 block .. 8 block + 7 in `step`: those of parameter 8 block + i are bits 16
// (i mod 2) and up of word i / 2.
FTOK_BOTH Philox rounding_bits(uint64_t seed, uint64_t step, uint64_t block) {
  return philox(Philox{{static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(step),
                        static_cast<uint32_t>(step >> 32)}},
                seed);
}

}  // namespace ftok
