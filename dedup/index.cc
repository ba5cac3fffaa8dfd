#include "dedup/index.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/error.h"
#include "core/hash_seed.h"

namespace ftok {
namespace {

constexpr uint64_t kCapacityMin = 4096;
// Slots after the last home. At a load of 0.8 the chance that a run of occupied slots is longer than this is below
// 1e-10 (it falls by exp(-0.0231) a slot); insert() grows the table should it happen.
constexpr uint64_t kTailSlots = 1024;

uint64_t keys_max(uint64_t capacity) { return capacity / 5 * 4; }  // a load of 0.8
uint64_t next_capacity(uint64_t capacity) { return capacity + capacity / 4; }

uint64_t capacity_for(uint64_t keys) {
  uint64_t capacity = kCapacityMin;
  while (keys_max(capacity) < keys) capacity = next_capacity(capacity);
  return capacity;
}

}  // namespace

FirstSeenIndex::FirstSeenIndex(uint64_t bytes_max)
    : bytes_max_(bytes_max), factors_{hash_seed()[0] | 1, hash_seed()[1] | 1} {}

FirstSeenIndex::~FirstSeenIndex() { std::free(slots_); }

uint64_t FirstSeenIndex::predict_bytes(uint64_t keys) {
  return keys == 0 ? 0 : (capacity_for(keys) + kTailSlots) * kSlotBytes;
}

uint64_t FirstSeenIndex::slots() const { return capacity_ == 0 ? 0 : capacity_ + kTailSlots; }

uint64_t FirstSeenIndex::bytes() const { return slots() * kSlotBytes; }

bool FirstSeenIndex::reserve(uint64_t more) {
  const uint64_t keys = size_ + more;
  if (capacity_ != 0 && keys <= keys_max(capacity_)) return true;
  return keys == 0 || grow(capacity_for(keys));
}

bool FirstSeenIndex::grow(uint64_t capacity) {
  const uint64_t total = capacity + kTailSlots;
  if (total > bytes_max_ / kSlotBytes) return false;
  Slot* larger = static_cast<Slot*>(std::realloc(slots_, total * kSlotBytes));
  if (larger == nullptr) throw std::bad_alloc();
  const uint64_t old_total = slots();
  slots_ = larger;
  capacity_ = capacity;
  uint64_t packed = total;  // entries [packed, total), ascending
  for (uint64_t i = old_total; i-- > 0;) {
    if (slots_[i].key != 0) slots_[--packed] = slots_[i];
  }
  uint64_t free = 0;  // the first slot not yet decided
  for (; packed < total; ++packed) {
    const Slot entry = slots_[packed];
    const uint64_t at = std::max(home(entry.key), free);
    if (at > packed || at + 1 == total) {
      throw Error("the deduplication index cannot place its keys: too many lie close together");
    }
    for (; free < at; ++free) slots_[free].key = 0;
    slots_[at] = entry;
    free = at + 1;
  }
  for (; free < total; ++free) slots_[free].key = 0;
  return true;
}

uint32_t FirstSeenIndex::insert(uint64_t key, uint32_t number) {
  assert(key != 0 && number != kNone && capacity_ != 0 && size_ < keys_max(capacity_));
  const uint64_t mixed = mix(key);
  uint64_t at = home(mixed);
  while (slots_[at].key != 0 && slots_[at].key < mixed) ++at;  // the last slot is always free
  if (slots_[at].key == mixed) return slots_[at].number;
  uint64_t free = at;
  while (slots_[free].key != 0) ++free;
  if (free + 1 == slots()) {  // keep the last slot free, so that searches end
    if (!grow(next_capacity(capacity_))) throw Error("the deduplication index is full: its keys lie close together");
    return insert(key, number);
  }
  std::memmove(slots_ + at + 1, slots_ + at, (free - at) * kSlotBytes);
  slots_[at] = {mixed, number};
  ++size_;
  return kNone;
}

uint32_t FirstSeenIndex::find(uint64_t key) const {
  if (capacity_ == 0) return kNone;
  const uint64_t mixed = mix(key);
  uint64_t at = home(mixed);
  while (slots_[at].key != 0 && slots_[at].key < mixed) ++at;
  return slots_[at].key == mixed ? slots_[at].number : kNone;
}

void FirstSeenIndex::prefetch(uint64_t key) const {
  if (capacity_ != 0) __builtin_prefetch(slots_ + home(mix(key)), 1);
}

uint64_t FirstSeenIndex::longest_run() const {
  return longest_run_of(slots(), [this](uint64_t slot) { return slots_[slot].key != 0; });
}

void FirstSeenIndex::clear() {
  for (uint64_t i = 0; i < slots(); ++i) slots_[i].key = 0;
  size_ = 0;
}

}  // namespace ftok
