#include "tokenizer/pretoken_counts.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <new>

#include "core/error.h"

namespace ftok {
namespace {

constexpr size_t kFirstCapacity = size_t{1} << 14;
constexpr size_t kCutsMax = 2048;
constexpr size_t kHugePage = size_t{2} << 20;

// Full at 5/8: two slots a cache line, so a search that misses the first rarely needs a third line.
constexpr size_t limit_of(size_t capacity) { return capacity / 8 * 5; }

uint64_t big_endian(std::string_view bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), std::min<size_t>(8, bytes.size()));
  return __builtin_bswap64(word);
}

}  // namespace

PretokenCounts::PretokenCounts() : cuts_(kCutsMax) {}

PretokenCounts::~PretokenCounts() {
  if (slots_ != nullptr) ::munmap(slots_, capacity_ * sizeof(Slot));
}

void PretokenCounts::swap(PretokenCounts& other) noexcept {
  std::swap(first_secret_, other.first_secret_);
  std::swap(second_secret_, other.second_secret_);
  std::swap(slots_, other.slots_);
  std::swap(capacity_, other.capacity_);
  std::swap(size_, other.size_);
  std::swap(total_, other.total_);
  std::swap(total_bytes_, other.total_bytes_);
  arena_.swap(other.arena_);
  cuts_.swap(other.cuts_);
}

void PretokenCounts::clear() { *this = PretokenCounts(); }

void PretokenCounts::allocate(size_t capacity) {
  const size_t bytes = capacity * sizeof(Slot);
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  if (bytes >= 2 * kHugePage) ::madvise(memory, bytes, MADV_HUGEPAGE);
  slots_ = static_cast<Slot*>(memory);
  capacity_ = capacity;
}

// The first n bytes of 16, by shifts that never reach 64.
[[gnu::always_inline]] inline PretokenCounts::Key PretokenCounts::short_key(const unsigned char* p, size_t size) {
  static constexpr auto kMasks = [] {
    struct {
      Key of[17];
    } masks{};
    for (unsigned n = 1; n <= 15; ++n) {
      masks.of[n].low = n >= 8 ? UINT64_MAX : (uint64_t{1} << 8 * n) - 1;
      masks.of[n].high = n <= 8 ? 0 : (uint64_t{1} << 8 * (n - 8)) - 1;
    }
    return masks;
  }();
  Key key;
  std::memcpy(&key, p, sizeof key);
  const Key& mask = kMasks.of[size];
  return {key.low & mask.low, (key.high & mask.high) | uint64_t{size} << 56};
}

PretokenCounts::Key PretokenCounts::key_of(std::string_view pretoken) {
  if (pretoken.size() <= kShortBytesMax) {
    unsigned char padded[16] = {};
    std::memcpy(padded, pretoken.data(), pretoken.size());
    return short_key(padded, pretoken.size());
  }
  const uint64_t hash = seeded_hash(pretoken);
  return {hash, kLongMark | (hash * 0x9E3779B97F4A7C15ull) >> 8};
}

// Makes room for `more` pretokens, so that slots stay where they are while those come.
void PretokenCounts::reserve(size_t more) {
  if (size_ + more <= limit_of(capacity_)) return;
  const Slot* old = slots_;
  const size_t old_capacity = capacity_;
  size_t capacity = std::max(kFirstCapacity, capacity_);
  while (size_ + more > limit_of(capacity)) capacity *= 2;
  allocate(capacity);
  const size_t mask = capacity_ - 1;
  for (size_t i = 0; i < old_capacity; ++i) {
    if (old[i].is_empty()) continue;
    size_t slot = hash_of(old[i].key) & mask;
    while (!slots_[slot].is_empty()) slot = (slot + 1) & mask;
    slots_[slot] = old[i];
  }
  if (old != nullptr) ::munmap(const_cast<Slot*>(old), old_capacity * sizeof(Slot));
}

void PretokenCounts::add_bytes(uint64_t bytes, uint64_t count) {
  uint64_t added = 0;
  if (__builtin_mul_overflow(bytes, count, &added) || added > INT64_MAX || total_bytes_ + added > INT64_MAX) {
    throw Error("the counts of the pretokens exceed 2^63 bytes; give smaller weights");
  }
  total_bytes_ += added;
}

void PretokenCounts::add_keyed(Key key, std::string_view pretoken, uint64_t count) {
  const size_t mask = capacity_ - 1;
  for (size_t i = hash_of(key) & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.is_empty()) {
      slot.key = key;
      slot.count = count;
      if (pretoken.size() > kShortBytesMax) {
        slot.place = arena_.size();
        const auto size = static_cast<uint32_t>(pretoken.size());
        arena_.append(reinterpret_cast<const char*>(&size), sizeof size);
        arena_.append(pretoken);
      }
      ++size_;
      return;
    }
    if (slot.key.low == key.low && slot.key.high == key.high &&
        (pretoken.size() <= kShortBytesMax || pretoken_of(slot) == pretoken)) {
      slot.count += count;
      return;
    }
  }
}

