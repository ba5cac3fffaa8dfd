// TokenTable: from the bytes of a token to its id, by open addressing over the vocabulary's own bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/encode/pretoken_cache.h"

namespace ftok {

struct Vocabulary;

inline constexpr uint32_t kNoToken = UINT32_MAX;

// Const after construction, so thread-safe. Holds a pointer to the vocabulary, which must outlive it.
class TokenTable {
 public:
  TokenTable() = default;
  explicit TokenTable(const Vocabulary& vocabulary);

  // The id of the ordinary token with these bytes, or kNoToken.
  uint32_t find(std::string_view bytes) const { return find(bytes, PretokenKey::of(bytes)); }
  // The same where the caller has the key of `bytes`.
  uint32_t find(std::string_view bytes, PretokenKey key) const;
  // False where find() finds nothing, nearly always; from a few bits near the processor.
  bool may_find(PretokenKey key) const {
    const uint64_t place = key.hash() >> filter_shift_;
    return (filter_[place / 64] >> place % 64 & 1) != 0;
  }
  // Asks memory for what find() reads first, and then, when that has come, for what it reads next.
  void prefetch(PretokenKey key) const { __builtin_prefetch(slots_.data() + (key.hash() & (slots_.size() - 1))); }
  void prefetch_bytes(PretokenKey key) const;

  // Ids of the first two tokens that have the same bytes, kNoToken twice when there are none. The later is not in the
  // table.
  uint32_t duplicate_first() const { return duplicate_first_; }
  uint32_t duplicate_second() const { return duplicate_second_; }

  size_t longest_run() const;  // the most slots in a row that are taken: no search looks at more; for tests

 private:
  void insert(uint32_t id, uint64_t hash);

  const Vocabulary* vocabulary_ = nullptr;
  MappedMemory memory_;
  std::span<uint64_t> slots_;     // upper half of the hash, id; so that most misses need not look at the bytes
  std::vector<uint64_t> filter_;  // four bits a slot
  int filter_shift_ = 63;
  uint32_t duplicate_first_ = kNoToken;
  uint32_t duplicate_second_ = kNoToken;
};

}  // namespace ftok
