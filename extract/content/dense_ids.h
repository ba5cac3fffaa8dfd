// DenseIds: gives equal keys equal numbers, 0, 1, 2 ... in the order of their first coming, whatever the seed. For a
// known largest count of keys; one allocation, no removal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/hash_seed.h"

namespace ftok::html {

class DenseIds {
 public:
  explicit DenseIds(size_t keys_max) {
    size_t slots = 16;
    while (slots < 2 * keys_max) slots *= 2;
    slots_.resize(slots);
    mask_ = slots - 1;
  }

  uint32_t id_of(uint64_t key) {
    size_t slot = seeded_mix(key, 0, first_secret_, second_secret_) & mask_;
    while (slots_[slot].id != kFree && slots_[slot].key != key) slot = (slot + 1) & mask_;
    if (slots_[slot].id == kFree) slots_[slot] = {key, count_++};
    return slots_[slot].id;
  }
  uint32_t count() const { return count_; }
  // The most slots in a row that are taken: no search looks at more. For tests.
  size_t longest_run() const {
    return longest_run_of(slots_.size(), [this](size_t slot) { return slots_[slot].id != kFree; });
  }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  struct Slot {
    uint64_t key = 0;
    uint32_t id = kFree;
  };

  std::vector<Slot> slots_;
  size_t mask_ = 0;
  uint64_t first_secret_ = hash_seed()[0], second_secret_ = hash_seed()[1];
  uint32_t count_ = 0;
};

}  // namespace ftok::html
