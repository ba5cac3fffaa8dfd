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
  // `html` must outlive the steps. Where the parser gave up, `parsed.status` says so and the rest is empty.
  ExtractSteps(std::string_view html, const ExtractOptions& options);

  LayoutOptions layout;
  Dom dom;
  ParseResult parsed;
  Metadata metadata;
  PageBlocks page;
  ContentChoice choice;
};

}  // namespace ftok::html
