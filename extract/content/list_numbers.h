// The numbers of ordered lists' items (HTML Standard, "the ol element"): start, reversed and the items' own values.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "extract/html/dom.h"

namespace ftok::html {

constexpr bool is_list(Tag tag) { return tag == Tag::kUl || tag == Tag::kOl || tag == Tag::kDir || tag == Tag::kMenu; }

// Of the lists that are open, the innermost last.
class ListNumbers {
 public:
  void open(const Dom& dom, NodeId list, uint64_t& steps);
  void close() { open_.pop_back(); }
  // An item of the innermost list begins, with its `value` attribute. False where it has no number.
  bool next(std::string_view value, int32_t& number);

 private:
  struct List {
    bool ordered = false;
    int32_t step = 1;
    int64_t number = 1;  // of the next item
  };
  std::vector<List> open_;
};

}  // namespace ftok::html
