// Byte-pair merging: from the bytes of one pretoken to symbols. The rule: again and again the adjacent pair of lowest rank,
// the leftmost among equals, becomes one symbol, until no adjacent pair has a rank.
//
// Symbols number the merges by rank, so a symbol is its own rank. For a vocabulary with implied merges a symbol is its id.
// One fact makes the tables small and long pretokens fast (docs/tokenizer.md has the proofs): what merging does inside a
// span that no merge has crossed does not depend on what is around it. So
//  - a token is made by exactly one pair of symbols, and the pair table has one entry a token;
//  - a sequence of symbols is the answer if and only if each adjacent two of them are the answer for their own bytes, so a
//    long pretoken can be merged window by window.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace ftok {

inline constexpr uint32_t kNoSymbol = UINT32_MAX;

// (left symbol, right symbol) -> the symbol they merge into. Const after building.
class PairTable {
 public:
  // Room for `pairs` pairs.
  void reserve(size_t pairs);
  // Replaces an earlier entry of the same pair. Symbols are below 2^21.
  void insert(uint32_t left, uint32_t right, uint32_t merged);

  uint32_t find(uint32_t left, uint32_t right) const {
    const uint64_t key = uint64_t{left} << 21 | right;
    for (size_t slot = slot_of(key);; slot = (slot + 1) & mask_) {
      const uint64_t entry = slots_[slot];
      if (entry >> 21 == key) return static_cast<uint32_t>(entry & 0x1FFFFF);
      if (entry == kEmpty) return kNoSymbol;
    }
  }

 private:
  static constexpr uint64_t kEmpty = UINT64_MAX;
  size_t slot_of(uint64_t key) const { return static_cast<size_t>((key * 0x9E3779B97F4A7C15ull) >> shift_); }

  std::vector<uint64_t> slots_;  // left, right and merged symbol in 21 bits each
  size_t mask_ = 0;
  int shift_ = 64;
};

// Buffers of one thread, reused from call to call.
struct MergeScratch {
  std::vector<uint32_t> symbols, ranks, next, previous;
  std::vector<uint64_t> heap;
  std::vector<uint32_t> tail, window;
};

// Const after construction, so thread-safe.
class Merger {
 public:
  explicit Merger(const Vocabulary& vocabulary);

  // Appends the ids of `piece`, which is not empty. Time is linear in practice and O(n log n) at worst; memory is linear.
  void merge(std::string_view piece, MergeScratch& scratch, std::vector<uint32_t>& ids) const;

  // One step of merging, for showing how a word is made: at `position` (in symbols) two symbols became one.
  struct Step {
    uint32_t position, left, right, merged;  // ids
  };
  std::vector<Step> steps(std::string_view piece) const;

  uint32_t id_of(uint32_t symbol) const { return ids_.empty() ? symbol : ids_[symbol]; }

 private:
  void build_implied(const Vocabulary& vocabulary);
  void build_explicit(const Vocabulary& vocabulary);
  uint32_t find_bytes(unsigned char a, unsigned char b) const { return byte_pairs_[size_t{a} << 8 | b]; }

  size_t merge_by_scan(std::string_view piece, MergeScratch& scratch) const;
  size_t merge_by_heap(std::string_view piece, MergeScratch& scratch) const;
  size_t merge_span(std::string_view piece, MergeScratch& scratch) const;
  bool merge_by_windows(std::string_view piece, MergeScratch& scratch, std::vector<uint32_t>& ids) const;

  PairTable pairs_;
  std::vector<uint32_t> byte_pairs_;    // pairs of single bytes, directly
  uint32_t byte_symbols_[256] = {};
  std::vector<uint32_t> symbol_bytes_;  // length of each symbol
  std::vector<uint32_t> ids_;           // of symbols; empty when they are the ids
};

}  // namespace ftok
