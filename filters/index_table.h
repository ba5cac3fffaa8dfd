// IndexTable: a hash table from things the caller holds to their indices, for one document at a time. It stores 12 bytes a
// slot (index, 32 bits of hash, generation), forgets in constant time, and asks the caller whether two things are equal, so
// it never mistakes one for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ftok {

class IndexTable {
 public:
  // Forgets everything. Memory is kept for the next document, unless there is much of it.
  void clear() {
    size_ = 0;
    if (slots_.size() > kKeptSlotsMax || generation_ == UINT32_MAX) {
      slots_ = std::vector<Slot>(kSlotsMin);
      generation_ = 0;
    }
    ++generation_;
  }

  // The index stored for an equal thing, or `index`, which is stored now. `equals(i)`: whether the thing with index i equals
  // the one asked for.
  template <typename Equals>
  uint32_t find_or_insert(uint64_t hash, uint32_t index, const Equals& equals) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    const auto tag = static_cast<uint32_t>(hash >> 32);
    const size_t mask = slots_.size() - 1;
    for (size_t i = tag & mask;; i = (i + 1) & mask) {
      Slot& slot = slots_[i];
      if (slot.generation != generation_) {
        slot = {index, tag, generation_};
        ++size_;
        return index;
      }
      if (slot.tag == tag && equals(slot.index)) return slot.index;
    }
  }

 private:
  struct Slot {
    uint32_t index = 0;
    uint32_t tag = 0;         // of the hash; also where the slot wants to be
    uint32_t generation = 0;  // of what it holds; another one's is empty
  };
  static constexpr size_t kSlotsMin = 1024;
  static constexpr size_t kKeptSlotsMax = size_t{1} << 20;

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    const size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.generation != generation_) continue;
      size_t i = slot.tag & mask;
      while (slots_[i].generation == generation_) i = (i + 1) & mask;
      slots_[i] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kSlotsMin);
  size_t size_ = 0;
  uint32_t generation_ = 1;
};

}  // namespace ftok
