// PretokenCache: from a pretoken to its ids, for one thread. Whether a pretoken is in it changes nothing but time.
//
// A table of cache lines of two entries, and an arena. An entry lies in one of two lines (cuckoo hashing); a bit a line says whether
// one had to go to its other line, so that what is not there is seldom looked for twice. The key of a pretoken of up to 15 bytes *is* its bytes, padded with
// zeros, with its length in the last byte; of a longer one a hash, and its bytes are compared in the arena. Up to 4 ids lie
// in the entry, more in the arena.
//
// Bounded: the table begins with 2 MiB (one huge page) and doubles, when half full, up to 32 MiB (2^20 entries); the arena has 16 MiB. Both
// are address space from the start and memory as they are touched. When the arena is full the cache starts again, empty.
//
// Lookups go in batches through pretoken_lookup.h; entries and ids stay where they are until the next insert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/mapped_memory.h"

namespace ftok {

__extension__ using Wide = unsigned __int128;

// The key of a pretoken. (What vector paths call is inlined always, so that no code made for one instruction set is linked
// into another.) The top byte of `high` is its size, or kLong for a hash; never 0.
struct PretokenKey {
  uint64_t low, high;

  static constexpr size_t kShortBytesMax = 15;
  static constexpr uint64_t kLong = 0xFF;

  [[gnu::always_inline]] bool is_long() const { return high >> 56 == kLong; }
  bool operator==(const PretokenKey&) const = default;

  // The key of a pretoken of 1 to kShortBytesMax bytes at `p`, where 16 bytes can be read. Without a branch: the sizes of
  // pretokens cannot be foretold.
  [[gnu::always_inline]] static PretokenKey of_short(const unsigned char* p, size_t size) {
    PretokenKey key;
    std::memcpy(&key, p, 16);
    const PretokenKey& mask = kMasks[size];
    return {key.low & mask.low, (key.high & mask.high) | uint64_t{size} << 56};
  }
  static PretokenKey of_long(std::string_view bytes);
  // Either, reading no byte beyond `bytes`.
  static PretokenKey of(std::string_view bytes);

  // 64 bits of which all depend on the whole key.
  [[gnu::always_inline]] uint64_t hash() const {
    const auto product = static_cast<Wide>(low ^ 0x9E3779B97F4A7C15ull) * (high ^ 0xC2B2AE3D27D4EB4Full);
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  alignas(16) static const PretokenKey kMasks[kShortBytesMax + 1];  // the first n bytes
};

class PretokenCache {
 public:
  static constexpr size_t kLineBytes = 64;
  static constexpr size_t kTableBytesMin = size_t{1} << 21, kTableBytesMax = size_t{1} << 25;
  static constexpr size_t kArenaWords = size_t{1} << 22;  // of 4 bytes: 16 MiB
  static constexpr size_t kBytesMax = 1024;               // longer pretokens are not kept
  static constexpr size_t kIdsMax = 254;                  // nor those of more ids

  // The ids of an entry, or of a record in the arena, begin with a word that has the first id in its low 24 bits and the
  // number of ids in its top byte. When that is kInArena, ids[1] is the place of the record in the arena and ids[2] the number of ids. A record goes on
  // with the other ids, and for a long key with the number of bytes and the bytes.
  struct alignas(32) Entry {
    uint32_t ids[4];
    PretokenKey key;
  };
  static constexpr uint32_t kIdMask = 0xFFFFFF;
  static constexpr uint32_t kInArena = 0xFF;
  static constexpr size_t kInlineIdsMax = 4;
  // Readers may read this many ids from where ids begin, however few there are.
  static constexpr size_t kReadableIds = 8;

  PretokenCache();

  // What a lookup reads. Valid until the next insert.
  struct View {
    const unsigned char* lines;
    uint64_t line_mask;
    const uint32_t* arena;
    const uint64_t* overflowed;

    // Whether an entry whose first line this is may lie in its other one.
    [[gnu::always_inline]] bool has_overflowed(uint32_t line) const {
      return (overflowed[line / (kLineBytes * 64)] >> (line / kLineBytes % 64) & 1) != 0;
    }

    // The place, in bytes, of the first line of a key with this hash, and of its other line given either.
    [[gnu::always_inline]] uint32_t line_of(uint64_t hash) const { return static_cast<uint32_t>(hash & line_mask); }
    [[gnu::always_inline]] uint32_t other_line(uint32_t line, uint64_t hash) const {
      return line ^ static_cast<uint32_t>((hash >> 32 | kLineBytes) & line_mask);
    }
  };
  View view() const { return {table_, line_mask_, arena_, overflowed_.data()}; }

  // Whether a record with ids at `ids` is that of `bytes`, whose key is long.
  static bool is_record_of(const uint32_t* ids, std::string_view bytes);

  // Keeps `ids` (at least one; a tag of the first is ignored) as those of the pretoken `bytes` of at most kBytesMax bytes. True
  // when the table moved or was emptied, so that places in it must be computed again.
  bool insert(PretokenKey key, std::string_view bytes, std::span<const uint32_t> ids);

  // Asks memory for the line that insert() will need if the key's first one is full.
  void prefetch_other(PretokenKey key) const {
    const uint64_t hash = key.hash();
    __builtin_prefetch(table_ + view().other_line(view().line_of(hash), hash), 1);
  }

  size_t memory_bytes() const { return table_bytes_ + arena_next_ * sizeof(uint32_t); }

 private:
  Entry* entries_at(uint32_t line) const { return reinterpret_cast<Entry*>(table_ + line); }
  bool place(Entry made);
  void put(Entry* entry, const Entry& made);
  void note_overflow(uint32_t line) { overflowed_[line / (kLineBytes * 64)] |= uint64_t{1} << (line / kLineBytes % 64); }
  void grow();
  void clear();

  MappedMemory table_memory_, arena_memory_;
  unsigned char* table_;
  size_t table_bytes_ = kTableBytesMin;  // in use
  uint64_t line_mask_ = kTableBytesMin - kLineBytes;
  std::vector<uint64_t> overflowed_;  // a bit a line
  size_t used_ = 0;                   // entries
  uint32_t* arena_;
  size_t arena_next_ = 0;  // where the next record goes
};

}  // namespace ftok
