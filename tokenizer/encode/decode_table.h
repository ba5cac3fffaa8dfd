// DecodeTable: the bytes of short tokens, a slot of 16 bytes each, so that a token is one copy of 16 bytes whatever its
// size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>

#include "tokenizer/encode/mapped_memory.h"

namespace ftok {

struct Vocabulary;

// Const after construction, so thread-safe.
class DecodeTable {
 public:
  static constexpr size_t kSlotBytes = 16;
  static constexpr size_t kTokenBytesMax = kSlotBytes - 1;  // of a token in a slot; the last byte of a slot is its size

  explicit DecodeTable(const Vocabulary& vocabulary);
  // The same of what `bytes_of` says of the ids below `count`: nothing, for an id that gets no slot. What it answers
  // has to live until its next call.
  DecodeTable(uint32_t count, const std::function<std::string_view(uint32_t)>& bytes_of);

  bool has_slot(uint32_t id) const { return id < count_ && slots_[id * kSlotBytes + kTokenBytesMax] != kNoSlot; }

  // Writes the bytes of the first of `ids` to `out`, which has room for ids.size() * kSlotBytes, as far as all have a
  // slot; returns how many ids, and in `bytes` how many bytes they have.
  size_t decode(std::span<const uint32_t> ids, char* out, size_t& bytes) const {
    char* to = out;
    size_t i = 0;
    for (; i < ids.size() && ids[i] < count_; ++i) {
      const unsigned char* const slot = slots_ + ids[i] * kSlotBytes;
      const unsigned char size = slot[kTokenBytesMax];
      if (size > kTokenBytesMax) break;
      std::memcpy(to, slot, kSlotBytes);
      to += size;
    }
    bytes = static_cast<size_t>(to - out);
    return i;
  }

 private:
  static constexpr unsigned char kNoSlot = 0xFF;  // a size: of long tokens, and of ids that are no ordinary token

  uint32_t count_ = 0;
  MappedMemory memory_;
  const unsigned char* slots_ = nullptr;
};

}  // namespace ftok
