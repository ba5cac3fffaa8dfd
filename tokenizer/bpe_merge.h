// Byte-pair merging: from the bytes of one pretoken to symbols. The rule: again and again the adjacent pair of lowest rank,
// the leftmost among equals, becomes one symbol, until no adjacent pair has a rank.
//
// Symbols number the merges by rank, so a symbol is its own rank. For a vocabulary with implied merges a symbol is its id.
// Two facts make the tables small and long pretokens fast (docs/tokenizer.md has the proofs). What merging does inside a
// span that no merge has crossed does not depend on what is around it. So
//  - a token is made by exactly one pair of symbols, and the pair table has one entry a token;
//  - a sequence of symbols is the answer if and only if each adjacent two of them are the answer for their own bytes, so a
//    long pretoken can be merged window by window.
// And a pair (A, B) can be merged at once, whatever else is there, when every merge that could take A or B away from it has
// a higher rank: such pairs are marked in the tables (`sure`). Most bytes of characters outside ASCII join this way.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/pretoken_cuts.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

inline constexpr uint32_t kNoSymbol = UINT32_MAX;

// (left symbol, right symbol) -> the symbol they merge into. Const after building. A search begins at the start of a cache
// line of eight entries, so that one line, and with vectors one comparison, nearly always decides.
class PairTable {
 public:
  // Room for `pairs` pairs.
  void reserve(size_t pairs);
  // Replaces an earlier entry of the same pair. Symbols are below kEdge.
  void insert(uint32_t left, uint32_t right, uint32_t merged);
  // Marks the pair, which is there, as sure.
  void mark_sure(uint32_t left, uint32_t right);

  // The merged symbol, with kSure where the pair is sure; kNoSymbol when there is none.
  uint32_t find_marked(uint32_t left, uint32_t right) const {
    const uint64_t key = key_of(left, right);
    for (size_t slot = slot_of(key);; slot = (slot + 1) & mask_) {
      const uint64_t entry = slots_[slot];
      if (entry == kEmpty) return kNoSymbol;
      if (entry << 1 >> 22 == key) return static_cast<uint32_t>(entry & kEdge) | static_cast<uint32_t>(entry >> 63 << 31);
    }
  }
  uint32_t find(uint32_t left, uint32_t right) const {
    const uint32_t found = find_marked(left, right);
    return found == kNoSymbol ? kNoSymbol : found & ~kSure;
  }

  static constexpr uint32_t kEdge = 0x1FFFFF;  // never a symbol: an edge that no pair has
  static constexpr uint32_t kSure = 0x80000000;
  static constexpr uint64_t kEmpty = UINT64_MAX;
  static uint64_t key_of(uint32_t left, uint32_t right) { return uint64_t{left} << 21 | right; }
  size_t slot_of(uint64_t key) const { return static_cast<size_t>((key * 0x9E3779B97F4A7C15ull) >> shift_) * 8; }
  const uint64_t* slots() const { return slots_; }
  size_t mask() const { return mask_; }

 private:
  std::vector<uint64_t> storage_;
  uint64_t* slots_ = nullptr;  // in storage_, aligned to 64 bytes: sure (1 bit), left, right, merged symbol (21 bits each)
  size_t mask_ = 0;
  int shift_ = 64;
};

// Buffers of one thread, reused from call to call.
struct MergeScratch {
  std::vector<uint32_t> symbols, ranks, next, previous;
  std::vector<uint64_t> heap;
  std::vector<uint32_t> tail, window;

  // Gives back what is larger than `words_max` words.
  void shrink(size_t words_max);
};

// A short piece on its way from symbols to fewer symbols, or to ids: lanes of a vector register.
struct MergeJob {
  static constexpr size_t kLanes = 32, kSymbolsMax = kLanes - 1;  // the last lane is an edge
  static constexpr uint32_t kNoRank = 0x7FFFFFFF;

  alignas(64) uint32_t symbols[kLanes];
  uint32_t ranks[kLanes];  // of the pair of a symbol and the next, with kSure, or kNoRank
  uint32_t unknown;                  // lanes whose rank is to be looked up
  uint32_t count;                    // symbols
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

  // Tokens that merging their bytes does not give; known for vocabularies whose pretokens may be tokens whatever the merges
  // say.
  const std::vector<uint32_t>& unmerged() const { return unmerged_; }

  // Many short pieces at once, so that they wait for memory together: start_job for each, true where the piece is short
  // enough (and the processor can), then run_jobs, which leaves the ids in the jobs.
  bool start_job(std::string_view piece, MergeJob& job) const;
  void run_jobs(MergeJob* jobs, size_t count) const;

  // The two ids that the last merge of `token` joins; nothing when merging does not make it. Needs implied merges.
  std::optional<std::pair<uint32_t, uint32_t>> last_merge(std::string_view token) const;

  uint32_t id_of(uint32_t symbol) const { return ids_.empty() ? symbol : ids_[symbol]; }

 private:
  void build_implied(const Vocabulary& vocabulary);
  void build_explicit(const Vocabulary& vocabulary);
  void mark_sure_pairs();

  void fill_byte_pairs();
  void join_characters();
  struct Joined {
    uint32_t symbol, rank, size;
  };
  [[gnu::always_inline]] Joined join_at(const unsigned char* bytes, size_t size) const;
  size_t merge_by_scan(std::string_view piece, MergeScratch& scratch) const;
  size_t merge_by_heap(std::string_view piece, MergeScratch& scratch) const;
  size_t merge_span(std::string_view piece, MergeScratch& scratch) const;
  bool merge_by_windows(std::string_view piece, MergeScratch& scratch, std::vector<uint32_t>& ids) const;

  VectorLevel level_;
  PairTable pairs_;
  std::vector<uint32_t> byte_pairs_;    // ranks of the pairs of single bytes, with kSure, or MergeJob::kNoRank
  std::vector<uint32_t> characters_;    // symbols of characters of three bytes, by code point, where sure pairs make them; else 0
  std::vector<uint32_t> unmerged_;
  uint32_t byte_symbols_[256] = {};
  std::vector<uint32_t> symbol_bytes_;  // length of each symbol
  std::vector<uint32_t> ids_;           // of symbols; empty when they are the ids
};

// Runs jobs in vector registers, a round each in turn: while the others have theirs, the pairs of the next round come from
// memory. Only for processors with AVX-512.
void run_jobs_avx512(const PairTable& pairs, MergeJob* jobs, size_t count);

}  // namespace ftok
