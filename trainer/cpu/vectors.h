// Loops over floats that the compiler turns into vector code, for the widest instruction set of the machine it runs on.
//
// A kernel is an always-inline template over the scalar; FTOK_VECTOR_CLONES on its float wrapper compiles it for
// AVX-512, AVX2 and the baseline, chosen when the program starts. Nothing is contracted into fused multiply-adds and
// sums are kept in a fixed number of lanes, so that every choice gives the same bits.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/vector_clones.h"

#define FTOK_ALWAYS_INLINE __attribute__((always_inline)) inline

namespace ftok::cpu {

inline constexpr int64_t kLanes = 16;  // of a sum: one register of AVX-512, two of AVX2

// The lanes of a sum, added as a tree.
template <typename Real>
FTOK_ALWAYS_INLINE Real sum_of_lanes(Real* lanes) {
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (int64_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

// The sum of term(i) for i < n: lane i % 16 takes term i.
template <typename Real, typename Term>
FTOK_ALWAYS_INLINE Real lane_sum(int64_t n, const Term& term) {
  Real lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) lanes[j] += term(i + j);
  }
  for (; i < n; ++i) lanes[i % kLanes] += term(i);
  return sum_of_lanes(lanes);
}

// The largest of x[0, n), n >= 1.
template <typename Real>
FTOK_ALWAYS_INLINE Real lane_max(const Real* x, int64_t n) {
  Real lanes[kLanes];
  for (int64_t j = 0; j < kLanes; ++j) lanes[j] = x[0];
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
  }
  for (; i < n; ++i) lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
  Real most = lanes[0];
  for (int64_t j = 1; j < kLanes; ++j) most = lanes[j] > most ? lanes[j] : most;
  return most;
}

}  // namespace ftok::cpu
