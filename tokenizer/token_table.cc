#include "tokenizer/token_table.h"

#include "tokenizer/vocabulary.h"

namespace ftok {

TokenTable::TokenTable(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {
  size_t capacity = 1024;
  while (capacity < size_t{vocabulary.token_count()} * 2) capacity *= 2;
  slots_.assign(capacity, kNoToken);
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    const std::string_view token = vocabulary.token(id);
    if (token.empty()) continue;
    size_t slot = hash_bytes(token) & (capacity - 1);
    while (slots_[slot] != kNoToken && vocabulary.token(slots_[slot]) != token) slot = (slot + 1) & (capacity - 1);
    if (slots_[slot] == kNoToken) {
      slots_[slot] = id;
    } else if (duplicate_first_ == kNoToken) {
      duplicate_first_ = slots_[slot];
      duplicate_second_ = id;
    }
  }
}

uint32_t TokenTable::find(std::string_view bytes) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash_bytes(bytes) & mask; slots_[slot] != kNoToken; slot = (slot + 1) & mask) {
    if (vocabulary_->token(slots_[slot]) == bytes) return slots_[slot];
  }
  return kNoToken;
}

}  // namespace ftok
