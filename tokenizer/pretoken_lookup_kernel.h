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

// Makes pretoken k's key, whose 16 bytes can be read, and asks for its line.
template <typename Vector>
[[gnu::always_inline]] inline void prepare_one(const PretokenCache::View& cache, PretokenBatch& batch, size_t k) {
  const unsigned char* const from = batch.begin_of(k);
  const auto size = static_cast<size_t>(batch.origin + batch.ends[k] - from);
  PretokenKey key;
  if (size <= PretokenKey::kShortBytesMax) [[likely]] {
    key = Vector::make_key(from, size);
  } else {
    const size_t kept = size <= PretokenCache::kBytesMax ? size : PretokenCache::kBytesMax;
    key = PretokenKey::of_long({reinterpret_cast<const char*>(from), kept});
    batch.long_ones[batch.long_count++] = static_cast<uint8_t>(k);
  }
  const uint32_t line = cache.line_of(key.hash());
  __builtin_prefetch(cache.lines + line);
  batch.keys[k] = key;
  batch.lines[k] = line;
}

// The rest of the batch, of which `readable` pretokens have 16 bytes that can be read.
template <typename Vector>
void prepare_batch(const PretokenCache::View& cache, PretokenBatch& batch, size_t readable) {
  size_t k = batch.prepared;
  for (; k < readable; ++k) prepare_one<Vector>(cache, batch, k);
  for (; k < batch.count; ++k) {
    const std::string_view piece = batch.piece(k);
    batch.keys[k] = PretokenKey::of(piece.substr(0, PretokenCache::kBytesMax));
    batch.lines[k] = cache.line_of(batch.keys[k].hash());
    if (piece.size() > PretokenKey::kShortBytesMax) batch.long_ones[batch.long_count++] = static_cast<uint8_t>(k);
  }
  batch.prepared = batch.count;
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

// Preparing the next batch in the same loop lets the processor wait for memory and work at once.
template <typename Vector>
uint32_t* take_batch(const PretokenCache::View& cache, PretokenBatch& batch, PretokenBatch& next, size_t next_readable,
                     uint32_t* out) {
  const size_t together = batch.count < next_readable ? batch.count : next_readable;
  size_t k = 0, from_arena = 0;
  const auto take_one = [&]() __attribute__((always_inline)) {
    const unsigned char* line = cache.lines + batch.lines[k];
    uint32_t place = Vector::find(line, batch.keys[k]);
    if (place == kNotThere) [[unlikely]] {
      line = cache.lines + cache.other_line(batch.lines[k], batch.keys[k].hash());
      place = Vector::find(line, batch.keys[k]);
      if (place == kNotThere) return false;
    }
    const auto* const ids = reinterpret_cast<const uint32_t*>(line + place);
    const uint32_t n = ids[0] >> 24;
    Vector::copy_entry(ids, out);
    if (n == PretokenCache::kInArena) [[unlikely]] {
      const uint32_t* const record = cache.arena + ids[1];
      const uint32_t record_size = record[0] >> 24;
      if (++from_arena > kTakenFromArenaMax) return false;
      if (batch.keys[k].is_long() && !PretokenCache::is_record_of(record, batch.piece(k))) return false;
      Vector::copy(record, out);
      for (uint32_t i = PretokenCache::kReadableIds; i < record_size; ++i) out[i] = record[i];
      out += record_size;
    } else {
      out += n;
    }
    ++k;
    return true;
  };
  while (k < together) {
    prepare_one<Vector>(cache, next, k);
    if (!take_one()) {
      next.prepared = k + 1;
      batch.taken = k;
      return out;
    }
  }
  next.prepared = k;
  while (k < batch.count && take_one()) {
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
      if (k < batch.taken) continue;
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
