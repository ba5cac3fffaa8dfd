// Main content: which blocks of a page are what it is about, and which are the site's frame around it.
//
// Each block is scored in two passes of a learned forest (content_model.h): the first looks at the block and its page, the second
// also at what the first said of the blocks around it. A block is kept when its second score passes a threshold.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/blocks.h"
#include "extract/features.h"

namespace ftok::html {

struct ContentOptions {
  double threshold = 0.4;  // keep blocks that score above it, 0..1
  bool comments = false;   // also keep what readers wrote under an article
};

struct ContentChoice {
  std::vector<uint8_t> keep;   // one entry a block
  std::vector<float> score;    // what `threshold` is held against
};

// When nothing passes, blocks above half the threshold are kept. Hidden blocks are kept only on a page that shows none.
ContentChoice choose_content(const PageBlocks& page, const PageFacts& facts, const ContentOptions& options);

}  // namespace ftok::html
