// HashedSet: millions of strings, held as 128-bit hashes alone.
//
// 16 bytes an entry whatever its length. A string that was never added is reported present with probability below
// size / 2^128, which no run will see; so there is nothing to verify. The order of adding does not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/hash_seed.h"

namespace ftok {

class HashedSet {
 public:
  void add(std::string_view text);

  // Ends the adding: sorts, drops doubles. contains() is valid after it. More may be added later, with another seal().
  void seal();

  // Thread-safe once sealed.
  bool contains(std::string_view text) const;

  size_t size() const { return entries_.size(); }
  size_t fullest_range() const;  // entries that contains() may have to look at; for tests
  uint64_t memory_bytes() const { return entries_.capacity() * sizeof(Entry) + starts_.capacity() * sizeof(uint32_t); }

 private:
  struct Entry {
    uint64_t high = 0, low = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  Entry hash(std::string_view text) const;
  size_t range_of(uint64_t high) const { return shift_ == 64 ? 0 : static_cast<size_t>(high >> shift_); }

  std::vector<Entry> entries_;    // sorted once sealed
  std::vector<uint32_t> starts_;  // of each range of high bits, and the end
  unsigned shift_ = 64;
  uint64_t seed_ = hash_seed()[0];
};

}  // namespace ftok
