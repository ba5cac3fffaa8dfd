// How often each pretoken occurs: what a vocabulary is trained on. Counts of parts of a corpus add up, and nothing depends
// on the order they were added in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pattern.h"

namespace ftok {

// Not thread-safe. Pretokens are copied in. 64-bit counts.
class PretokenCounts {
 public:
  PretokenCounts();

  void add(std::string_view pretoken, uint64_t count = 1);

  // Cuts `text`, a whole text, by `pattern` and counts its pretokens, each `weight` times.
  void add_text(std::string_view text, Pattern pattern, uint64_t weight = 1);

  void merge(const PretokenCounts& other);

  size_t size() const { return entries_.size(); }      // distinct pretokens
  uint64_t total() const;                              // pretokens
  size_t memory_bytes() const;
  std::string_view pretoken(size_t i) const { return {bytes_.data() + entries_[i].begin, entries_[i].size}; }
  uint64_t count(size_t i) const { return entries_[i].count; }

  // The entries in order of their bytes, for output that does not depend on the order of adding.
  std::vector<size_t> sorted() const;

 private:
  struct Entry {
    uint64_t begin;
    uint64_t count;
    uint32_t size;
    uint32_t hash;
  };
  void grow();

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // index into entries_, by hash
};

}  // namespace ftok
