// PretokenCounts: how often each pretoken occurs: what a vocabulary is trained on. Counts of parts of a corpus add up,
// and nothing depends on the order they were added in.
//
// One table by open addressing, of 32-byte slots, two in a cache line. A pretoken of up to 15 bytes *is* its key, 16
// bytes with the length in the last one; a longer one has a (seeded) hash there, and its bytes in an arena. A text is
// cut in blocks; of each block keys are made 32 at a time and their slots prefetched before the first is looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash_seed.h"
#include "tokenizer/pretoken_pattern.h"

namespace ftok {

// A pretoken and how often it is there. The bytes belong to whoever gave it.
struct CountedPretoken {
  std::string_view pretoken;
  uint64_t count;
};

// Not thread-safe. Pretokens are copied in. Counts have 64 bits; where the bytes of all pretokens, each as often as it
// is counted, would pass 2^63 it throws Error.
class PretokenCounts {
 public:
  PretokenCounts();
  ~PretokenCounts();
  PretokenCounts(PretokenCounts&& other) noexcept { swap(other); }
  PretokenCounts& operator=(PretokenCounts&& other) noexcept {
    swap(other);
    return *this;
  }

  // `pretoken` is not empty and has less than 4 GiB; `count` is above 0.
  void add(std::string_view pretoken, uint64_t count = 1);

  // Cuts `text`, a whole text of less than 4 GiB, by `pattern` and counts its pretokens, each `weight` times.
  void add_text(std::string_view text, const PretokenPattern& pattern, uint64_t weight = 1);

  void merge(const PretokenCounts& other);

  // Forgets all, and gives the memory back.
  void clear();

  size_t size() const { return size_; }                  // distinct pretokens
  uint64_t total() const { return total_; }              // pretokens
  uint64_t total_bytes() const { return total_bytes_; }  // their bytes

  // Bytes held, and the most that may be held while a text of `text_bytes` is added (a table is doubled beside the old
  // one).
  size_t memory_bytes() const;
  size_t memory_bytes_max(size_t text_bytes) const;

  uint64_t count(std::string_view pretoken) const;  // 0 when it is not there

  // The most slots in a row that are taken: no search looks at more. For tests.
  size_t longest_run() const {
    return longest_run_of(capacity_, [this](size_t slot) { return !slots_[slot].is_empty(); });
  }

  // Calls visit(pretoken, count) for each, in no stated order.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (size_t i = 0; i < capacity_; ++i) {
      if (!slots_[i].is_empty()) visit(pretoken_of(slots_[i]), slots_[i].count);
    }
  }

 private:
  static constexpr size_t kShortBytesMax = 15;
  static constexpr uint64_t kLongMark = uint64_t{0xFF} << 56;

  struct Key {
    uint64_t low, high;
  };
  struct alignas(32) Slot {
    Key key;  // high == 0: empty
    uint64_t count;
    uint64_t place;  // of a long pretoken: where its size (4 bytes) and its bytes lie in the arena

    bool is_empty() const { return key.high == 0; }
  };

  static Key short_key(const unsigned char* p, size_t size);
  static Key key_of(std::string_view pretoken);
  size_t hash_of(Key key) const { return seeded_mix(key.low, key.high, first_secret_, second_secret_); }

  std::string_view pretoken_of(const Slot& slot) const {
    if (slot.key.high < kLongMark) return {reinterpret_cast<const char*>(&slot.key), slot.key.high >> 56};
    uint32_t size;
    std::memcpy(&size, arena_.data() + slot.place, sizeof size);
    return {arena_.data() + slot.place + sizeof size, size};
  }
  void swap(PretokenCounts& other) noexcept;
  void reserve(size_t more);
  void allocate(size_t capacity);
  void add_bytes(uint64_t bytes, uint64_t count);
  void add_keyed(Key key, std::string_view pretoken, uint64_t count);
  void add_block(const unsigned char* begin, size_t readable, size_t cuts, uint64_t weight);

  uint64_t first_secret_ = hash_seed()[0], second_secret_ = hash_seed()[1];
  Slot* slots_ = nullptr;
  size_t capacity_ = 0;  // a power of two
  size_t size_ = 0;
  uint64_t total_ = 0, total_bytes_ = 0;
  std::string arena_;
  std::vector<uint32_t> cuts_;

  friend class SortedPretokens;
};

// The pretokens of a PretokenCounts in order of their bytes, in the same memory.
class SortedPretokens {
 public:
  explicit SortedPretokens(PretokenCounts&& counts);

  size_t size() const { return counts_.size_; }
  CountedPretoken operator[](size_t i) const {
    return {counts_.pretoken_of(counts_.slots_[i]), counts_.slots_[i].count};
  }

 private:
  PretokenCounts counts_;  // its slots are no table any more
};

}  // namespace ftok
