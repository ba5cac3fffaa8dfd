// What stands around code and is none of it: the labels of highlighters ("Copy", "Code:", the name of the language),
// the numbers of its lines in a box of their own, and the code once more.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

// Takes them from `keep`, one truth value a block.
void drop_code_labels(const PageBlocks& page, std::vector<uint8_t>& keep);

}  // namespace ftok::html
