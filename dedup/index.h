// FirstSeenIndex: for each key, the number of the first document that had it.
//
// One flat table of 12-byte slots (key and number) with linear probing, in which the keys lie in ascending order: a
// key's home is proportional to its (mixed) value, and within a run of occupied slots the smaller key comes first. So
// the table can grow where it is, by a quarter at a time: the entries are pushed together at the far end of the larger
// table and then, from the smallest on, put at their new homes. Growing never needs a second table, and the memory for
// N keys is known beforehand. Keys are content, which anybody can write: they are mixed with the seed of the process
// (core/hash_seed.h), so that nobody can choose which of them lie close together.
#pragma once

#include <cstdint>
#include <string>

namespace ftok {

class FirstSeenIndex {
 public:
  static constexpr uint32_t kNone = 0xFFFFFFFF;  // no document
  static constexpr uint64_t kSlotBytes = 12;

  // The table never grows beyond `bytes_max`.
  explicit FirstSeenIndex(uint64_t bytes_max = UINT64_MAX);
  ~FirstSeenIndex();
  FirstSeenIndex(const FirstSeenIndex&) = delete;
  FirstSeenIndex& operator=(const FirstSeenIndex&) = delete;

  // The bytes of a table that holds `keys` distinct keys: exactly what bytes() is then.
  static uint64_t predict_bytes(uint64_t keys);

  void set_bytes_max(uint64_t bytes_max) { bytes_max_ = bytes_max; }

  // Makes room for `more` distinct keys; false, changing nothing, when that would take more than bytes_max. Throws
  // std::bad_alloc when the machine has no more memory.
  bool reserve(uint64_t more);

  // The number stored for `key` (not 0), or kNone when it is new; then `number` (not kNone) is stored. There must be
  // room (reserve).
  uint32_t insert(uint64_t key, uint32_t number);

  // The number stored for `key`, or kNone.
  uint32_t find(uint64_t key) const;

  // Has the memory of `key`'s slot fetched: worth while when several keys are looked up one after another.
  void prefetch(uint64_t key) const;

  void clear();  // forgets all keys; keeps the memory

  uint64_t size() const { return size_; }  // distinct keys
  uint64_t bytes() const;                  // of the table
  uint64_t longest_run() const;            // the most slots in a row that are taken; for tests

 private:
#pragma pack(push, 4)
  struct Slot {
    uint64_t key;  // mixed; 0 = free
    uint32_t number;
  };
#pragma pack(pop)
  static_assert(sizeof(Slot) == kSlotBytes);

  __extension__ using Product = unsigned __int128;

  // A bijection that spreads keys over all values: SplitMix64's finaliser (Steele, Lea and Flood 2014) with secret odd
  // factors, so that homes are even whatever the keys are. It maps 0, and only 0, to 0.
  uint64_t mix(uint64_t key) const {
    key = (key ^ (key >> 30)) * factors_[0];
    key = (key ^ (key >> 27)) * factors_[1];
    return key ^ (key >> 31);
  }
  uint64_t home(uint64_t mixed) const { return static_cast<uint64_t>((static_cast<Product>(mixed) * capacity_) >> 64); }
  uint64_t slots() const;
  bool grow(uint64_t capacity);

  uint64_t bytes_max_;
  uint64_t factors_[2];
  Slot* slots_ = nullptr;
  uint64_t capacity_ = 0;  // homes; a few slots follow for keys pushed beyond the last
  uint64_t size_ = 0;
};

}  // namespace ftok
