// DenseIds: gives equal keys equal numbers, 0, 1, 2 ... in the order of their first coming. For a known largest count
// of keys; one allocation, no removal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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
    size_t slot = (key * 0x9E3779B97F4A7C15ULL) >> 32 & mask_;
    while (slots_[slot].id != kFree && slots_[slot].key != key) slot = (slot + 1) & mask_;
    if (slots_[slot].id == kFree) slots_[slot] = {key, count_++};
    return slots_[slot].id;
  }
  uint32_t count() const { return count_; }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  struct Slot {
    uint64_t key = 0;
    uint32_t id = kFree;
  };

  std::vector<Slot> slots_;
  size_t mask_ = 0;
  uint32_t count_ = 0;
};

}  // namespace ftok::html
