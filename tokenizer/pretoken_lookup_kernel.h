// The steps of PretokenLookup, included by the files that compile them for one instruction set each, which define Vector:
//   make_key(p, size)     PretokenKey::of_short
//   find(line, key)       where the key is: a line's place of the entry (0 or 32), or kNotThere
//   copy(ids, out)        copies 8 ids, without the tag in the first
// Everything here has internal linkage, so that no code made for one instruction set is linked into another.
#pragma once

#include "tokenizer/pretoken_lookup.h"

namespace ftok {
namespace {

constexpr uint32_t kNotThere = UINT32_MAX;

template <typename Vector>
void prepare_batch(const PretokenCache::View& cache, const unsigned char* origin, const unsigned char* begin,
                   const unsigned char* text_end, const uint32_t* ends, size_t count, PretokenBatch& batch) {
  batch.count = count;
  batch.missing_count = batch.long_count = 0;
  batch.begin = begin;
  batch.origin = origin;
  batch.ends = ends;
  const unsigned char* from = begin;
  // Keys read 16 bytes: not beyond the end of the text.
  const unsigned char* const readable = text_end - origin >= 16 ? text_end - 16 : origin - 1;
  for (size_t k = 0; k < count; ++k) {
    const unsigned char* const to = origin + ends[k];
    const auto size = static_cast<size_t>(to - from);
    PretokenKey key;
    if (size <= PretokenKey::kShortBytesMax && from <= readable) [[likely]] {
      key = Vector::make_key(from, size);
    } else {
      const size_t kept = size <= PretokenCache::kBytesMax ? size : PretokenCache::kBytesMax;
      key = PretokenKey::of({reinterpret_cast<const char*>(from), kept});
      if (size > PretokenKey::kShortBytesMax) batch.long_ones[batch.long_count++] = static_cast<uint8_t>(k);
    }
    const uint32_t line = cache.line_of(key.hash());
    __builtin_prefetch(cache.lines + line);
    batch.keys[k] = key;
    batch.lines[k] = line;
    from = to;
  }
}

// The ids of an entry, from the arena if need be. They are on their way from memory.
inline const uint32_t* ids_at(const PretokenCache::View& cache, const unsigned char* entry) {
  const auto* ids = reinterpret_cast<const uint32_t*>(entry);
  const uint32_t* const record = cache.arena + ids[1];
  ids = ids[0] >> 24 == PretokenCache::kInArena ? record : ids;
  __builtin_prefetch(ids);
  return ids;
}

template <typename Vector>
void find_batch(const PretokenCache::View& cache, PretokenBatch& batch) {
  size_t missing = 0;
  for (size_t k = 0; k < batch.count; ++k) {
    const unsigned char* const line = cache.lines + batch.lines[k];
    const uint32_t place = Vector::find(line, batch.keys[k]);
    if (place == kNotThere) [[unlikely]] {
      batch.missing[missing++] = static_cast<uint8_t>(k);
    } else {
      batch.ids[k] = ids_at(cache, line + place);
    }
  }
  if (missing != 0) {  // perhaps they are in their other lines
    for (size_t i = 0; i < missing; ++i) {
      const uint8_t k = batch.missing[i];
      batch.lines[k] = cache.other_line(batch.lines[k], batch.keys[k].hash());
      __builtin_prefetch(cache.lines + batch.lines[k]);
    }
    size_t left = 0;
    for (size_t i = 0; i < missing; ++i) {
      const uint8_t k = batch.missing[i];
      const unsigned char* const line = cache.lines + batch.lines[k];
      const uint32_t place = Vector::find(line, batch.keys[k]);
      if (place == kNotThere) {
        batch.missing[left++] = k;
      } else {
        batch.ids[k] = ids_at(cache, line + place);
      }
    }
    missing = left;
  }
  if (batch.long_count != 0) {  // the key of a long one is but a hash
    size_t next = 0, all = 0;
    uint8_t found[PretokenBatch::kSize];
    for (size_t i = 0; i < batch.long_count; ++i) {
      const uint8_t k = batch.long_ones[i];
      while (next < missing && batch.missing[next] < k) found[all++] = batch.missing[next++];
      const bool is_listed = next < missing && batch.missing[next] == k;
      if (!is_listed && !PretokenCache::is_record_of(batch.ids[k], batch.piece(k))) found[all++] = k;
    }
    while (next < missing) found[all++] = batch.missing[next++];
    for (size_t i = 0; i < all; ++i) batch.missing[i] = found[i];
    missing = all;
  }
  batch.missing_count = missing;
}

template <typename Vector>
uint32_t* copy_batch(const PretokenBatch& batch, uint32_t* out) {
  for (size_t k = 0; k < batch.count; ++k) {
    const uint32_t* const ids = batch.ids[k];
    const uint32_t n = ids[0] >> 24;
    Vector::copy(ids, out);
    for (uint32_t i = PretokenCache::kReadableIds; i < n; ++i) out[i] = ids[i];
    out += n;
  }
  return out;
}

inline size_t count_batch(const PretokenBatch& batch) {
  size_t count = 0;
  for (size_t k = 0; k < batch.count; ++k) count += batch.ids[k][0] >> 24;
  return count;
}

}  // namespace
}  // namespace ftok