void PretokenCounts::add(std::string_view pretoken, uint64_t count) {
  assert(!pretoken.empty() && count > 0);
  add_bytes(pretoken.size(), count);
  total_ += count;
  reserve(1);
  add_keyed(key_of(pretoken), pretoken, count);
}

uint64_t PretokenCounts::count(std::string_view pretoken) const {
  if (capacity_ == 0 || pretoken.empty()) return 0;
  const Key key = key_of(pretoken);
  const size_t mask = capacity_ - 1;
  for (size_t i = hash_of(key) & mask; !slots_[i].is_empty(); i = (i + 1) & mask) {
    if (slots_[i].key.low == key.low && slots_[i].key.high == key.high && pretoken_of(slots_[i]) == pretoken) {
      return slots_[i].count;
    }
  }
  return 0;
}

// The pretokens between `begin` and each of the first `cuts` of cuts_; `readable` bytes can be read from `begin`.
void PretokenCounts::add_block(const unsigned char* begin, size_t readable, size_t cuts, uint64_t weight) {
  constexpr size_t kBatch = 32;
  const size_t mask = capacity_ - 1;
  const uint32_t* const cut = cuts_.data();
  Key keys[kBatch];
  size_t places[kBatch];
  uint32_t from = 0;
  for (size_t i = 0; i < cuts; i += kBatch) {
    const size_t n = std::min(kBatch, cuts - i);
    const uint32_t first = from;
    for (size_t k = 0; k < n; ++k) {
      const uint32_t size = cut[i + k] - from;
      const unsigned char* p = begin + from;
      if (size <= kShortBytesMax && from + size_t{16} <= readable) [[likely]] {
        keys[k] = short_key(p, size);
      } else {
        keys[k] = key_of({reinterpret_cast<const char*>(p), size});
      }
      places[k] = hash_of(keys[k]) & mask;
      __builtin_prefetch(slots_ + places[k], 1);
      from = cut[i + k];
    }
    uint32_t at = first;
    for (size_t k = 0; k < n; ++k) {
      Slot& slot = slots_[places[k]];
      if (slot.key.low == keys[k].low && slot.key.high == keys[k].high && keys[k].high < kLongMark) [[likely]] {
        slot.count += weight;
      } else {
        add_keyed(keys[k], {reinterpret_cast<const char*>(begin + at), cut[i + k] - at}, weight);
      }
      at = cut[i + k];
    }
  }
}

void PretokenCounts::add_text(std::string_view text, const PretokenPattern& pattern, uint64_t weight) {
  assert(text.size() < UINT32_MAX && weight > 0);
  add_bytes(text.size(), weight);
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  while (begin < end) {
    const size_t cuts = pattern.find_cuts(begin, end, cuts_.data(), cuts_.size());
    reserve(cuts);
    add_block(begin, static_cast<size_t>(end - begin), cuts, weight);
    total_ += cuts * weight;
    begin += cuts_[cuts - 1];
  }
}

void PretokenCounts::merge(const PretokenCounts& other) {
  add_bytes(other.total_bytes_, 1);
  total_ += other.total_;
  for (size_t i = 0; i < other.capacity_; ++i) {
    const Slot& slot = other.slots_[i];
    if (slot.is_empty()) continue;
    reserve(1);
    add_keyed(slot.key, other.pretoken_of(slot), slot.count);
  }
}

size_t PretokenCounts::memory_bytes() const { return capacity_ * sizeof(Slot) + arena_.capacity(); }

size_t PretokenCounts::memory_bytes_max(size_t text_bytes) const {
  const size_t more = std::max(kCutsMax, text_bytes / 2);  // pretokens of one byte soon repeat
  size_t capacity = std::max(kFirstCapacity, capacity_);
  while (size_ + more > limit_of(capacity)) capacity *= 2;
  const size_t table = (capacity > capacity_ ? capacity_ + capacity : capacity_) * sizeof(Slot);
  const size_t arena = arena_.size() + text_bytes + text_bytes / 4;
  return table +
         (arena > arena_.capacity() ? arena_.capacity() + std::max(arena, 2 * arena_.capacity()) : arena_.capacity());
}

SortedPretokens::SortedPretokens(PretokenCounts&& counts) : counts_(std::move(counts)) {
  using Slot = PretokenCounts::Slot;
  Slot* end = counts_.slots_;
  for (Slot* slot = counts_.slots_; slot < counts_.slots_ + counts_.capacity_; ++slot) {
    if (!slot->is_empty()) *end++ = *slot;
  }
  const auto prefix = [&](const Slot& slot) {
    return slot.key.high < PretokenCounts::kLongMark ? __builtin_bswap64(slot.key.low)
                                                     : big_endian(counts_.pretoken_of(slot));
  };
  std::sort(counts_.slots_, end, [&](const Slot& a, const Slot& b) {
    const uint64_t first = prefix(a), second = prefix(b);
    return first != second ? first < second : counts_.pretoken_of(a) < counts_.pretoken_of(b);
  });
}

}  // namespace ftok
