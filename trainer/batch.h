// A batch of token sequences: what a model reads, and what it is to predict.
#pragma once

#include <cstdint>
#include <vector>

namespace ftok {

// A batch in arrays of the caller's, row-major (B,T). Ids are below the model's vocabulary size; T is at least 1 and at
// most ModelConfig::length.
struct BatchView {
  int64_t B = 0, T = 0;                // sequences, positions of each
  const uint32_t* tokens = nullptr;    // (B,T)
  const uint32_t* targets = nullptr;   // (B,T): the token that follows each position
  const uint8_t* loss_mask = nullptr;  // (B,T), 0: the target does not count; null: all targets count
  // (B,T): the first position of its sequence that each position attends to, where its document begins; does not fall
  // along a sequence. Null: 0 everywhere.
  const int32_t* first_key = nullptr;
  // (B,T): what each target's gradient is multiplied by, of either sign; losses are not. Null: 1 everywhere.
  const float* loss_weights = nullptr;
};

// The same in arrays of its own.
struct Batch {
  int64_t B = 0, T = 0;
  std::vector<uint32_t> tokens, targets;
  std::vector<int32_t> first_key;   // empty: no document mask
  std::vector<uint8_t> loss_mask;   // empty: all targets count
  std::vector<float> loss_weights;  // empty: 1 everywhere

  BatchView view() const;   // valid until an array changes
  int64_t counted() const;  // targets that count
};

}  // namespace ftok
