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
  void read(const Dom& dom, NodeId id) {
    names.clear();
    class_hash = ancestors = 0;
    hints = 0;
    styled = 0;
    is_link = is_heading = has_thread_type = false;
    tag = Tag::kUnknown;
    if (const Attribute* first = dom.attributes(id); first != nullptr) read_attributes(*first, dom[id].tag);
  }

  uint16_t hints = 0;            // of class, id, role and itemprop
  uint32_t ancestors = 0;        // bits of Ancestor (blocks.h)
  std::vector<uint32_t> names;   // as hints_of gives them
  uint32_t class_hash = 0;       // 0 without a class
  bool is_link = false;          // it has an address, or a script seems to act on it
  bool is_heading = false;       // by its role
  bool has_thread_type = false;  // an itemtype that only pages of a conversation have
  uint8_t styled = 0;            // bits of StyledAs (ancestors.h)
  Tag tag = Tag::kUnknown;       // what it is by its role, where that is a part of a table

 private:
  void read_attributes(const Attribute& first, Tag own);

  HintCache cache_;
};

}  // namespace ftok::html
