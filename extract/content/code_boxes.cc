#include "extract/content/code_boxes.h"

#include <algorithm>
#include <iterator>

#include "extract/content/ancestors.h"

namespace ftok::html {

bool is_box_of_lines(const Dom& dom, NodeId box) {
  constexpr int kChildrenMax = 3;  // LaTeXML's first one is a link to the source
  int seen = 0;
  for (NodeId child = dom[box].first_child; child != kNoNode && seen < kChildrenMax; child = dom[child].next) {
    if (!dom[child].is_element()) continue;
    ++seen;
    const std::string_view classes = dom.value(child, AttributeName::kClass);
    if (dom[child].is(Tag::kDiv) && (has_class(classes, "line") || has_class(classes, "ltx_listingline"))) return true;
  }
  return false;
}

bool is_table_of_code(const Dom& dom, NodeId table, uint64_t& steps) {
  constexpr int kNodesMax = 12;  // to the second cell of the first row
  static constexpr std::string_view kCells[] = {"blob-code", "blob-code-inner", "hljs-ln-code",
                                                "code-line", "line-content",    "line_content"};
  NodeId id = dom.next_in_order(table, table);
  for (int seen = 0; id != kNoNode && seen < kNodesMax; ++seen, id = dom.next_in_order(id, table)) {
    ++steps;
    if (!dom[id].is(Tag::kTd)) continue;
    const std::string_view classes = dom.value(id, AttributeName::kClass);
    if (std::any_of(std::begin(kCells), std::end(kCells),
                    [&](std::string_view name) { return has_class(classes, name); }))
      return true;
  }
  return false;
}

}  // namespace ftok::html
