#include "extract/content/code_boxes.h"

#include <algorithm>
#include <iterator>

#include "core/ascii.h"
#include "extract/content/ancestors.h"
#include "extract/content/gutters.h"

namespace ftok::html {

namespace {

constexpr std::string_view kBlanks = " \t\n\r\f";

bool is_blank(const Node& node) {
  return node.is_text() ? node.view().find_first_not_of(kBlanks) == std::string_view::npos : !node.is_element();
}

template <size_t N>
bool has_class_among(const Dom& dom, NodeId id, const std::string_view (&names)[N]) {
  const std::string_view classes = dom.value(id, AttributeName::kClass);
  return !classes.empty() && std::any_of(std::begin(names), std::end(names),
                                         [&](std::string_view name) { return has_class(classes, name); });
}

// Whether a box's text is in lines that end at a <br>, with no other box between.
bool has_lines_by_breaks(const Dom& dom, NodeId box, uint64_t& steps) {
  constexpr int kChildrenMax = 64;
  int seen = 0;
  bool has_text = false;
  for (NodeId child = dom[box].first_child; child != kNoNode && seen < kChildrenMax; child = dom[child].next, ++seen) {
    ++steps;
    if (dom[child].is(Tag::kBr) && has_text) {
      NodeId next = dom[child].next;
      while (next != kNoNode && (is_blank(dom[next]) || dom[next].is(Tag::kBr))) next = dom[next].next;
      return next != kNoNode && !(dom[next].is_element() && has_flag(dom[next].tag, kBlock));
    }
    if (dom[child].is_element() && has_flag(dom[child].tag, kBlock)) return false;
    has_text = has_text || (!is_blank(dom[child]) && !dom[child].is(Tag::kBr));
  }
  return false;
}

// Whether the first cell of a table's head is named as a gutter.
bool begins_with_gutter(const Dom& dom, NodeId head) {
  const NodeId row = dom.first_element(head);
  const NodeId cell = row == kNoNode ? kNoNode : dom.first_element(row);
  return cell != kNoNode && is_named_gutter(dom.value(cell, AttributeName::kClass));
}

// Whether the first rows of a table are a number each, one more than in the row before, and a cell of code or one that
// is named as such.
bool has_rows_of_numbered_code(const Dom& dom, NodeId table, uint64_t& steps) {
  constexpr int kRowsMin = 3;
  static constexpr std::string_view kCodeCells[] = {"content", "code", "line", "vc_file_line_text", "source-line-text"};
  NodeId body = dom.first_element(table);
  while (body != kNoNode && !dom[body].is(Tag::kTbody)) body = dom.next_element(body);
  if (body == kNoNode) return false;
  NodeId head = dom[body].previous;
  while (head != kNoNode && !dom[head].is_element()) head = dom[head].previous;
  const bool has_named_gutter = head != kNoNode && dom[head].is(Tag::kThead) && begins_with_gutter(dom, head);
  uint32_t expected = 0;
  int rows = 0;
  for (NodeId row = dom.first_element(body); row != kNoNode && rows < kRowsMin; row = dom.next_element(row), ++rows) {
    const NodeId cell = dom.first_element(row);
    const NodeId code = cell == kNoNode ? kNoNode : dom.next_element(cell);
    steps += 3;
    if (code == kNoNode || dom.next_element(code) != kNoNode) return false;
    const std::string_view classes = dom.value(cell, AttributeName::kClass);
    const NodeId within = dom.first_element(code);
    const bool is_code = (within != kNoNode && (dom[within].is(Tag::kCode) || dom[within].is(Tag::kPre)) &&
                          is_blank_beside(dom, within)) ||
                         has_class_among(dom, code, kCodeCells) || is_named_gutter(classes) || has_named_gutter;
    uint32_t number = 0;
    if (!is_code || !is_one_number(dom, cell, number, steps) || (rows > 0 && number != expected)) return false;
    expected = number + 1;
  }
  return rows == kRowsMin;
}

}  // namespace

bool is_blank_beside(const Dom& dom, NodeId id) {
  const auto is_blank_to = [&](NodeId Node::*direction) {
    NodeId at = dom[id].*direction;
    while (at != kNoNode && (is_blank(dom[at]) || dom[at].is(Tag::kBr))) at = dom[at].*direction;
    return at == kNoNode || (dom[at].is_element() && has_flag(dom[at].tag, kBlock));
  };
  return is_blank_to(&Node::previous) && is_blank_to(&Node::next);
}

bool is_box_of_lines(const Dom& dom, NodeId box, bool is_surely_code, uint64_t& steps) {
  constexpr int kChildrenMax = 3;  // LaTeXML's first one is a link to the source
  static constexpr std::string_view kLines[] = {"line",      "ltx_listingline", "crayon-line",
                                                "view-line", "ace_line",        "code-line"};
  static constexpr std::string_view kBoxes[] = {"crayon-pre", "enlighter", "CodeMirror-code"};
  const bool is_list = dom[box].is(Tag::kOl) || dom[box].is(Tag::kUl);
  if (!is_list && !dom[box].is(Tag::kDiv) && !dom[box].is(Tag::kTd)) return false;
  const bool is_named = is_surely_code && has_class_among(dom, box, kBoxes);
  int seen = 0, lines = 0;
  for (NodeId child = dom.first_element(box); child != kNoNode && seen < kChildrenMax;
       child = dom.next_element(child)) {
    ++seen;
    ++steps;
    const bool may_be = dom[child].is(Tag::kDiv) || dom[child].is(Tag::kP) || dom[child].is(Tag::kLi);
    if (!may_be) continue;
    lines += is_named || (is_list && is_surely_code) || has_class_among(dom, child, kLines);
  }
  if (lines > 0) return lines + 1 >= seen;
  return is_surely_code && has_lines_by_breaks(dom, box, steps);
}

bool is_box_of_pres(const Dom& dom, NodeId box, uint64_t& steps) {
  constexpr int kLinesMin = 3;
  NodeId child = dom[box].first_child;
  if (child != kNoNode && !dom[child].is_element()) child = dom[child].next;
  if (child == kNoNode || !dom[child].is(Tag::kPre)) return false;
  int lines = 0;
  for (child = dom[box].first_child; child != kNoNode; child = dom[child].next) {
    if (is_blank(dom[child])) continue;
    if (!dom[child].is(Tag::kPre)) return false;
    ++lines;
    for (NodeId id = dom.next_in_order(child, child); id != kNoNode; id = dom.next_in_order(id, child)) {
      ++steps;
      if (dom[id].is(Tag::kBr) || (dom[id].is_element() && has_flag(dom[id].tag, kBlock))) return false;
      if (!dom[id].is_text()) continue;
      const std::string_view text = dom[id].view();
      const size_t end = text.find('\n');
      if (end != std::string_view::npos && text.find_first_not_of(kBlanks, end) != std::string_view::npos) return false;
    }
  }
  return lines >= kLinesMin;
}

bool is_code_alone(const Dom& dom, NodeId code, uint64_t& steps) {
  switch (dom[dom[code].parent].tag) {
    case Tag::kP:
    case Tag::kDiv:
    case Tag::kDd:
    case Tag::kBlockquote:
    case Tag::kSection:
    case Tag::kArticle:
    case Tag::kMain:
    case Tag::kBody:
    case Tag::kFigure: break;
    default: return false;
  }
  if (!is_blank_beside(dom, code)) return false;
  return is_styled_as_pre(dom, code) || has_lines_by_breaks(dom, code, steps);
}

bool is_link_to_listing(const Dom& dom, NodeId link) {
  const NodeId caption = dom[link].parent, title = dom[link].previous;
  if (!dom[caption].is(Tag::kFigcaption) || dom[link].next != kNoNode) return false;
  if (title == kNoNode || !dom[title].is(Tag::kSpan)) return false;
  const std::string_view classes = dom.value(dom[caption].parent, AttributeName::kClass);
  return dom[dom[caption].parent].is(Tag::kFigure) && (has_class(classes, "highlight") || has_class(classes, "code"));
}

bool is_styled_as_pre(const Dom& dom, NodeId id) {
  if (!dom[id].is(Tag::kCode)) return false;
  const std::string_view style = dom.value(id, AttributeName::kStyle);
  const size_t at = style.find("white-space");
  if (at == std::string_view::npos) return false;
  const size_t value = style.find_first_not_of(": ", at + std::string_view("white-space").size());
  if (value == std::string_view::npos) return false;
  const std::string_view rest = style.substr(value);
  return rest.starts_with("pre") && !rest.starts_with("pre-line");
}

bool is_field_of_code(const Dom& dom, NodeId id) {
  if (!dom[id].is(Tag::kTextarea)) return false;
  return dom.value(id, AttributeName::kName) == "code" && !language_of_code(dom, id).empty();
}

bool is_table_of_code(const Dom& dom, NodeId table, uint64_t& steps) {
  constexpr int kNodesMax = 12;  // to the second cell of the first row
  static constexpr std::string_view kCells[] = {
      "blob-code",    "blob-code-inner", "hljs-ln-code", "code-line",
      "line-content", "line_content",    "lines-code",   "FileContents-lineContents"};
  NodeId id = dom.next_in_order(table, table);
  for (int seen = 0; id != kNoNode && seen < kNodesMax; ++seen, id = dom.next_in_order(id, table)) {
    ++steps;
    if (dom[id].is(Tag::kTd) && has_class_among(dom, id, kCells)) return true;
  }
  return has_rows_of_numbered_code(dom, table, steps);
}

}  // namespace ftok::html
