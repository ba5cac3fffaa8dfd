#include "tokenizer/token_table.h"

#include "tokenizer/vocabulary.h"

namespace ftok {

namespace {

constexpr uint64_t kEmpty = UINT64_MAX;

}  // namespace

TokenTable::TokenTable(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {
  size_t capacity = 1024;
  while (capacity < size_t{vocabulary.token_count()} * 2) capacity *= 2;
  slots_.assign(capacity, kEmpty);
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    const std::string_view token = vocabulary.token(id);
    if (token.empty()) continue;
    const uint64_t hash = PretokenKey::of(token).hash();
    const uint64_t tag = hash >> 32 << 32;
    size_t slot = hash & (capacity - 1);
    while (slots_[slot] != kEmpty &&
           (slots_[slot] >> 32 << 32 != tag || vocabulary.token(static_cast<uint32_t>(slots_[slot])) != token)) {
      slot = (slot + 1) & (capacity - 1);
    }
    if (slots_[slot] == kEmpty) {
      slots_[slot] = tag | id;
    } else if (duplicate_first_ == kNoToken) {
      duplicate_first_ = static_cast<uint32_t>(slots_[slot]);
      duplicate_second_ = id;
    }
  }
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
