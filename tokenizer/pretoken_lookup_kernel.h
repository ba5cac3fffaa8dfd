// The steps of PretokenLookup, included by the files that compile them for one instruction set each, which define Vector:
//   make_key(p, size)     PretokenKey::of_short
//   find(line, key)       where the key is: a line's place of the entry (0 or 32), or kNotThere
//   copy(ids, out)        copies 8 ids, without the tag in the first
//   copy_entry(ids, out)  the same of the 4 ids of an entry
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
  batch.missing_count = batch.long_count = batch.taken = 0;
  batch.begin = begin;
  batch.origin = origin;
  batch.ends = ends;
  const unsigned char* from = begin;
  const auto add = [&](size_t k, const PretokenKey& key, const unsigned char* to) {
    const uint32_t line = cache.line_of(key.hash());
    __builtin_prefetch(cache.lines + line);
    batch.keys[k] = key;
    batch.lines[k] = line;
    from = to;
  };
  // Keys read 16 bytes: not beyond the end of the text.
  size_t readable = count;
  while (readable > 0 && text_end - origin < static_cast<ptrdiff_t>(ends[readable - 1]) + 16) --readable;
  for (size_t k = 0; k < count; ++k) {
    const unsigned char* const to = origin + ends[k];
    const auto size = static_cast<size_t>(to - from);
    if (size <= PretokenKey::kShortBytesMax && k < readable) [[likely]] {
      add(k, Vector::make_key(from, size), to);
    } else {
      const size_t kept = size <= PretokenCache::kBytesMax ? size : PretokenCache::kBytesMax;
      if (size > PretokenKey::kShortBytesMax) batch.long_ones[batch.long_count++] = static_cast<uint8_t>(k);
      add(k, PretokenKey::of({reinterpret_cast<const char*>(from), kept}), to);
    }
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

// Batches with more pretokens than this whose ids are in the arena go through find_batch, which waits for them together.
constexpr size_t kTakenFromArenaMax = 4;

template <typename Vector>
uint32_t* take_batch(const PretokenCache::View& cache, PretokenBatch& batch, uint32_t* out) {
  if (batch.long_count != 0) return out;
  size_t k = 0, from_arena = 0;
  for (; k < batch.count; ++k) {
    const unsigned char* const line = cache.lines + batch.lines[k];
    const uint32_t place = Vector::find(line, batch.keys[k]);
    if (place == kNotThere) [[unlikely]] break;
    const auto* const ids = reinterpret_cast<const uint32_t*>(line + place);
    const uint32_t n = ids[0] >> 24;
    Vector::copy_entry(ids, out);
    if (n == PretokenCache::kInArena) [[unlikely]] {
      if (++from_arena > kTakenFromArenaMax) break;
      const uint32_t* const record = cache.arena + ids[1];
      const uint32_t record_size = record[0] >> 24;
      Vector::copy(record, out);
      for (uint32_t i = PretokenCache::kReadableIds; i < record_size; ++i) out[i] = record[i];
      out += record_size;
      continue;
    }
    out += n;
  }
  batch.taken = k;
  return out;
}

template <typename Vector>
void find_batch(const PretokenCache::View& cache, PretokenBatch& batch) {
  size_t missing = 0;
  for (size_t k = batch.taken; k < batch.count; ++k) {
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
  for (size_t k = batch.taken; k < batch.count; ++k) {
    const uint32_t* const ids = batch.ids[k];
    const uint32_t n = ids[0] >> 24;
    Vector::copy(ids, out);
    for (uint32_t i = PretokenCache::kReadableIds; i < n; ++i) out[i] = ids[i];
    out += n;
  }
  return out;
}

}  // namespace
}  // namespace ftok
