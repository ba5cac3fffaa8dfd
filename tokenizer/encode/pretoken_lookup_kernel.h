// The steps of PretokenLookup, included by the files that compile them for one instruction set each, which define
// Vector:
//   make_key(p, size)     PretokenKey::of_short
//   find(line, key)       first_ids() of that of the line's entries that has the key, or kNotThere
//   copy(ids, out)        copies 8 ids, without the tag in the first
//   copy_entry(ids, out)  the same of the 4 ids of an entry
// Everything here has internal linkage, so that no code made for one instruction set is linked into another.
#pragma once

#include <bit>

#include "tokenizer/encode/pretoken_lookup.h"

namespace ftok {
namespace {

constexpr uint32_t kNotThere = 0;
constexpr uint32_t kTagByte = 3;  // of the four bytes of a first id
static_assert(std::endian::native == std::endian::little);

// Where in a line the ids of an entry are.
constexpr uint32_t first_ids(size_t way) {
  return static_cast<uint32_t>(offsetof(PretokenCache::Line, ids) + way * sizeof(PretokenCache::Ids));
}

// Makes the key of the pretoken from `from`, where 16 bytes can be read, to `to`, and asks for its line.
template <typename Vector>
[[gnu::always_inline]] inline void prepare_one(const PretokenCache::View& cache, PretokenBatch::Wanted& wanted,
                                               const unsigned char* from, const unsigned char* to) {
  const auto size = static_cast<size_t>(to - from);
  PretokenKey key;
  if (size <= PretokenKey::kShortBytesMax) [[likely]] {
    key = Vector::make_key(from, size);
  } else {
    const size_t kept = size <= PretokenCache::kBytesMax ? size : PretokenCache::kBytesMax;
    key = PretokenKey::of_long({reinterpret_cast<const char*>(from), kept});
  }
  const unsigned char* const line = cache.lines + cache.line_of(key.hash());
  __builtin_prefetch(line);
  wanted.key = key;
  wanted.line = line;
}

// The rest of the batch, of which `readable` pretokens have 16 bytes that can be read.
template <typename Vector>
void prepare_batch(const PretokenCache::View& view, PretokenBatch& batch, size_t readable) {
  const PretokenCache::View cache = view;  // a copy, which what is stored here cannot change
  size_t k = batch.prepared;
  for (; k < readable; ++k)
    prepare_one<Vector>(cache, batch.wanted[k], batch.begin_of(k), batch.origin + batch.ends[k]);
  for (; k < batch.count; ++k) {
    const PretokenKey key = PretokenKey::of(batch.piece(k).substr(0, PretokenCache::kBytesMax));
    batch.wanted[k] = {key, cache.lines + cache.line_of(key.hash())};
  }
  batch.prepared = batch.count;
}

// Preparing the next batch in the same loop lets the processor wait for memory and work at once.
template <typename Vector>
uint32_t* take_batch(const PretokenCache::View& view, const PretokenBatch& batch, PretokenBatch& next,
                     size_t next_readable, PretokenHoles& holes, uint32_t* out) {
  const PretokenCache::View cache = view;
  const size_t count = batch.count, together = count < next_readable ? count : next_readable;
  const PretokenBatch::Wanted* wanted = batch.wanted;
  const auto leave_hole = [&]() __attribute__((always_inline)) {
    const std::string_view piece = batch.piece(static_cast<size_t>(wanted - batch.wanted));
    holes.holes[holes.count++] = {wanted->key, piece.data(), static_cast<uint32_t>(piece.size()), out, 0, 0};
  };
  const auto take_one = [&]() __attribute__((always_inline)) {
    const unsigned char* line = wanted->line;
    uint32_t place = Vector::find(line, wanted->key);
    if (place == kNotThere) [[unlikely]] {
      const auto first_line = static_cast<uint32_t>(line - cache.lines);
      if (!cache.has_overflowed(first_line)) return leave_hole();
      line = cache.lines + cache.other_line(first_line, wanted->key.hash());
      place = Vector::find(line, wanted->key);
      if (place == kNotThere) return leave_hole();
    }
    const auto* const ids = reinterpret_cast<const uint32_t*>(line + place);
    uint32_t n = reinterpret_cast<const unsigned char*>(ids)[kTagByte];
    Vector::copy_entry(ids, out);
    if (n == PretokenCache::kInArena) [[unlikely]] {
      // How many ids there are says the entry, so that nothing waits for the record but what is copied.
      const uint32_t* const record = cache.arena + ids[1];
      n = ids[2];
      if (wanted->key.is_long() &&
          !PretokenCache::is_record_of(record, batch.piece(static_cast<size_t>(wanted - batch.wanted)))) {
        return leave_hole();
      }
      Vector::copy(record, out);
      for (uint32_t i = PretokenCache::kReadableIds; i < n; ++i) out[i] = record[i];
    }
    out += n;
  };
  const unsigned char *from = next.begin, *const origin = next.origin;
  const uint32_t* const ends = next.ends;
  PretokenBatch::Wanted* const next_wanted = next.wanted;
  for (size_t k = 0; k < together; ++k, ++wanted) {
    const unsigned char* const to = origin + ends[k];
    prepare_one<Vector>(cache, next_wanted[k], from, to);
    from = to;
    take_one();
  }
  next.prepared = together;
  for (const auto* const end = batch.wanted + count; wanted < end; ++wanted) take_one();
  return out;
}

}  // namespace
}  // namespace ftok
