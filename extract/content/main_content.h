// Main content: which blocks of a page are what it is about, and which are the site's frame around it.
//
// Each block is scored in two passes of a learned forest (content_model.h): the first looks at the block and its page,
// the second also at what the first said of the blocks around it, and its score is a probability. Where to cut follows
// from all of a page's scores.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"
#include "extract/content/features.h"

namespace ftok::html {

struct ContentOptions {
  double caution =
      0.6;  // the page's cut, as a share of its highest expected F1: 0.5 is best on the whole, more prefers precision
  bool title = false;     // keep the heading that is the page's title, which else is left to the metadata
  bool comments = false;  // also keep what readers wrote under an article
};

struct ContentChoice {
  std::vector<uint8_t> keep;  // one entry a block
  std::vector<float> score;   // one a block: the probability of being main content
  float cut = 0;              // blocks at or above it are kept
  uint32_t title_block = kNone;
  bool keeps_title_unasked = false;  // the entry of title_block in `keep` without ContentOptions::title
};

// Terms follow their definitions, and tables between kept blocks are kept whole. The title and readers' comments below
// an article are dropped unless asked for; a page of nothing but its title keeps it. Hidden blocks are kept only on a
// page that hides all it has to say. `given`, one probability a block, takes the place of the forests' scores: training
// tries out scores of its own on the same path.
ContentChoice choose_content(const PageBlocks& page, const PageFacts& facts, const ContentOptions& options,
                             const std::vector<float>* given = nullptr);

}  // namespace ftok::html
