#include "tokenizer/encode/pretoken_cache.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/hash_seed.h"

namespace ftok {
namespace {

constexpr size_t kArenaBytes = PretokenCache::kArenaWords * sizeof(uint32_t);
constexpr size_t kCacheMovesMax = 8;
static_assert(sizeof(PretokenCache::Line) == PretokenCache::kLineBytes);

constexpr size_t words_of_lines(size_t table_bytes) { return table_bytes / (PretokenCache::kLineBytes * 64); }

size_t words_of(size_t bytes) { return (bytes + 3) / 4; }

uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t word_at(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

}  // namespace

[[gnu::init_priority(200)]] PretokenKeySeed pretoken_key_seed;

PretokenKeySeed::PretokenKeySeed() {
  const HashSeed& seed = hash_seed();
  const uint64_t high_bytes = (uint64_t{1} << 56) - 1;
  for (uint64_t n = 0; n < parts.size(); ++n) {
    const auto low_bytes = [](uint64_t count) { return count >= 8 ? UINT64_MAX : (uint64_t{1} << 8 * count) - 1; };
    parts[n] = {{low_bytes(n), n < 8 ? 0 : low_bytes(n - 8)}, {seed[0], n << 56 | (seed[1] & high_bytes)}};
  }
  for (size_t i = 0; i < secrets.size(); ++i) secrets[i] = seed[2 + i];
}

void reseed_pretoken_keys() { pretoken_key_seed = PretokenKeySeed(); }

PretokenKey PretokenKey::of_long(std::string_view bytes) {
  // The last 16 bytes may overlap what the loop has taken.
  assert(bytes.size() > kShortBytesMax);
  const char* p = bytes.data();
  const char* const last = p + bytes.size() - 16;
  const auto& s = pretoken_key_seed.secrets;
  uint64_t a = s[0] ^ bytes.size(), b = s[1];
  for (; p < last; p += 16) {
    a = mix(word_at(p) ^ a, s[2] ^ word_at(p + 8));
    b = mix(word_at(p) ^ s[3], b ^ word_at(p + 8));
  }
  a = mix(word_at(last) ^ a, s[4] ^ word_at(last + 8));
  b = mix(word_at(last) ^ s[5], b ^ word_at(last + 8));
  return {a, b >> 8 | kLong << 56};
}

PretokenKey PretokenKey::of(std::string_view bytes) {
  if (bytes.size() > kShortBytesMax) return of_long(bytes);
  unsigned char padded[16] = {};
  std::memcpy(padded, bytes.data(), bytes.size());
  return of_short(padded, bytes.size());
}

PretokenCache::PretokenCache()
    : table_memory_(kTableBytesMax),
      arena_memory_(kArenaBytes),
      table_(static_cast<unsigned char*>(table_memory_.data())),
      overflowed_(words_of_lines(kTableBytesMin)),
      arena_(static_cast<uint32_t*>(arena_memory_.data())) {}

PretokenCache::Slot PretokenCache::find(uint32_t line, PretokenKey key) const {
  const Line& in = line_at(line);
  return {line, in.keys[0] == key ? 0 : in.keys[1] == key ? 1 : kWays};
}

void PretokenCache::write(Slot slot, const Entry& entry) {
  line_at(slot.line).keys[slot.way] = entry.key;
  line_at(slot.line).ids[slot.way] = entry.ids;
}

// With a bit more in the mask the entries of a line go to two lines: those at the same place and at that plus the old
// size, so that all find room and memory is read and written in order.
void PretokenCache::grow() {
  const size_t old_bytes = table_bytes_;
  const View before = view();
  table_bytes_ *= 2;
  line_mask_ = table_bytes_ - kLineBytes;
  const View after = view();
  const auto for_each_entry = [&](size_t end, auto&& visit) {
    for (uint32_t line = 0; line < end; line += kLineBytes) {
      for (size_t way = 0; way < kWays; ++way) {
        if (const Slot slot{line, way}; !is_free(slot)) visit(slot, line_at(line).keys[way].hash());
      }
    }
  };
  for_each_entry(old_bytes, [&](Slot slot, uint64_t hash) {
    uint32_t line = after.line_of(hash);
    if (before.line_of(hash) != slot.line) line = after.other_line(line, hash);
    if (line < old_bytes) return;
    write({line, slot.way}, entry_at(slot));
    write(slot, {});
  });
  overflowed_.assign(words_of_lines(table_bytes_), 0);
  // Lookups are faster for what lies in its first line. Some at a time, so that they wait for memory together.
  constexpr size_t kTogether = 64;
  std::pair<Slot, uint32_t> away[kTogether];  // entries in their other lines, and their first lines
  size_t count = 0;
  const auto move_back = [&] {
    for (size_t i = 0; i < count; ++i) {
      const auto [slot, first] = away[i];
      const Slot free = find(first, {});
      if (!free.exists()) {
        note_overflow(first);
        continue;
      }
      write(free, entry_at(slot));
      write(slot, {});
    }
    count = 0;
  };
  for_each_entry(table_bytes_, [&](Slot slot, uint64_t hash) {
    const uint32_t first = after.line_of(hash);
    if (first == slot.line) return;
    away[count++] = {slot, first};
    __builtin_prefetch(table_ + first, 1);
    if (count == kTogether) move_back();
  });
  move_back();
}

void PretokenCache::clear() {
  std::memset(table_, 0, table_bytes_);
  std::fill(overflowed_.begin(), overflowed_.end(), 0);
  used_ = 0;
  arena_next_ = 0;
}

bool PretokenCache::is_record_of(const uint32_t* ids, std::string_view bytes) {
  const uint32_t* text = ids + (ids[0] >> 24);
  return *text == bytes.size() && std::memcmp(text + 1, bytes.data(), bytes.size()) == 0;
}

bool PretokenCache::insert(PretokenKey key, std::string_view bytes, std::span<const uint32_t> ids) {
  assert(!ids.empty() && bytes.size() <= kBytesMax);
  if (ids.size() > kIdsMax) return false;
  bool has_moved = false;
  Entry made{key, {}};
  const uint32_t tag = static_cast<uint32_t>(ids.size()) << 24;
  if (!key.is_long() && ids.size() <= kInlineIdsMax) {
    std::copy(ids.begin(), ids.end(), made.ids.of);
    made.ids.of[0] = (ids[0] & kIdMask) | tag;
  } else {
    const size_t text_words = key.is_long() ? 1 + words_of(bytes.size()) : 0;
    if (arena_next_ + ids.size() + text_words + kReadableIds > kArenaWords) {
      clear();
      has_moved = true;
    }
    made.ids.of[0] = kInArena << 24;
    made.ids.of[1] = static_cast<uint32_t>(arena_next_);
    made.ids.of[2] = static_cast<uint32_t>(ids.size());
    uint32_t* record = arena_ + arena_next_;
    std::copy(ids.begin(), ids.end(), record);
    record[0] = (ids[0] & kIdMask) | tag;
    if (text_words != 0) {
      record[ids.size()] = static_cast<uint32_t>(bytes.size());
      std::memcpy(record + ids.size() + 1, bytes.data(), bytes.size());
    }
    arena_next_ += ids.size() + text_words;
  }
  if (place(made) && ++used_ * 2 * kLineBytes / kWays > table_bytes_ && table_bytes_ < kTableBytesMax) {
    grow();
    has_moved = true;
  }
  return has_moved;
}

// Writes `made` to its place, which may be in its other line.
void PretokenCache::put(Slot slot, const Entry& made) {
  write(slot, made);
  const uint32_t first = view().line_of(made.key.hash());
  if (slot.line != first) note_overflow(first);
}

// True when there is an entry more than before.
bool PretokenCache::place(Entry made) {
  const uint64_t hash = made.key.hash();
  uint32_t line = view().line_of(hash);
  const uint32_t other = view().other_line(line, hash);
  Slot same = find(line, made.key);
  if (!same.exists() && view().has_overflowed(line)) same = find(other, made.key);
  if (same.exists()) {
    write(same, made);
    return false;
  }
  Slot free = find(line, {});
  if (!free.exists()) free = find(other, {});
  // When all four are taken, it takes the place of one, which goes to its other line, and so on. What is left in hand
  // is dropped.
  for (size_t moved = 0; !free.exists() && moved < kCacheMovesMax; ++moved) {
    const Slot taken{line, moved / 2 % kWays};
    const Entry gone = entry_at(taken);
    put(taken, made);
    made = gone;
    line = view().other_line(line, made.key.hash());
    free = find(line, {});
  }
  if (!free.exists()) return false;
  put(free, made);
  return true;
}

}  // namespace ftok
