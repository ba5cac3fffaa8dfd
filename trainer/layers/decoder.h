// A model read from left to right, a whole prompt at once or a position at a time, with the keys and values of the
// positions before kept. One definition for every back end.
#pragma once

#include <span>
#include <vector>

#include "trainer/layers/forward_pass.h"
#include "trainer/sample.h"

namespace ftok {

// Layers and parameters, which lie in the layers' memory, must outlive it.
template <typename Real>
class Decoder final : public TokenPredictor {
 public:
  Decoder(const ModelConfig& config, Layers<Real>& layers, const Real* parameters);

  std::span<const float> next(uint32_t token) override { return forward({&token, 1}); }
  std::span<const float> read(std::span<const uint32_t> tokens) override;
  int64_t position() const override { return position_; }
  void reset() { position_ = 0; }

 private:
  using Sum = typename Layers<Real>::Sum;

  void make_room(int64_t rows);
  void reserve_positions(int64_t positions);
  Real* cache(int64_t layer) { return cache_.data() + layer * capacity_ * cache_row_; }
  std::span<const float> forward(std::span<const uint32_t> tokens);

  ModelConfig config_;
  ParameterLayout layout_;
  Layers<Real>& layers_;
  ForwardPass<Real> pass_;
  int64_t cache_row_;            // 2 K D
  int64_t capacity_ = 0;         // positions that the cache has room for
  MemoryArray<Real> cache_;      // (L,capacity,2 K D)
  MemoryArray<Real> scratch_;    // what `block_` points to, R rows, the same for all blocks
  MemoryArray<Sum> statistics_;  // likewise
  MemoryArray<uint32_t> tokens_;
  BlockActivations<Real> block_;
  Real* sum_ = nullptr;  // (R,C)
  int64_t rows_ = 0;
  std::vector<float> logits_;  // (V)
  int64_t position_ = 0;
};

}  // namespace ftok
