// PairTable: from a pair of symbols to the symbol they merge into. A pair lies in one of two slots (cuckoo hashing), so
// that a lookup reads two entries at most. Most pairs that merging asks for are not there; two small filters, one for
// what lies in its first slot and one for what lies in its second, nearly always say so without the table, which is too
// large to be near the processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "tokenizer/encode/mapped_memory.h"

namespace ftok {

inline constexpr uint32_t kNoSymbol = UINT32_MAX;

// Const after building, so thread-safe to read.
class PairTable {
 public:
  static constexpr uint32_t kSymbolBits = 21;
  static constexpr uint32_t kEdge = (1u << kSymbolBits) - 1;  // never a symbol: an edge that no pair has
  static constexpr uint32_t kUnsure = 1u << kSymbolBits;

  // Room for `pairs` pairs; what was there is gone.
  void reserve(size_t pairs);  // to be called first
  // Replaces an earlier entry of the same pair. Symbols are below kEdge.
  void insert(uint32_t left, uint32_t right, uint32_t merged);
  // Marks the pairs of which is_sure(left, right, merged) says so as sure (bpe_merge.h).
  template <typename IsSure>
  void mark_sure(IsSure&& is_sure) {
    const auto mark = [&](uint64_t& entry) {
      const uint32_t left = static_cast<uint32_t>(entry) & kEdge;
      const uint32_t right = static_cast<uint32_t>(entry >> kSymbolBits) & kEdge;
      if (is_sure(left, right, marked_of(entry) & kEdge)) entry &= ~uint64_t{0} >> 1;
    };
    for (uint64_t& entry : slots_) {
      if (entry != kEmpty) mark(entry);
    }
    for (auto& [key, entry] : left_over_) mark(entry);
  }

  // The merged symbol, with kUnsure where the pair is not sure; kNoSymbol when there is none.
  uint32_t find_marked(uint32_t left, uint32_t right) const {
    const uint64_t key = key_of(left, right);
    const auto [first, second] = slots_of(left, right);
    uint64_t entry = slots_[first];
    if ((entry & kKeyMask) != key) {
      entry = slots_[second];
      if ((entry & kKeyMask) != key) return left_over_.empty() ? kNoSymbol : find_left_over(key);
    }
    return marked_of(entry);
  }
  uint32_t find(uint32_t left, uint32_t right) const {
    const uint32_t found = find_marked(left, right);
    return found == kNoSymbol ? kNoSymbol : found & kEdge;
  }

  // Calls visit(left, right, merged) for each pair.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    const auto visit_entry = [&](uint64_t entry) {
      visit(static_cast<uint32_t>(entry) & kEdge, static_cast<uint32_t>(entry >> kSymbolBits) & kEdge,
            marked_of(entry) & kEdge);
    };
    for (const uint64_t entry : slots_) {
      if (entry != kEmpty) visit_entry(entry);
    }
    for (const auto& [key, entry] : left_over_) visit_entry(entry);
  }

  // For vectors (bpe_merge_avx512.cc). An entry has left, right and merged symbol from the lowest bit on, and in the
  // highest that the pair is not sure. Its place in the first filter is (mix(x) * kSpread) >> shift() with x = left *
  // kFirst[0] + right * kFirst[1], in 32 bits, where mix(x) = x ^ x >> 15; in the second the same with kSecond. Half of
  // a place in a filter is a slot. A bit that is not set says that the pair is not in this slot. Only where there is
  // nothing left over do the slots have all pairs.
  static constexpr uint64_t kEmpty = UINT64_MAX;
  static constexpr uint32_t kFirst[2] = {0x9E3779B1, 0x85EBCA77}, kSecond[2] = {0xC2B2AE3D, 0x27D4EB2F},
                            kSpread = 0x165667B1;
  static constexpr unsigned kMixShift = 15;
  [[gnu::always_inline]] const uint64_t* slots() const { return slots_.data(); }
  [[gnu::always_inline]] uint32_t shift() const { return shift_; }
  [[gnu::always_inline]] const uint32_t* filter(unsigned slot) const { return filters_[slot]; }
  bool has_left_over() const { return !left_over_.empty(); }

  size_t left_over() const { return left_over_.size(); }  // found by a search in order
  size_t moves() const { return moves_; }                 // of pairs into slots, for tests

 private:
  static constexpr uint64_t kKeyMask = (uint64_t{1} << 2 * kSymbolBits) - 1;

  static uint64_t key_of(uint32_t left, uint32_t right) { return left | uint64_t{right} << kSymbolBits; }
  static uint32_t marked_of(uint64_t entry) { return static_cast<uint32_t>(entry >> 2 * kSymbolBits); }
  uint32_t place_of(uint32_t x) const { return (x ^ x >> kMixShift) * kSpread >> shift_; }
  // Places in the filters.
  std::pair<uint32_t, uint32_t> places_of(uint32_t left, uint32_t right) const {
    return {place_of(left * kFirst[0] + right * kFirst[1]), place_of(left * kSecond[0] + right * kSecond[1])};
  }
  std::pair<uint32_t, uint32_t> slots_of(uint32_t left, uint32_t right) const {
    const auto [first, second] = places_of(left, right);
    return {first / 2, second / 2};
  }
  uint64_t* entry_of(uint64_t key);
  void put(uint32_t slot, uint64_t entry);
  uint32_t find_left_over(uint64_t key) const;

  MappedMemory memory_;
  std::span<uint64_t> slots_;
  uint32_t* filters_[2] = {};  // behind the slots
  uint32_t shift_ = 0;
  size_t moves_ = 0;
  std::map<uint64_t, uint64_t> left_over_;  // by key what found no slot; empty but for vocabularies made for it
};

}  // namespace ftok
