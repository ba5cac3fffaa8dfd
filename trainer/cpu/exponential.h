// exp, written so that a compiler turns loops of it into vector code. In double it is the library's.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "trainer/cpu/vectors.h"

namespace ftok::cpu {

inline double exponential(double x) { return std::exp(x); }

// Relative error below 2e-7 in [-87, 88]; smaller arguments give exp(-87), larger ones exp(88). x = n ln 2 + r with |r|
// <= ln 2 / 2 (Cody and Waite's split of ln 2), exp(r) by its Taylor polynomial of degree 7, 2^n by its exponent bits.
FTOK_ALWAYS_INLINE float exponential(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding and subtracting it rounds to an integer
  const float n = (x * 1.44269504f + kRound) - kRound;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

}  // namespace ftok::cpu
