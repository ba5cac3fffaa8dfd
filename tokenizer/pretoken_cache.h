// PretokenCache: from a pretoken to its ids, for one thread. Bounded: a table of fixed size and an arena of fixed size; what
// does not fit replaces what is there. Whether a pretoken is in it changes nothing but time.
//
// The table has buckets of two entries in a cache line; what finds its bucket full goes into the neighbouring one. The key of a pretoken of up to 15 bytes is its bytes, padded with
// zeros, and its length; of a longer one a hash, and the bytes are compared in the arena. Up to 4 ids lie in the entry,
// more in the arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace ftok {

class PretokenCache {
 public:
  static constexpr size_t kShortBytesMax = 15;
  static constexpr int kBucketBits = 18;
  static constexpr size_t kBuckets = size_t{1} << kBucketBits;  // of 64 bytes: 16 MiB
  static constexpr size_t kArenaWords = size_t{1} << 22;  // of 4 bytes: 16 MiB, touched as it fills
  static constexpr size_t kLongBytesMax = 1024;        // longer pretokens are not kept

  struct Key {
    uint64_t low, high;
  };
  struct alignas(32) Entry {
    Key key;
    // Inline: ids[0] has the number of ids (1..4) in its top byte. In the arena: top byte kInArena, ids[1] the place,
    // ids[2] the number of ids, ids[3] the round in which the arena was written there.
    uint32_t ids[4];
  };
  static constexpr uint32_t kIdMask = 0xFFFFFF;
  static constexpr uint32_t kInArena = 0xFF;

  PretokenCache();
  ~PretokenCache();
  PretokenCache(const PretokenCache&) = delete;
  PretokenCache& operator=(const PretokenCache&) = delete;

  // The key of a pretoken of 1 to kShortBytesMax bytes at `p`, where 16 bytes can be read. Without a branch: the sizes of
  // pretokens cannot be foretold.
  static Key short_key(const unsigned char* p, size_t size) {
    Key key;
    std::memcpy(&key, p, 16);
    const Key& mask = kMasks[size];
    return {key.low & mask.low, (key.high & mask.high) | uint64_t{size} << 56};
  }
  static Key long_key(std::string_view bytes);

  // Where the entry of `key` can be: a bucket of two.
  const Entry* bucket(Key key) const { return table_ + 2 * bucket_of(key); }

  // The entry of `key` in its bucket, or null. Without a branch up to the result, for the same reason.
  static const Entry* find_in(const Entry* bucket, Key key) {
    const uint64_t first = (bucket[0].key.low ^ key.low) | (bucket[0].key.high ^ key.high);
    const uint64_t second = (bucket[1].key.low ^ key.low) | (bucket[1].key.high ^ key.high);
    const auto set = [](uint64_t difference) { return (difference | (0 - difference)) >> 63; };
    const Entry* entry = bucket + set(first);
    return (set(first) & set(second)) != 0 ? nullptr : entry;
  }
  // The entry of `key`, or null, in the bucket and then in its neighbour.
  const Entry* find(Key key) const {
    const size_t home = bucket_of(key);
    const Entry* entry = find_in(table_ + 2 * home, key);
    return entry != nullptr ? entry : find_in(table_ + 2 * (home ^ 1), key);
  }

  // The ids of an entry whose ids are in the arena; `bytes` is the pretoken. Empty when the entry no longer holds.
  std::span<const uint32_t> arena_ids(const Entry& entry, std::string_view bytes) const;

  void insert(Key key, std::string_view bytes, std::span<const uint32_t> ids);

 private:
  void place(const Entry& made);

  static size_t bucket_of(Key key) {
    const uint64_t h = key.low * 0x9E3779B97F4A7C15ull + key.high * 0xC2B2AE3D27D4EB4Full;
    return static_cast<size_t>((h ^ h >> 29) * 0xFF51AFD7ED558CCDull >> (64 - kBucketBits));
  }
  static const Key kMasks[kShortBytesMax + 2];  // the first n bytes; the last one, for longer ones, has none

  Entry* table_;
  std::unique_ptr<uint32_t[]> arena_;  // records, written round and round: bytes in words, then ids
  size_t arena_next_ = 0;              // where the next record goes
  uint32_t round_ = 1;
};

}  // namespace ftok
