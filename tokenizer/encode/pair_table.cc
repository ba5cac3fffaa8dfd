#include "tokenizer/encode/pair_table.h"

#include <algorithm>

namespace ftok {
namespace {

// A pair that moves others out of their slots this often is left over. At a load below a half a few moves do. Where
// more than a few were left over the pairs were chosen for that, and trying costs no more than keeping them.
constexpr size_t kMovesMax = 256, kMovesOfFlood = 8, kLeftOverFew = 64;

}  // namespace

void PairTable::reserve(size_t pairs) {
  size_t capacity = 1024;
  shift_ = 21;  // of a filter of 2048 bits
  while (capacity < pairs * 2) {
    capacity *= 2;
    --shift_;
  }
  const size_t filter_words = capacity * 2 / 32;
  memory_ = MappedMemory(capacity * sizeof(uint64_t) + 2 * filter_words * sizeof(uint32_t));
  slots_ = {static_cast<uint64_t*>(memory_.data()), capacity};
  std::fill(slots_.begin(), slots_.end(), kEmpty);
  filters_[0] = reinterpret_cast<uint32_t*>(slots_.data() + capacity);
  filters_[1] = filters_[0] + filter_words;
  left_over_.clear();
  moves_ = 0;
}

uint64_t* PairTable::entry_of(uint64_t key) {
  const auto [first, second] =
      slots_of(static_cast<uint32_t>(key) & kEdge, static_cast<uint32_t>(key >> kSymbolBits) & kEdge);
  for (uint64_t* entry : {&slots_[first], &slots_[second]}) {
    if ((*entry & kKeyMask) == key) return entry;
  }
  const auto found = left_over_.find(key);
  return found != left_over_.end() ? &found->second : nullptr;
}

uint32_t PairTable::find_left_over(uint64_t key) const {
  const auto found = left_over_.find(key);
  return found != left_over_.end() ? marked_of(found->second) : kNoSymbol;
}

void PairTable::insert(uint32_t left, uint32_t right, uint32_t merged) {
  const uint64_t key = key_of(left, right);
  uint64_t made = key | uint64_t{merged | kUnsure} << 2 * kSymbolBits;
  if (uint64_t* const there = entry_of(key)) {
    *there = made;
    return;
  }
  auto [slot, other] = slots_of(left, right);
  if (slots_[slot] != kEmpty && slots_[other] == kEmpty) slot = other;
  const size_t moves_max = left_over_.size() < kLeftOverFew ? kMovesMax : kMovesOfFlood;
  for (size_t moves = 0; moves < moves_max; ++moves, ++moves_) {
    const uint64_t gone = slots_[slot];
    put(slot, made);
    if (gone == kEmpty) return;
    made = gone;  // on to its other slot
    const auto [first, second] =
        slots_of(static_cast<uint32_t>(made) & kEdge, static_cast<uint32_t>(made >> kSymbolBits) & kEdge);
    slot = slot == first ? second : first;
  }
  left_over_[made & kKeyMask] = made;
}

void PairTable::put(uint32_t slot, uint64_t entry) {
  slots_[slot] = entry;
  const auto [first, second] =
      places_of(static_cast<uint32_t>(entry) & kEdge, static_cast<uint32_t>(entry >> kSymbolBits) & kEdge);
  if (first / 2 == slot) filters_[0][first / 32] |= 1u << first % 32;
  if (second / 2 == slot) filters_[1][second / 32] |= 1u << second % 32;
}

}  // namespace ftok
