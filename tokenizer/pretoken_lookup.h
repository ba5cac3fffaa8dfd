// Pretokens to ids, a batch at a time, out of a PretokenCache: first the keys, with which the lines of the cache are on their
// way from memory; then the ids of all pretokens up to the first that is missing, or whose ids are not in its entry too often;
// and for the rest of such a batch in three steps, where they are, making what is missing, copying. What lies in the arena of
// the cache is then on its way from memory too. None of the loops has a branch on the text that is not nearly always taken
// one way.
//
// The same steps for AVX-512, AVX2 and plain C++ (pretoken_lookup_kernel.h holds them); all give the same ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer/pretoken_cache.h"
#include "tokenizer/pretoken_cuts.h"

namespace ftok {

struct PretokenBatch {
  static constexpr size_t kSize = 64;

  alignas(64) PretokenKey keys[kSize];
  uint32_t lines[kSize];        // places of the keys' lines
  const uint32_t* ids[kSize];   // where the ids begin, tagged as PretokenCache::Entry says
  uint8_t missing[kSize];       // pretokens that find() did not find
  uint8_t long_ones[kSize];     // pretokens of more than PretokenKey::kShortBytesMax bytes
  size_t count = 0, missing_count = 0, long_count = 0;
  size_t taken = 0;  // by take(); find(), copy() and count() are about the others
  const unsigned char* begin = nullptr;  // of the first pretoken
  const uint32_t* ends = nullptr;        // of the pretokens, from `origin`
  const unsigned char* origin = nullptr;

  [[gnu::always_inline]] const unsigned char* begin_of(size_t k) const { return k == 0 ? begin : origin + ends[k - 1]; }
  [[gnu::always_inline]] std::string_view piece(size_t k) const {
    const unsigned char* const from = begin_of(k);
    return {reinterpret_cast<const char*>(from), static_cast<size_t>(origin + ends[k] - from)};
  }
};

struct PretokenLookup {
  // Makes the keys of the `count` pretokens that begin at `begin` and end at origin + ends[0], origin + ends[1], ...;
  // `text_end` is where reading must stop. Pretokens of more than PretokenCache::kBytesMax bytes get a key of their first
  // bytes, which find() makes missing.
  void (*prepare)(const PretokenCache::View& cache, const unsigned char* origin, const unsigned char* begin,
                  const unsigned char* text_end, const uint32_t* ends, size_t count, PretokenBatch& batch);
  // Writes the ids of pretokens to `out`, up to kReadableIds too many, as far as all are in the cache; sets `taken`.
  uint32_t* (*take)(const PretokenCache::View& cache, PretokenBatch& batch, uint32_t* out);
  // Sets `ids` of what is in the cache, and lists what is missing.
  void (*find)(const PretokenCache::View& cache, PretokenBatch& batch);
  // Writes the ids to `out`, up to kReadableIds too many; returns the end.
  uint32_t* (*copy)(const PretokenBatch& batch, uint32_t* out);

  static const PretokenLookup& of(VectorLevel level);
};

extern const PretokenLookup kPretokenLookupAvx2, kPretokenLookupAvx512;

}  // namespace ftok
