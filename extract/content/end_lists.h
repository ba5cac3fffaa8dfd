// Lists of links under a heading at a text's end: its sources, which belong to it, and what else the site has to offer,
// which does not.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

// Adds the lists under headings such as "Sources" to `keep`, one truth value a block, where kept text stands before
// them in the same box, and takes those under headings such as "Related articles" from it.
void choose_end_lists(const PageBlocks& page, std::vector<uint8_t>& keep);

}  // namespace ftok::html
