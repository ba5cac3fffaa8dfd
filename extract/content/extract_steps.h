// The steps from bytes to a choice of blocks, with all that they leave behind: for extract.cc, which needs the text
// alone, report.cc, which shows what was dropped and why, and training, which puts its own scores in the model's place.
#pragma once

#include <string>
#include <string_view>

#include "extract/content/blocks.h"
#include "extract/content/main_content.h"
#include "extract/extract.h"
#include "extract/html/dom.h"
#include "extract/html/parser.h"
#include "extract/output/layout.h"

namespace ftok::html {

struct ExtractSteps {
  // `html` and `url` must outlive the steps. Where the parser or the cutting into blocks gave up, `parsed.status` says
  // so; `choice` is empty then.
  ExtractSteps(std::string_view html, const ExtractOptions& options, std::string_view url = {});

  void parse(std::string_view html, const ExtractOptions& options);  // fills parsed, metadata, page
  void choose(const ExtractOptions& options);                        // fills choice, layout
  PageFacts facts() const;                                           // what `metadata` and `address` say of the page
  void lay_out(const ExtractOptions& options, ExtractResult& result) const;  // fills text, plain, lines

  ExtractSteps() = default;

  std::string_view address;  // where the page came from
  LayoutOptions layout;
  std::string noframes;  // what a page of frames says to readers without them: `dom` is made of it then
  std::string repaired;  // the page without mojibake (mojibake.h), where it had some: `dom` views it then
  uint64_t repairs = 0;  // characters made right in it
  std::string closed;    // the page with its unended element closed (unended.h): `dom` views it then
  Dom dom;
  ParseResult parsed;
  Metadata metadata;
  PageBlocks page;
  ContentChoice choice;
};

}  // namespace ftok::html
