// A model read from left to right, a whole prompt at once or a position at a time, with the keys and values of the
// positions before kept; of one sequence, or of several side by side. One definition for every back end.
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
  // For `sequences` side by side, of at most `positions` each: next_of() in place of next() and read().
  Decoder(const ModelConfig& config, Layers<Real>& layers, const Real* parameters, int64_t sequences,
          int64_t positions);

  std::span<const float> next(uint32_t token) override { return forward({&token, 1}); }
  std::span<const float> read(std::span<const uint32_t> tokens) override;
  int64_t position() const override { return positions_[0]; }
  void reset() { positions_.assign(positions_.size(), 0); }

  // Reads one token into each of `sequences` (R, each once) and returns the logits (R,V) of the ones after them; none
  // where they are not wanted.
  std::span<const float> next_of(std::span<const int64_t> sequences, std::span<const uint32_t> tokens,
                                 bool wants_logits = true);
  // Makes sequence `to` one that has read what `from` has.
  void copy_sequence(int64_t from, int64_t to);

 private:
  using Sum = typename Layers<Real>::Sum;

  void make_room(int64_t rows);
  void reserve_positions(int64_t positions);
  Real* cache(int64_t layer, int64_t sequence = 0) {
    return cache_.data() + (layer * static_cast<int64_t>(positions_.size()) + sequence) * capacity_ * cache_row_;
  }
  void attend_each(int64_t layer, const BlockActivations<Real>& a, std::span<const int64_t> sequences);
  std::span<const float> logits_of(int64_t first_row, int64_t R);
  std::span<const float> forward(std::span<const uint32_t> tokens);

  ModelConfig config_;
  ParameterLayout layout_;
  Layers<Real>& layers_;
  ForwardPass<Real> pass_;
  int64_t cache_row_;            // 2 K D
  int64_t capacity_ = 0;         // positions that the cache has room for, of each sequence
  MemoryArray<Real> cache_;      // (L,sequences,capacity,2 K D)
  MemoryArray<Real> scratch_;    // what `block_` points to, R rows, the same for all blocks
  MemoryArray<Sum> statistics_;  // likewise
  MemoryArray<uint32_t> tokens_;
  BlockActivations<Real> block_;
  Real* sum_ = nullptr;  // (R,C)
  int64_t rows_ = 0;
  std::vector<float> logits_;       // (R,V)
  std::vector<int64_t> positions_;  // tokens read of each sequence
};

}  // namespace ftok
