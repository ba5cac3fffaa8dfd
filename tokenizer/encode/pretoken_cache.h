// PretokenCache: from a pretoken to its ids, for one thread. Whether a pretoken is in it changes nothing but time.
//
// A table of cache lines of two entries, and an arena. An entry lies in one of two lines (cuckoo hashing); a bit a line
// says whether one had to go to its other line, so that what is not there is seldom looked for twice. The keys of a
// line lie side by side, so that one comparison is enough for both. The key of a pretoken of up to 15 bytes *is* its
// bytes, padded with zeros, with its length in the last byte (and mixed with secret words); of a longer one a hash, and
// its bytes are compared in the arena. Up to 4 ids lie in the entry, more in the arena.
//
// Bounded: the table begins with 2 MiB (one huge page) and doubles, when half full, up to 32 MiB (2^20 entries); the
// arena has 16 MiB. Both are address space from the start and memory as they are touched. When the arena is full the
// cache starts again, empty.
//
// Lookups go in batches through pretoken_lookup.h; entries and ids stay where they are until the next insert.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/encode/mapped_memory.h"

namespace ftok {

__extension__ using Wide = unsigned __int128;

// The key of a pretoken. (What vector paths call is inlined always, so that no code made for one instruction set is
// linked into another.) The top byte of `high` is its size, or kLong for a hash; never 0. The other bytes are mixed
// with secret words, so that hash() is one product and nobody can tell which pretokens share a line.
struct PretokenKey {
  uint64_t low, high;

  static constexpr size_t kShortBytesMax = 15;
  static constexpr uint64_t kLong = 0xFF;

  [[gnu::always_inline]] bool is_long() const { return high >> 56 == kLong; }
  bool operator==(const PretokenKey&) const = default;

  // The key of a pretoken of 1 to kShortBytesMax bytes at `p`, where 16 bytes can be read. Without a branch: the sizes
  // of pretokens cannot be foretold.
  static PretokenKey of_short(const unsigned char* p, size_t size);
  static PretokenKey of_long(std::string_view bytes);
  // Either, reading no byte beyond `bytes`.
  static PretokenKey of(std::string_view bytes);

  // 64 bits of which all depend on the whole key.
  [[gnu::always_inline]] uint64_t hash() const {
    const auto product = static_cast<Wide>(low) * high;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
};

// Of the key of a short pretoken: which bits are its bytes, and what these are mixed with: secret words and the size.
struct PretokenKeyParts {
  PretokenKey bytes, mixed;
};
// What keys are made with, out of the seed of the process (core/hash_seed.h).
struct PretokenKeySeed {
  alignas(32) std::array<PretokenKeyParts, PretokenKey::kShortBytesMax + 1> parts;  // of short pretokens, by size
  std::array<uint64_t, 6> secrets;                                                  // of long ones

  PretokenKeySeed();
};
// One a process. It is made before other things of static storage.
extern PretokenKeySeed pretoken_key_seed;

// For tests: takes over what set_hash_seed() has set. Encodings made before must not be used any more.
void reseed_pretoken_keys();
[[gnu::always_inline]] inline PretokenKey PretokenKey::of_short(const unsigned char* p, size_t size) {
  PretokenKey key;
  std::memcpy(&key, p, 16);
  const PretokenKeyParts& parts = pretoken_key_seed.parts[size];
  return {(key.low & parts.bytes.low) ^ parts.mixed.low, (key.high & parts.bytes.high) ^ parts.mixed.high};
}

class PretokenCache {
 public:
  static constexpr size_t kLineBytes = 64;
  static constexpr size_t kTableBytesMin = size_t{1} << 21, kTableBytesMax = size_t{1} << 25;
  static constexpr size_t kArenaWords = size_t{1} << 22;  // of 4 bytes: 16 MiB
  static constexpr size_t kBytesMax = 1024;               // longer pretokens are not kept
  static constexpr size_t kIdsMax = 254;                  // nor those of more ids

  // The ids of an entry, or of a record in the arena, begin with a word that has the first id in its low 24 bits and
  // the number of ids in its top byte. When that is kInArena, ids[1] is the place of the record in the arena and ids[2]
  // the number of ids. A record goes on with the other ids, and for a long key with the number of bytes and the bytes.
  struct Ids {
    uint32_t of[4];
  };
  static constexpr size_t kWays = 2;  // entries a line
  struct alignas(kLineBytes) Line {
    PretokenKey keys[kWays];  // {0, 0}: no entry
    Ids ids[kWays];
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

  // Keeps `ids` (at least one; a tag of the first is ignored) as those of the pretoken `bytes` of at most kBytesMax
  // bytes. True when the table moved or was emptied, so that places in it must be computed again.
  bool insert(PretokenKey key, std::string_view bytes, std::span<const uint32_t> ids);

  // Asks memory for the line that insert() will need if the key's first one is full.
  void prefetch_other(PretokenKey key) const {
    const uint64_t hash = key.hash();
    __builtin_prefetch(table_ + view().other_line(view().line_of(hash), hash), 1);
  }

  size_t memory_bytes() const { return table_bytes_ + arena_next_ * sizeof(uint32_t); }

 private:
  struct Entry {
    PretokenKey key;
    Ids ids;
  };
  // Where an entry lies or may lie.
  struct Slot {
    uint32_t line = 0;   // its place in bytes
    size_t way = kWays;  // kWays: nowhere

    bool exists() const { return way < kWays; }
  };

  Line& line_at(uint64_t line) const { return *reinterpret_cast<Line*>(table_ + line); }
  Entry entry_at(Slot slot) const { return {line_at(slot.line).keys[slot.way], line_at(slot.line).ids[slot.way]}; }
  bool is_free(Slot slot) const { return line_at(slot.line).keys[slot.way].high == 0; }
  Slot find(uint32_t line, PretokenKey key) const;  // where `key` is in this line; {0, 0} finds a free slot
  void write(Slot slot, const Entry& entry);
  bool place(Entry made);
  void put(Slot slot, const Entry& made);
  void note_overflow(uint32_t line) {
    overflowed_[line / (kLineBytes * 64)] |= uint64_t{1} << (line / kLineBytes % 64);
  }
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
