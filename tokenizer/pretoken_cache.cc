#include "tokenizer/pretoken_cache.h"

#include <sys/mman.h>

#include <cassert>
#include <new>

#include "tokenizer/token_table.h"

namespace ftok {
namespace {

constexpr size_t kTableBytes = PretokenCache::kBuckets * 2 * sizeof(PretokenCache::Entry);
static_assert(sizeof(PretokenCache::Entry) == 32);

size_t words_of(size_t bytes) { return (bytes + 3) / 4; }

}  // namespace

const PretokenCache::Key PretokenCache::kMasks[kShortBytesMax + 2] = {
    {0, 0},
    {0xFF, 0},
    {0xFFFF, 0},
    {0xFFFFFF, 0},
    {0xFFFFFFFF, 0},
    {0xFFFFFFFFFF, 0},
    {0xFFFFFFFFFFFF, 0},
    {0xFFFFFFFFFFFFFF, 0},
    {UINT64_MAX, 0},
    {UINT64_MAX, 0xFF},
    {UINT64_MAX, 0xFFFF},
    {UINT64_MAX, 0xFFFFFF},
    {UINT64_MAX, 0xFFFFFFFF},
    {UINT64_MAX, 0xFFFFFFFFFF},
    {UINT64_MAX, 0xFFFFFFFFFFFF},
    {UINT64_MAX, 0xFFFFFFFFFFFFFF},
    {0, 0},
};

PretokenCache::PretokenCache() : arena_(new uint32_t[kArenaWords]) {
  void* memory = ::mmap(nullptr, kTableBytes + (size_t{2} << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Two spare megabytes, so that the table can begin where a huge page does.
  const auto address = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t aligned = (address + (uintptr_t{2} << 20) - 1) & ~((uintptr_t{2} << 20) - 1);
  if (aligned != address) ::munmap(memory, aligned - address);
  const uintptr_t tail = address + (uintptr_t{2} << 20) - aligned;
  if (tail != 0) ::munmap(reinterpret_cast<void*>(aligned + kTableBytes), tail);
  table_ = reinterpret_cast<Entry*>(aligned);
  ::madvise(table_, kTableBytes, MADV_HUGEPAGE);
}

PretokenCache::~PretokenCache() { ::munmap(table_, kTableBytes); }

PretokenCache::Key PretokenCache::long_key(std::string_view bytes) {
  const uint64_t hash = hash_bytes(bytes);
  return {hash, (hash * 0x9E3779B97F4A7C15ull) >> 8 | uint64_t{0xFF} << 56};
}

std::span<const uint32_t> PretokenCache::arena_ids(const Entry& entry, std::string_view bytes) const {
  // Written in this round, or in the one before and not yet written over. (A record of the last round that begins before
  // arena_next_ is gone; one that begins at or after it is whole.)
  const bool is_whole = entry.ids[3] == round_ ? entry.ids[1] < arena_next_
                                               : entry.ids[3] + 1 == round_ && entry.ids[1] >= arena_next_;
  if (!is_whole) return {};
  const uint32_t* record = arena_.get() + entry.ids[1];
  if (bytes.size() > kShortBytesMax) {
    if (record[0] != bytes.size() || std::memcmp(record + 1, bytes.data(), bytes.size()) != 0) return {};
    record += 1 + words_of(bytes.size());
  }
  return {record, entry.ids[2]};
}

void PretokenCache::insert(Key key, std::string_view bytes, std::span<const uint32_t> ids) {
  assert(!ids.empty());
  if (bytes.size() > kLongBytesMax) return;
  Entry made{key, {0, 0, 0, 0}};
  if (bytes.size() <= kShortBytesMax && ids.size() <= 4) {
    for (size_t i = 0; i < ids.size(); ++i) made.ids[i] = ids[i];
    made.ids[0] |= static_cast<uint32_t>(ids.size()) << 24;
  } else {
    const size_t text_words = bytes.size() > kShortBytesMax ? 1 + words_of(bytes.size()) : 0;
    if (arena_next_ + text_words + ids.size() > kArenaWords) {
      arena_next_ = 0;
      ++round_;
    }
    made.ids[0] = kInArena << 24;
    made.ids[1] = static_cast<uint32_t>(arena_next_);
    made.ids[2] = static_cast<uint32_t>(ids.size());
    made.ids[3] = round_;
    uint32_t* record = arena_.get() + arena_next_;
    if (text_words != 0) {
      record[0] = static_cast<uint32_t>(bytes.size());
      std::memcpy(record + 1, bytes.data(), bytes.size());
    }
    std::memcpy(record + text_words, ids.data(), ids.size() * sizeof(uint32_t));
    arena_next_ += text_words + ids.size();
  }
  place(made);
}

void PretokenCache::place(const Entry& made) {
  const size_t home = bucket_of(made.key);
  Entry* const bucket = table_ + 2 * home;
  Entry* const neighbour = table_ + 2 * (home ^ 1);
  for (Entry* entry : {bucket, bucket + 1, neighbour, neighbour + 1}) {
    const bool is_same = entry->key.low == made.key.low && entry->key.high == made.key.high;
    if (is_same || entry->key.high == 0) {
      *entry = made;
      return;
    }
  }
  // The newest comes first in its bucket, the older of the two goes to the neighbour, whose older one goes.
  neighbour[1] = neighbour[0];
  neighbour[0] = bucket[1];
  bucket[1] = bucket[0];
  bucket[0] = made;
}

}  // namespace ftok
