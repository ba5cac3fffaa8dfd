// IndexTable: a hash table from things the caller holds to their indices, for one document at a time. It stores 12 bytes a
// slot (an index and the hash), and asks the caller whether two things are equal, so it never mistakes one for another.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace ftok {

class IndexTable {
 public:
  static constexpr uint32_t kAbsent = 0xFFFFFFFF;

  // Forgets everything. Memory is kept for the next document, unless there is much of it.
  void clear() {
    if (slots_.size() > kKeptSlotsMax || slots_.size() > 64 * (size_ + 16)) {
      slots_ = std::vector<Slot>(kSlotsMin);
    } else {
      std::fill(slots_.begin(), slots_.end(), Slot());
    }
    size_ = 0;
  }

  // The index stored for an equal thing, or `index`, which is stored now. `equals(i)`: whether the thing with index i equals
  // the one asked for. `index` must not be kAbsent.
  template <typename Equals>
  uint32_t find_or_insert(uint64_t hash, uint32_t index, const Equals& equals) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    const auto tag = static_cast<uint32_t>(hash);
    const size_t mask = slots_.size() - 1;
    for (size_t i = (hash >> 32) & mask;; i = (i + 1) & mask) {
      Slot& slot = slots_[i];
      if (slot.index == kAbsent) {
        slot = {index, tag, static_cast<uint32_t>(hash >> 32)};
        ++size_;
        return index;
      }
      if (slot.tag == tag && equals(slot.index)) return slot.index;
    }
  }

 private:
  struct Slot {
    uint32_t index = kAbsent;
    uint32_t tag = 0;
    uint32_t home = 0;  // where it wants to be, for growing
  };
  static constexpr size_t kSlotsMin = 1024;
  static constexpr size_t kKeptSlotsMax = size_t{1} << 20;

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    const size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.index == kAbsent) continue;
      size_t i = slot.home & mask;
      while (slots_[i].index != kAbsent) i = (i + 1) & mask;
      slots_[i] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kSlotsMin);
  size_t size_ = 0;
};

}  // namespace ftok
