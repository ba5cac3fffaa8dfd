#include "tokenizer/encode/token_table.h"

#include <algorithm>

#include "core/hash_seed.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

namespace {

constexpr uint64_t kEmpty = UINT64_MAX;

}  // namespace

TokenTable::TokenTable(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {
  size_t capacity = 1024;
  while (capacity < size_t{vocabulary.token_count()} * 2) capacity *= 2;
  memory_ = MappedMemory(capacity * sizeof(uint64_t));
  slots_ = {static_cast<uint64_t*>(memory_.data()), capacity};
  std::fill(slots_.begin(), slots_.end(), kEmpty);
  filter_.assign(capacity * 4 / 64, 0);
  filter_shift_ = 64 - __builtin_ctzll(capacity * 4);
  // Some at a time, so that they wait for memory together.
  constexpr uint32_t kTogether = 32;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(vocabulary.bytes.data());
  for (uint32_t first = 0; first < vocabulary.token_count(); first += kTogether) {
    const uint32_t last = std::min(first + kTogether, vocabulary.token_count());
    uint64_t hashes[kTogether];
    for (uint32_t id = first; id < last; ++id) {
      const uint32_t begin = vocabulary.offsets[id], size = vocabulary.offsets[id + 1] - begin;
      const bool is_simple = size <= PretokenKey::kShortBytesMax && begin + size_t{16} <= vocabulary.bytes.size();
      hashes[id - first] =
          (is_simple ? PretokenKey::of_short(bytes + begin, size) : PretokenKey::of(vocabulary.token(id))).hash();
      __builtin_prefetch(slots_.data() + (hashes[id - first] & (capacity - 1)), 1);
    }
    for (uint32_t id = first; id < last; ++id) insert(id, hashes[id - first]);
  }
}

void TokenTable::insert(uint32_t id, uint64_t hash) {
  const std::string_view token = vocabulary_->token(id);
  if (token.empty()) return;
  const uint64_t tag = hash >> 32 << 32, place = hash >> filter_shift_;
  filter_[place / 64] |= uint64_t{1} << place % 64;
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  while (slots_[slot] != kEmpty &&
         (slots_[slot] >> 32 << 32 != tag || vocabulary_->token(static_cast<uint32_t>(slots_[slot])) != token)) {
    slot = (slot + 1) & mask;
  }
  if (slots_[slot] == kEmpty) {
    slots_[slot] = tag | id;
  } else if (duplicate_first_ == kNoToken) {
    duplicate_first_ = static_cast<uint32_t>(slots_[slot]);
    duplicate_second_ = id;
  }
}

size_t TokenTable::longest_run() const {
  return longest_run_of(slots_.size(), [this](size_t slot) { return slots_[slot] != kEmpty; });
}

void TokenTable::prefetch_bytes(PretokenKey key) const {
  const uint64_t hash = key.hash(), slot = slots_[hash & (slots_.size() - 1)];
  if (slot >> 32 != hash >> 32) return;
  __builtin_prefetch(vocabulary_->bytes.data() + vocabulary_->offsets[static_cast<uint32_t>(slot)]);
}

uint32_t TokenTable::find(std::string_view bytes, PretokenKey key) const {
  const size_t mask = slots_.size() - 1;
  const uint64_t hash = key.hash();
  for (size_t slot = hash & mask; slots_[slot] != kEmpty; slot = (slot + 1) & mask) {
    if (slots_[slot] >> 32 != hash >> 32) continue;
    const auto id = static_cast<uint32_t>(slots_[slot]);
    if (vocabulary_->token(id) == bytes) return id;
  }
  return kNoToken;
}

}  // namespace ftok
