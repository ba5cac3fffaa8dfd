// The angles of rotary positions (Su et al. 2021): cosines and sines of t f_i for pair i of a head, f_i = theta^(-2 i /
// D), with the slower frequencies that longer contexts are given.
#pragma once

#include <vector>

#include "trainer/layers/array.h"
#include "trainer/model.h"

namespace ftok {

// f_i, (D/2), in radians per position. linear: f / factor. llama3 (Llama 3.1's published code): with n = original
// length x f / 2 pi turns, f / factor where n is below the low factor, f above the high factor, and in between the mix
// of both whose share of f is (n - low) / (high - low).
std::vector<double> rotary_frequencies(const ModelConfig& config);

// Tables (T,D/2) in a back end's memory, which grow as they are asked for. Nothing where positions are not rotary. Not
// thread-safe.
template <typename Real>
class RotaryTable {
 public:
  RotaryTable(const ModelConfig& config, Memory& memory);

  // Makes rows for positions below T; pointers from before are no longer valid.
  void reserve(int64_t T);
  // From a position's row on.
  const Real* cosines(int64_t position) const { return cosines_.data() + position * pairs(); }
  const Real* sines(int64_t position) const { return sines_.data() + position * pairs(); }

 private:
  int64_t pairs() const { return static_cast<int64_t>(frequencies_.size()); }

  std::vector<double> frequencies_;
  int64_t length_ = 0, length_max_;
  MemoryArray<Real> cosines_, sines_;
};

}  // namespace ftok
