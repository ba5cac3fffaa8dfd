#include "tokenizer/encode/decode_table.h"

#include "tokenizer/vocabulary.h"

namespace ftok {

DecodeTable::DecodeTable(const Vocabulary& vocabulary)
    : DecodeTable(vocabulary.token_count(), [&](uint32_t id) { return vocabulary.token(id); }) {}

DecodeTable::DecodeTable(uint32_t count, const std::function<std::string_view(uint32_t)>& bytes_of)
    : count_(count), memory_(count_ * kSlotBytes) {
  auto* const slots = static_cast<unsigned char*>(memory_.data());
  for (uint32_t id = 0; id < count_; ++id) {
    const std::string_view token = bytes_of(id);
    unsigned char* const slot = slots + id * kSlotBytes;
    const bool fits = !token.empty() && token.size() <= kTokenBytesMax;
    if (fits) std::memcpy(slot, token.data(), token.size());
    slot[kTokenBytesMax] = fits ? static_cast<unsigned char>(token.size()) : kNoSlot;
  }
  slots_ = slots;
}

}  // namespace ftok
