// Main content: which blocks of a page are what it is about, and which are the site's frame around it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "extract/blocks.h"

namespace ftok::html {

struct ContentOptions {
  double threshold = 0;   // keep blocks that score above it
  bool comments = false;  // keep what readers wrote under an article
};

struct ContentChoice {
  std::vector<uint8_t> keep;   // one entry a block
  std::vector<float> score;    // what `threshold` is held against
};

ContentChoice choose_content(const PageBlocks& page, const ContentOptions& options);

}  // namespace ftok::html
