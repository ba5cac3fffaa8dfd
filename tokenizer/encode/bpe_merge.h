// Byte-pair merging: from the bytes of one pretoken to symbols. The rule: again and again the adjacent pair of lowest
// rank, the leftmost among equals, becomes one symbol, until no adjacent pair has a rank.
//
// Symbols number the merges by rank, so a symbol is its own rank. For a vocabulary with implied merges a symbol is its
// id. Two facts make the tables small and long pretokens fast (docs/tokenizer.md has the proofs). What merging does
// inside a span that no merge has crossed does not depend on what is around it. So
//  - a token is made by exactly one pair of symbols, and the pair table has one entry a token;
//  - a sequence of symbols is the answer if and only if each adjacent two of them are the answer for their own bytes,
//    so a
//    long pretoken can be merged window by window.
// And a pair (A, B) can be merged at once, whatever else is there, when every merge that could take A or B away from it
// has a higher rank: such pairs are marked in the tables (`sure`). Most bytes of characters outside ASCII join this
// way.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/encode/pair_table.h"
#include "tokenizer/pretokens/pretoken_cuts.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

// A short piece on its way from symbols to fewer symbols, or to ids: lanes of vector registers. The lanes after the
// symbols hold PairTable::kEdge, those after the ranks kNoRank, in as many registers as lanes_for() says.
struct MergeJob {
  static constexpr size_t kLanes = 64, kSymbolsMax = 60;  // the last lanes are edges
  static constexpr uint32_t kNoRank = 0x7FFFFFFF;

  // Lanes that a job of so many symbols needs: those of one, two or four registers.
  static constexpr size_t lanes_for(size_t symbols) { return symbols <= 15 ? 16 : symbols <= 31 ? 32 : kLanes; }

  alignas(64) uint32_t symbols[kLanes];
  alignas(64) uint32_t ranks[kLanes];  // of the pair of a symbol and the next, with PairTable::kUnsure, or kNoRank
  uint64_t unknown;                    // lanes whose rank is to be looked up
  uint32_t count;                      // symbols
};

// What the merges that a vocabulary lists come to.
struct ExplicitPairs {
  std::vector<bool> superseded;  // by merge: a later one is of the same two tokens, which alone counts (as in Hugging
                                 // Face tokenizers)
  uint64_t count = 0;            // of pairs of symbols that merge: a token that n merges make is n symbols
};
ExplicitPairs explicit_pairs(const Vocabulary& vocabulary);

// Buffers of one thread, reused from call to call.
struct MergeScratch {
  std::vector<uint32_t> symbols, ranks, next, previous;
  std::vector<uint64_t> heap;
  // Of a long piece: the symbols of what is done, and the last windows, the next of which is replaced.
  struct Window {
    std::string_view text;
    std::vector<uint32_t> symbols;
  };
  std::vector<uint32_t> done;
  std::array<Window, 4> windows;
  size_t next_window = 0;
  size_t windows_made = 0;  // that were not among the last ones, in all pieces; for tests
  size_t done_bytes = 0, merged_bytes = 0;
  std::vector<MergeJob> chunks, seams;

  // Gives back what is larger than `words_max` words.
  void shrink(size_t words_max);
};

// Const after construction, so thread-safe.
class Merger {
 public:
  explicit Merger(const Vocabulary& vocabulary);

  // Appends the ids of `piece`, which is not empty. Time is linear in practice and O(n log n) at worst; memory is
  // linear.
  void merge(std::string_view piece, MergeScratch& scratch, std::vector<uint32_t>& ids) const;

  // One step of merging, for showing how a word is made: at `position` (in symbols) two symbols became one.
  struct Step {
    uint32_t position, left, right, merged;  // ids
  };
  std::vector<Step> steps(std::string_view piece) const;

  // Many short pieces at once, so that they wait for memory together: start_job for each, true where the piece is short
  // enough (and the processor can), then run_jobs, which leaves the ids in the jobs.
  bool start_job(std::string_view piece, MergeJob& job) const;
  void run_jobs(MergeJob* jobs, size_t count) const;

  uint32_t id_of(uint32_t symbol) const { return ids_.empty() ? symbol : ids_[symbol]; }

 private:
  void build_implied(const Vocabulary& vocabulary);
  void add_token(uint32_t id, const uint32_t* symbols, size_t count);
  void build_explicit(const Vocabulary& vocabulary);
  void mark_sure_pairs();

  bool has_vectors() const { return level_ == VectorLevel::kAvx512 && !pairs_.has_left_over(); }
  void fill_byte_pairs();
  void join_characters();
  struct Joined {
    uint32_t symbol, rank, size;
  };
  [[gnu::always_inline]] Joined join_at(const unsigned char* bytes, size_t size) const;
  size_t merge_by_scan(std::string_view piece, MergeScratch& scratch) const;
  size_t merge_by_heap(std::string_view piece, MergeScratch& scratch) const;
  size_t merge_span(std::string_view piece, MergeScratch& scratch) const;

  // Long pieces: bpe_merge_long.cc.
  struct Chunk;
  size_t fill_job(std::string_view piece, size_t symbols_max, MergeJob& job) const;
  bool merge_long(std::string_view piece, MergeScratch& scratch) const;
  bool extend_by_windows(std::string_view piece, size_t end, MergeScratch& scratch) const;
  const std::vector<uint32_t>& merge_window(std::string_view text, MergeScratch& scratch) const;
  size_t merge_chunks(std::string_view piece, size_t begin, MergeScratch& scratch, Chunk* chunks) const;
  void merge_seams(std::string_view piece, MergeScratch& scratch, Chunk* chunks, size_t count) const;
  bool append_chunk(const Chunk& chunk, MergeScratch& scratch) const;

  VectorLevel level_;
  PairTable pairs_;
  std::vector<uint32_t> byte_pairs_;  // ranks of the pairs of single bytes, with kUnsure, or MergeJob::kNoRank
  std::vector<uint32_t>
      characters_;  // symbols of characters of three bytes, by code point, where sure pairs make them; else 0
  uint32_t byte_symbols_[256] = {};
  std::vector<uint32_t> symbol_bytes_;  // length of each symbol
  std::vector<uint32_t> ids_;           // of symbols; empty when they are the ids
};

// Runs jobs in vector registers, many together. Only for processors with AVX-512, and a table with nothing left over.
void run_jobs_avx512(const PairTable& pairs, MergeJob* jobs, size_t count);

}  // namespace ftok
