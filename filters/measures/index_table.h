// IndexTable: a hash table from things the caller holds to their indices, for one document at a time. It stores 8 bytes
// a slot (an index and 32 bits of hash), forgets in constant time, and asks the caller whether two things are equal, so
// it never mistakes one for another. Hashes are seeded (core/hash_seed.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/hash_seed.h"

namespace ftok {

class IndexTable {
 public:
  // Forgets everything, and expects so many things. Memory is kept; of a table that was larger only a part is used,
  // which lies nearer to the processor.
  void clear(size_t expected) {
    size_t used = kSlotsMin;
    while (3 * (expected + 1) > 2 * used) used *= 2;
    forget(used);
    size_ = end_ = 0;
  }

  // Gives memory back when there is much of it, so that one large document is not paid for by all later ones. Forgets
  // everything.
  void release() {
    if (slots_.size() > kKeptSlotsMax) *this = IndexTable();
  }

  // Hints that find_or_insert will be called with this hash soon.
  void prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[(hash >> 32) & mask_]); }

  // The index stored for an equal thing, or `index`, which is stored now. `equals(i)`: whether the thing with index i
  // equals the one asked for. Indices are below 2^31.
  template <typename Equals>
  uint32_t find_or_insert(uint64_t hash, uint32_t index, const Equals& equals) {
    if (3 * (size_ + 1) > 2 * (mask_ + 1)) grow();
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t i = tag & mask_;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      if (slot.index < base_) {
        slot = {base_ + index, tag};
        ++size_;
        if (index >= end_) end_ = index + 1;
        return index;
      }
      if (slot.tag == tag && equals(slot.index - base_)) return slot.index - base_;
    }
  }

  // The most slots in a row that are taken: no search looks at more. For tests.
  size_t longest_run() const {
    return longest_run_of(mask_ + 1, [this](size_t slot) { return slots_[slot].index >= base_; });
  }

 private:
  struct Slot {
    uint32_t index = 0;  // plus base_; what is below base_ was forgotten
    uint32_t tag = 0;    // of the hash; also where the slot wants to be
  };
  static constexpr size_t kSlotsMin = 1024;
  static constexpr size_t kKeptSlotsMax = size_t{1} << 20;
  static constexpr uint32_t kBaseMax = uint32_t{1} << 31;

  // Uses `used` slots, in which nothing is: what was stored is below base_ now.
  void forget(size_t used) {
    mask_ = used - 1;
    base_ += end_;
    if (used <= slots_.size() && base_ <= kBaseMax) return;
    slots_.assign(std::max(used, slots_.size()), Slot());
    base_ = 1;
  }

  void grow() {
    const size_t used = mask_ + 1;
    const std::vector<Slot> old(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(used));
    const uint32_t old_base = base_;
    forget(2 * used);
    for (const Slot& slot : old) {
      if (slot.index < old_base) continue;
      size_t i = slot.tag & mask_;
      while (slots_[i].index >= base_) i = (i + 1) & mask_;
      slots_[i] = {slot.index - old_base + base_, slot.tag};
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kSlotsMin);
  size_t mask_ = kSlotsMin - 1;  // of the slots that are used, the first ones
  size_t size_ = 0;
  uint32_t base_ = 1;
  uint32_t end_ = 0;  // one above the largest index stored
};

}  // namespace ftok
