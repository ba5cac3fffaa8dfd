// The one door to the HTML parsers: bytes in, Dom out. Behind it stand our own (tree_builder.h) and gumbo
// (gumbo_parser.h), which builds the same tree slowly and is kept as its twin.
#pragma once

#include <cstdint>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

// Caps on what one page may cost. They count, they never look at a clock. Browsers cap depth at 512 and one maintained
// fork of gumbo caps depth and attributes at 400; the rest bounds a page to seconds and half a gigabyte.
struct ParseLimits {
  uint64_t bytes_max = uint64_t{8} << 20;  // of the page, in UTF-8
  uint32_t depth_max = 512;                // open elements
  uint32_t attributes_max = 400;           // of one tag
  uint32_t nodes_max = 1000000;            // of the page, and at most one for four bytes (real pages: one for 25)
  uint32_t formatting_max = 64;            // open formatting elements (a, b, font, ...)
  uint64_t work_max = 100000000;           // open elements summed over all tags; real pages: below 10 million
  uint64_t arena_bytes_max = uint64_t{384} << 20;  // of the parser
};

// How a parse ended, or the cutting of its tree into blocks. A page that ends otherwise than kDone has no text.
enum class ParseStatus : uint8_t {
  kDone,
  kTooLarge,           // bytes_max
  kTooDeep,            // depth_max
  kTooManyAttributes,  // attributes_max
  kTooManyNodes,       // nodes_max
  kTooManyFormatting,  // formatting_max
  kTooMuchWork,        // work_max
  kTooMuchMemory,      // arena_bytes_max
  kTooManyBlocks,      // kBlocksMax or kContainersMax (blocks.h)
};

// The limit's name, static: "depth".
const char* name_of(ParseStatus status);

struct ParseResult {
  ParseStatus status = ParseStatus::kDone;
  double value = 0;  // what was counted, where a limit ended the parse
  double limit = 0;
  uint64_t steps = 0;        // counted work
  uint64_t arena_bytes = 0;  // the parser's memory at its largest, the Dom's included
  // Where the content of a <title>, <script>, <style>, <textarea>, <iframe> or <noembed> begins that the page's end
  // closed, counted with line ends as single bytes, and which it is; 0: there is none. (gumbo's parser does not say.)
  uint64_t unended_at = 0;
  Tag unended = Tag::kUnknown;
};

enum class HtmlParser : uint8_t { kFtok, kGumbo };

// Parses a whole page in UTF-8 with scripting off. `html` must outlive `dom`. Deterministic; thread-safe for different
// Doms.
ParseResult parse_html(std::string_view html, const ParseLimits& limits, Dom& dom,
                       HtmlParser parser = HtmlParser::kFtok);

}  // namespace ftok::html
