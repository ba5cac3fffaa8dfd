// What the attributes of one element say of it, read once.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "extract/content/hints.h"
#include "extract/html/dom.h"

namespace ftok::html {

// Reused from element to element of a page, whose tree must outlive it: it remembers what classes say.
class ElementFacts {
 public:
  void read(const Dom& dom, NodeId id);

  uint16_t hints = 0;            // of class, id, role and itemprop
  uint32_t ancestors = 0;        // bits of Ancestor (blocks.h)
  std::vector<uint32_t> names;   // as hints_of gives them
  uint32_t class_hash = 0;       // 0 without a class
  bool is_link = false;          // it has an address, or a script seems to act on it
  bool is_heading = false;       // by its role
  bool has_thread_type = false;  // an itemtype that only pages of a conversation have
  Tag tag = Tag::kUnknown;       // what it is by its role, where that is a part of a table

 private:
  HintCache cache_;
};

}  // namespace ftok::html
