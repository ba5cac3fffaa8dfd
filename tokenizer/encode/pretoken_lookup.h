// Pretokens to ids, a batch at a time, out of a PretokenCache: first the keys, with which the lines of the cache are on
// their way from memory; then the ids, written one after another. A pretoken that is not in the cache leaves a hole:
// nothing is written, and where its ids belong is noted, for the caller to make room later. Neither loop has a branch
// on the text that is not nearly always taken one way.
//
// The same steps for AVX2 and for plain C++ (pretoken_lookup_kernel.h holds them); both give the same ids. Wider
// vectors would have nothing to do: a line's two keys are 32 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer/encode/pretoken_cache.h"
#include "tokenizer/pretokens/pretoken_cuts.h"

namespace ftok {

struct PretokenBatch {
  static constexpr size_t kSize = 64;

  struct alignas(32) Wanted {
    PretokenKey key;
    const unsigned char* line;  // of the cache, where the key may be
  };
  Wanted wanted[kSize];
  size_t count = 0;
  size_t prepared = 0;                   // pretokens that have a key
  const unsigned char* begin = nullptr;  // of the first pretoken
  const uint32_t* ends = nullptr;        // of the pretokens, from `origin`
  const unsigned char* origin = nullptr;

  [[gnu::always_inline]] const unsigned char* begin_of(size_t k) const { return k == 0 ? begin : origin + ends[k - 1]; }
  // Begins a batch of the `count` pretokens from `begin` on that end at origin + ends[0], origin + ends[1], ...
  void start(const unsigned char* text_origin, const unsigned char* first, const uint32_t* pretoken_ends,
             size_t pretokens) {
    origin = text_origin;
    begin = first;
    ends = pretoken_ends;
    count = pretokens;
    prepared = 0;
  }

  [[gnu::always_inline]] std::string_view piece(size_t k) const {
    const unsigned char* const from = begin_of(k);
    return {reinterpret_cast<const char*>(from), static_cast<size_t>(origin + ends[k] - from)};
  }
};

// A pretoken whose ids are missing in the output.
struct PretokenHole {
  PretokenKey key;
  const char* begin;
  uint32_t size;
  uint32_t* at;  // its ids belong before what was written here
  // Of its ids, once they are made.
  uint32_t place, count;

  std::string_view piece() const { return {begin, size}; }
};

// What takes holes of a batch at a time, while it has less than kFull.
struct PretokenHoles {
  static constexpr size_t kFull = 64, kMax = kFull + PretokenBatch::kSize;

  PretokenHole holes[kMax];
  size_t count = 0;
};

struct PretokenLookup {
  // Makes the keys of the pretokens of the batch that have none. Of the first `readable` pretokens 16 bytes can be
  // read. Pretokens of more than PretokenCache::kBytesMax bytes get a key of their first bytes, and are never found.
  void (*prepare)(const PretokenCache::View& cache, PretokenBatch& batch, size_t readable);
  // Writes the ids of the batch to `out`, up to kReadableIds too many; returns the end. On the way makes keys of the
  // next batch.
  uint32_t* (*take)(const PretokenCache::View& cache, const PretokenBatch& batch, PretokenBatch& next,
                    size_t next_readable, PretokenHoles& holes, uint32_t* out);

  static const PretokenLookup& of(VectorLevel level);
};

extern const PretokenLookup kPretokenLookupAvx2;

}  // namespace ftok
