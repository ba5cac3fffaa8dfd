#include "extract/html/parser.h"

#include "extract/html/gumbo_parser.h"
#include "extract/html/tree_builder.h"

namespace ftok::html {

const char* name_of(ParseStatus status) {
  switch (status) {
    case ParseStatus::kDone: return "done";
    case ParseStatus::kTooLarge: return "bytes";
    case ParseStatus::kTooDeep: return "depth";
    case ParseStatus::kTooManyAttributes: return "attributes";
    case ParseStatus::kTooManyNodes: return "nodes";
    case ParseStatus::kTooManyFormatting: return "formatting";
    case ParseStatus::kTooMuchWork: return "work";
    case ParseStatus::kTooMuchMemory: return "memory";
    case ParseStatus::kTooManyBlocks: return "blocks";
  }
  return "";
}

ParseResult parse_html(std::string_view html, const ParseLimits& limits, Dom& dom, HtmlParser parser) {
  return parser == HtmlParser::kGumbo ? parse_with_gumbo(html, limits, dom)
                                      : parse_with_tree_builder(html, limits, {}, dom);
}

}  // namespace ftok::html
