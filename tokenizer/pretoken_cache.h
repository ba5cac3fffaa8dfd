// PretokenCache: from a pretoken to its ids, for one thread. Bounded: a table of fixed size and an arena of fixed size; what
// does not fit replaces what is there. Whether a pretoken is in it changes nothing but time.
//
// The table has buckets of two entries in a cache line. The key of a pretoken of up to 15 bytes is its bytes, padded with
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
  static constexpr size_t kBuckets = size_t{1} << 17;  // of 64 bytes: 8 MiB
  static constexpr size_t kArenaWords = size_t{1} << 21;  // of 4 bytes: 8 MiB, touched as it fills
  static constexpr size_t kLongBytesMax = 1024;        // longer pretokens are not kept

  struct Key {
    uint64_t low, high;
  };
  struct alignas(32) Entry {
    Key key;
    // Inline: ids[0] has the number of ids (1..4) in its top byte. In the arena: top byte kInArena, ids[1] the place,
    // ids[2] the number of ids, ids[3] the generation of the arena.
    uint32_t ids[4];
  };
  static constexpr uint32_t kIdMask = 0xFFFFFF;
  static constexpr uint32_t kInArena = 0xFF;

  PretokenCache();
  ~PretokenCache();
  PretokenCache(const PretokenCache&) = delete;
  PretokenCache& operator=(const PretokenCache&) = delete;

  static Key key_of_words(uint64_t low, uint64_t high, size_t size) {
    // Zeroes what is beyond the pretoken and puts its length into the last byte.
    const uint64_t low_mask = size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
    const uint64_t high_mask = size <= 8 ? 0 : (uint64_t{1} << (8 * (size - 8))) - 1;
    return {low & low_mask, (high & high_mask) | uint64_t{size} << 56};
  }
  // The key of a pretoken of 1 to kShortBytesMax bytes at `p`, where 16 bytes can be read.
  static Key short_key(const unsigned char* p, size_t size) {
    uint64_t low, high;
    std::memcpy(&low, p, 8);
    std::memcpy(&high, p + 8, 8);
    return key_of_words(low, high, size);
  }
  static Key long_key(std::string_view bytes);

  // The entry of `key`, or null.
  const Entry* find(Key key) const {
    const Entry* bucket = table_ + 2 * bucket_of(key);
    const bool first = bucket[0].key.low == key.low && bucket[0].key.high == key.high;
    const bool second = bucket[1].key.low == key.low && bucket[1].key.high == key.high;
    const Entry* entry = bucket + (second ? 1 : 0);
    return first | second ? entry : nullptr;
  }
  void prefetch(Key key) const { __builtin_prefetch(table_ + 2 * bucket_of(key)); }

  // The ids of an entry whose ids are in the arena; `bytes` is the pretoken. Empty when the entry no longer holds.
  std::span<const uint32_t> arena_ids(const Entry& entry, std::string_view bytes) const;

  void insert(Key key, std::string_view bytes, std::span<const uint32_t> ids);

 private:
  static size_t bucket_of(Key key) {
    const uint64_t h = key.low * 0x9E3779B97F4A7C15ull + key.high * 0xC2B2AE3D27D4EB4Full;
    return static_cast<size_t>((h ^ h >> 29) * 0xFF51AFD7ED558CCDull >> (64 - 17));
  }

  Entry* table_;
  std::unique_ptr<uint32_t[]> arena_;  // records: bytes in words, then ids
  size_t arena_used_ = 0;
  uint32_t generation_ = 1;
};

}  // namespace ftok
