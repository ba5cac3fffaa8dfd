// What a piece of HTML reads as when all of it is kept: blocks cut and laid out, without the choice of the main
// content.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "extract/content/blocks.h"
#include "extract/content/shadow_roots.h"
#include "extract/html/parser.h"
#include "extract/output/layout.h"

namespace ftok::html {

// As Markdown or as plain text. Hidden blocks go.
inline std::string laid_out(std::string_view html, bool markdown = true) {
  Dom dom;
  uint64_t steps = 0;
  EXPECT_EQ(parse_html(html, {}, dom).status, ParseStatus::kDone);
  open_shadow_roots(dom, steps);
  PageBlocks page;
  BlockOptions blocks;
  blocks.markdown = markdown;
  cut_into_blocks(dom, blocks, page);
  std::vector<uint8_t> keep;
  for (const Block& block : page.blocks) keep.push_back((block.ancestors & kInHidden) == 0);
  LayoutOptions layout;
  layout.markdown = markdown;
  return lay_out(page, keep, layout);
}

}  // namespace ftok::html
