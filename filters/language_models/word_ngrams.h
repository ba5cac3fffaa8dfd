// The rows that a fastText model has for the character n-grams of a word: what most of the time of LanguageModel goes
// into. The word stands in brackets, "<word>"; its n-grams are all runs of ngram_min..ngram_max characters but for a
// lone "<" or ">"; an n-gram's bucket is the 32-bit FNV-1a hash of its bytes, taken as signed, modulo the number of
// buckets ("Enriching Word Vectors with Subword Information", Bojanowski et al. 2016; fastText 0.9.2,
// Dictionary::computeSubwords).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/vector_level.h"

namespace ftok {

constexpr uint32_t kFnvBasis = 2166136261U;
constexpr uint32_t kFnvPrime = 16777619U;

// fastText hashes int8_t(c) widened to 32 bits.
inline uint32_t fnv_step(uint32_t hash, char c) {
  return (hash ^ static_cast<uint32_t>(static_cast<int8_t>(c))) * kFnvPrime;
}

// Where the rows of n-grams lie in the input matrix.
struct NgramRows {
  struct Block {             // 64 buckets of a pruned model
    uint64_t present = 0;    // one bit per bucket: whether it has a row
    uint32_t first_row = 0;  // of the block's first bucket present; rows lie in the order of their buckets
  };

  uint32_t least = 0, most = 0;  // characters of an n-gram; most = 0: the model has none
  uint32_t buckets = 0;
  uint64_t bucket_magic = 0;  // division by `buckets` as a multiplication
  uint32_t first_row = 0;     // of bucket 0, where every bucket has a row
  std::vector<Block> blocks;  // of a pruned model, else empty

  // Few n-grams of a text have a row. A bit for each 2^few_shift buckets says whether any of them has one: a map that
  // stays in the nearest caches, where the blocks do not.
  std::vector<uint8_t> few = {0xFF};  // where all buckets have a row
  uint32_t few_shift = 31;

  // To be called when `buckets` is known, before anything is asked for.
  void set_buckets(uint32_t number);

  // And when `blocks` are.
  void index_blocks();

  // hash mod buckets, exactly (Lemire, Kaser, Kurz 2019: "Faster remainder by direct computation").
  uint32_t bucket_of(uint32_t hash) const {
    __extension__ using Wide = unsigned __int128;
    const uint64_t fraction = bucket_magic * hash;
    return static_cast<uint32_t>((static_cast<Wide>(fraction) * buckets) >> 64);
  }

  // False where the bucket has no row, nearly always.
  bool may_have_row(uint32_t bucket) const {
    const uint32_t at = bucket >> few_shift;
    return (few[at / 8] >> (at % 8) & 1) != 0;
  }

  bool has_row(uint32_t bucket) const {
    return blocks.empty() || (blocks[bucket / 64].present >> (bucket % 64) & 1) != 0;
  }

  uint32_t row_of_present(uint32_t bucket) const;

  // Appends the buckets, of the n-grams that start in the bytes [begin, stop) of `bracketed`, that have a row, and a
  // few that have none: by their start, then by their length. Asks memory for what rows_of() reads of them. The same at
  // every level but for those few; `level` must be the processor's or below it.
  void find(std::string_view bracketed, size_t begin, size_t stop, std::vector<uint32_t>& found,
            VectorLevel level) const;

  // Writes the rows of those of the buckets [first, last) that have one from `first` on, in order; returns their end.
  uint32_t* rows_of(uint32_t* first, const uint32_t* last, VectorLevel level) const;
};

// Most n-grams with one start that the kernel takes.
constexpr uint32_t kNgramLengthsMax = 4;

// NgramRows::find by AVX-512, sixteen starts at once, for `most` up to kNgramLengthsMax. Writes at most `most` numbers
// a start from `buckets` on, moves it behind them, and returns where it stopped: at or beyond `stop`, or before
// characters that are too long for it (bytes that are no UTF-8).
size_t find_ngrams_avx512(const NgramRows& model, std::string_view bracketed, size_t begin, size_t stop,
                          uint32_t*& buckets);

// NgramRows::rows_of with the processor's instruction for counting bits.
uint32_t* rows_of_avx512(const NgramRows& model, uint32_t* first, const uint32_t* last);

}  // namespace ftok
