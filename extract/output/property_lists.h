// Lists of definitions that are tables of properties: short names, each with a short value or a few ("Height", "31 m").
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

class PropertyLists {
 public:
  explicit PropertyLists(const PageBlocks& page) : page_(page) {}

  // Whether a block stands in such a list.
  bool hold(const Block& block);

  // Whether a block is what a definition says: its own line, or the one paragraph in it.
  bool is_value(const Block& block) const;

 private:
  const PageBlocks& page_;
  std::vector<uint8_t> answers_;  // by container, once one is asked for: 0 unknown, 1 no, 2 yes
};

}  // namespace ftok::html
