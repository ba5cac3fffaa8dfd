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
  }
  batch.prepared = batch.count;
}

// Preparing the next batch in the same loop lets the processor wait for memory and work at once.
template <typename Vector>
uint32_t* take_batch(const PretokenCache::View& cache, const PretokenBatch& batch, PretokenBatch& next, size_t next_readable,
                     PretokenHoles& holes, uint32_t* out) {
  const size_t together = batch.count < next_readable ? batch.count : next_readable;
  size_t k = 0;
  const auto leave_hole = [&]() __attribute__((always_inline)) {
    const std::string_view piece = batch.piece(k);
    holes.holes[holes.count++] = {batch.keys[k], piece.data(), static_cast<uint32_t>(piece.size()), out, 0, 0};
  };
  const auto take_one = [&]() __attribute__((always_inline)) {
    const PretokenKey& key = batch.keys[k];
    const unsigned char* line = cache.lines + batch.lines[k];
    uint32_t place = Vector::find(line, key);
    if (place == kNotThere) [[unlikely]] {
      if (!cache.has_overflowed(batch.lines[k])) return leave_hole();
      line = cache.lines + cache.other_line(batch.lines[k], key.hash());
      place = Vector::find(line, key);
      if (place == kNotThere) return leave_hole();
    }
    const auto* const ids = reinterpret_cast<const uint32_t*>(line + place);
    uint32_t n = ids[0] >> 24;
    Vector::copy_entry(ids, out);
    if (n == PretokenCache::kInArena) [[unlikely]] {
      // How many ids there are says the entry, so that nothing waits for the record but what is copied.
      const uint32_t* const record = cache.arena + ids[1];
      n = ids[2];
      if (key.is_long() && !PretokenCache::is_record_of(record, batch.piece(k))) return leave_hole();
      Vector::copy(record, out);
      for (uint32_t i = PretokenCache::kReadableIds; i < n; ++i) out[i] = record[i];
    }
    out += n;
  };
  for (; k < together; ++k) {
    prepare_one<Vector>(cache, next, k);
    take_one();
  }
  next.prepared = k;
  for (; k < batch.count; ++k) take_one();
  return out;
}

}  // namespace
}  // namespace ftok
