// Images that say something where a word would stand: the tick or the flag that is all of a table's cell, the sign that
// is all of a link in a sentence. What they say is their alternative text.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

// Of one page, whose images are asked for in document order.
class ImageText {
 public:
  explicit ImageText(const Dom& dom) : dom_(dom) {}

  // What an image says, "" for one that decorates or illustrates. `cell` is the cell around it or kNoNode;
  // `behind_text` says whether its line has begun. Adds the nodes gone through to `steps`.
  std::string_view of(NodeId image, NodeId cell, bool behind_text, uint64_t& steps);

 private:
  // The rows of a section of a table.
  struct Rows {
    uint32_t count = 0;             // those that have signs beside words
    uint32_t columns_that_say = 0;  // as bits
  };
  Rows read_rows(NodeId section, uint64_t& steps) const;
  bool says_something_in(NodeId cell, uint64_t& steps);

  const Dom& dom_;
  std::map<NodeId, Rows> rows_;  // each section is read once, also where tables stand in its cells
  NodeId row_ = kNoNode;         // the one asked about last, and the answer
  bool row_compares_ = false;
};

}  // namespace ftok::html
