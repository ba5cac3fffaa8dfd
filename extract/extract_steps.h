// The steps from bytes to a choice of blocks, with all that they leave behind: for extract.cc, which needs the text alone, and
// report.cc, which shows what was dropped and why.
#pragma once

#include <string_view>

#include "extract/blocks.h"
#include "extract/dom.h"
#include "extract/extract.h"
#include "extract/layout.h"
#include "extract/main_content.h"
#include "extract/parser.h"

namespace ftok::html {

struct ExtractSteps {
  // `html` must outlive the steps. Where the parser or the cutting into blocks gave up, `parsed.status` says so; there is no choice.
  ExtractSteps(std::string_view html, const ExtractOptions& options);

  LayoutOptions layout;
  Dom dom;
  ParseResult parsed;
  Metadata metadata;
  PageBlocks page;
  ContentChoice choice;
};

}  // namespace ftok::html
