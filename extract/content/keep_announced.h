// Short things that a sentence of the text announces with a colon: the links to a file in its formats, the parts of a
// set. Alone each says too little to be scored well.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"
#include "extract/content/main_content.h"

namespace ftok::html {

// Keeps, whole, the list, the table or the boxes of links that come right behind a kept sentence that announces them,
// in the same box as it.
void keep_announced(const PageBlocks& page, const ContentChoice& choice, std::vector<uint8_t>& keep);

}  // namespace ftok::html
