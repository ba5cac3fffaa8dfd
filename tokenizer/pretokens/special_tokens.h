// Finds special tokens, and other added tokens, in text: the leftmost, and among those that begin there the longest.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace ftok {

// Const after construction, so thread-safe. Time is linear in the text times the longest special token at worst.
class SpecialFinder {
 public:
  SpecialFinder() = default;
  explicit SpecialFinder(const std::vector<SpecialToken>& specials);

  struct Match {
    size_t begin = 0, size = 0;  // size 0: there is none
    uint32_t id = 0;
    bool special = true;
  };
  // The first match that begins at or after `offset`.
  Match find(std::string_view text, size_t offset) const;

  bool empty() const { return begin_bytes_ == 0; }
  bool has_plain() const { return has_plain_; }  // tokens that are not special

 private:
  struct Node {
    unsigned char byte = 0;
    uint32_t child = 0, sibling = 0;  // 0: none
    uint32_t id = UINT32_MAX;         // of the special token that ends here
    bool special = true;
  };
  size_t first_candidate(std::string_view text, size_t offset) const;

  std::vector<Node> nodes_;  // a trie; node 0 is the root
  bool has_plain_ = false;
  bool begins_[256] = {};
  size_t begin_bytes_ = 0;   // how many bytes begin one
  unsigned char begin_ = 0;  // one of them
};

}  // namespace ftok
