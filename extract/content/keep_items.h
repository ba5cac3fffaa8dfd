// Items of a listing, a collection or a thread: what stands at one place in each of them is kept or dropped together.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/page_structure.h"

namespace ftok::html {

// Changes `keep`, one truth value a block. Blocks are alike that stand at the same place (in boxes of the same shapes,
// at most eight of them, up to the item) in items of one shape below one parent, of which at least five have such a
// block. Where a third of their words and more are kept, all are; where a tenth and less, none is. What lies between
// is left as it is, and so is what is hidden, or in a table (which has rules of its own), a menu, a form, an aside or a
// footer. Linear.
void keep_items_alike(const PageStructure& structure, std::vector<uint8_t>& keep);

}  // namespace ftok::html
