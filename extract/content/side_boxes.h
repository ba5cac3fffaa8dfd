// Boxes beside a text whose heading says what they are, in Japanese, Chinese, Korean and Thai: related headlines,
// rankings, recent posts, archives, profiles; and lines that stand where a paywall cuts a text off. In other languages
// the scorer has learned such words; of pages in these it has seen too few.
#pragma once

#include <cstdint>
#include <vector>

#include "extract/content/blocks.h"

namespace ftok::html {

// Takes them out of `keep`, one truth value a block. A box with a fifth of its letters in paragraphs of sentences
// stays: it is a section of the text under a heading of this name, or holds the text. Does nothing on pages without
// these scripts.
void drop_side_boxes(const PageBlocks& page, std::vector<uint8_t>& keep);

}  // namespace ftok::html
