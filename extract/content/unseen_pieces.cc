#include "extract/content/unseen_pieces.h"

#include <algorithm>

#include "core/ascii.h"
#include "extract/content/ancestors.h"
#include "extract/html/scan.h"

namespace ftok::html {

namespace {

constexpr size_t kBytesMax = 80;  // of a piece; a longer one may be text that readers unfold

bool is_piece_tag(Tag tag) {
  switch (tag) {
    case Tag::kSpan:
    case Tag::kSmall:
    case Tag::kEm:
    case Tag::kI:
    case Tag::kB:
    case Tag::kStrong:
    case Tag::kU:
    case Tag::kFont: return true;
    default: return false;
  }
}

bool is_not_blank(std::string_view text) { return text.find_first_not_of(" \t\n\r\f") != std::string_view::npos; }

// Whether a node is words of a line: text, or an inline element with content of its own.
bool is_words(const Dom& dom, NodeId id) {
  if (id == kNoNode) return false;
  const Node& node = dom[id];
  if (node.is_text()) return is_not_blank(node.view());
  return node.is_element() && !has_flag(node.tag, kBlock) && !has_flag(node.tag, kUnseen) &&
         node.first_child != kNoNode;
}

NodeId sibling_of(const Dom& dom, NodeId id, NodeId Node::*direction) {
  constexpr int kReach = 4;  // comments and white space between
  NodeId at = dom[id].*direction;
  for (int seen = 0; at != kNoNode && seen < kReach; ++seen, at = dom[at].*direction) {
    if (dom[at].is_element() || (dom[at].is_text() && is_not_blank(dom[at].view()))) return at;
  }
  return kNoNode;
}

bool is_short(const Dom& dom, NodeId top) {
  constexpr int kNodesMax = 8;
  int nodes = 0;
  size_t bytes = 0;
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode; id = dom.next_in_order(id, top)) {
    if (dom[id].is_text()) bytes += dom[id].view().size();
    if (++nodes > kNodesMax || bytes > kBytesMax || (dom[id].is_element() && has_flag(dom[id].tag, kBlock)))
      return false;
  }
  return bytes > 0;
}

bool is_name_of_css(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  });
}

// Skips the block that opens at `open`, with the blocks in it; gives back where to go on.
size_t behind_block(std::string_view sheet, size_t open) {
  int depth = 0;
  for (size_t at = open; at < sheet.size(); ++at) {
    at = sheet.find_first_of("{}", at);
    if (at == std::string_view::npos) break;
    depth += sheet[at] == '{' ? 1 : -1;
    if (depth <= 0) return at + 1;
  }
  return sheet.size();
}

// Whether the selector that stands at [at, at + size) of a sheet is one of a rule's, with a tag's name before it at
// most, and not a part of another one.
bool is_whole_selector(std::string_view sheet, size_t at, size_t size) {
  size_t end = at + size;
  while (end < sheet.size() && is_ascii_space(sheet[end])) ++end;
  if (end == sheet.size() || (sheet[end] != '{' && sheet[end] != ',')) return false;
  while (at > 0 && is_name_of_css(sheet.substr(at - 1, 1))) --at;
  while (at > 0 && is_ascii_space(sheet[at - 1])) --at;
  return at == 0 || std::string_view("},;/>").find(sheet[at - 1]) != std::string_view::npos;
}

// Whether a sheet has a rule that hides for a selector; a later one may show it again.
bool may_hide(std::string_view sheet, std::string_view selector) {
  const ScanKernels& scans = scan_kernels();
  const char* const end = sheet.data() + sheet.size();
  Seen seen;
  for (const char* p = sheet.data(); p < end; ++p) {
    p = scans.to_pair(p, end, selector[0], selector[1], seen);
    const std::string_view rest(p, static_cast<size_t>(end - p));
    if (!rest.starts_with(selector) ||
        !is_whole_selector(sheet, static_cast<size_t>(p - sheet.data()), selector.size()))
      continue;
    const size_t open = rest.find('{');
    if (open == std::string_view::npos) return false;
    const std::string_view rule = rest.substr(open + 1, std::min(rest.find('}', open), rest.size()) - open - 1);
    if (style_hides(rule)) return true;
    p = rule.data() + rule.size() - 1;  // its other selectors have the same declarations
  }
  return false;
}

}  // namespace

bool UnseenPieces::has(NodeId id, bool is_for_ears, uint64_t& steps) {
  if (!is_piece_tag(dom_[id].tag) || dom_[id].attributes == kNoNode) return false;
  const bool is_in_sentence = stands_behind_words(id) || is_beside_words_of_link(id);
  if (!is_in_sentence || !is_short(dom_, id)) return false;
  ++steps;
  if (is_for_ears) return true;
  const std::string_view style = dom_.value(id, AttributeName::kStyle);
  if (!style.empty() && style_leaves_nothing(style)) return true;
  return is_hidden_by_sheets(id, steps);
}

bool UnseenPieces::stands_behind_words(NodeId id) const {
  const NodeId before = sibling_of(dom_, id, &Node::previous);
  return before != kNoNode && dom_[before].is_text();
}

// In a link that stands in a sentence an element may be all of its words.
bool UnseenPieces::is_beside_words_of_link(NodeId id) const {
  const NodeId link = dom_[id].parent;
  if (!dom_[link].is(Tag::kA) || !stands_behind_words(link)) return false;
  return is_words(dom_, sibling_of(dom_, id, &Node::previous)) || is_words(dom_, sibling_of(dom_, id, &Node::next));
}

bool UnseenPieces::is_hidden_by_sheets(NodeId id, uint64_t& steps) {
  if (!dom_.has_any(Tag::kStyle)) return false;
  if (is_hidden_name('#', dom_.value(id, AttributeName::kId), steps)) return true;
  const std::string_view names = dom_.value(id, AttributeName::kClass);
  constexpr std::string_view kSpaces = " \t\n\r\f";
  for (size_t begin = names.find_first_not_of(kSpaces); begin != std::string_view::npos;) {
    const size_t end = std::min(names.find_first_of(kSpaces, begin), names.size());
    if (is_hidden_name('.', names.substr(begin, end - begin), steps)) return true;
    begin = names.find_first_not_of(kSpaces, end);
  }
  return false;
}

// Sheets are read whole only where one of them has a rule that may hide the name.
bool UnseenPieces::is_hidden_name(char sign, std::string_view name, uint64_t& steps) {
  constexpr size_t kNamesMax = 4;  // looked for on a page
  if (name.empty()) return false;
  std::string selector(1, sign);
  selector += name;
  const auto known = asked_.find(selector);
  if (known != asked_.end()) return known->second;
  if (asked_.size() == kNamesMax) return false;
  if (!has_found_sheets_) find_sheets(steps);
  bool hides = std::any_of(sheets_.begin(), sheets_.end(), [&](std::string_view sheet) {
    steps += sheet.size() / 16;
    return may_hide(sheet, selector);
  });
  if (hides) {
    if (!has_read_) std::for_each(sheets_.begin(), sheets_.end(), [&](std::string_view sheet) { read_sheet(sheet); });
    has_read_ = true;
    hides = hidden_.count(selector) > 0;
  }
  return asked_.emplace(std::move(selector), hides).first->second;
}

// Those that stand right in the head and in the body.
void UnseenPieces::find_sheets(uint64_t& steps) {
  constexpr size_t kSheetsMax = size_t{1} << 16;  // bytes of all of them
  has_found_sheets_ = true;
  size_t left = kSheetsMax;
  NodeId html = dom_[Dom::kRoot].first_child;
  while (html != kNoNode && !dom_[html].is(Tag::kHtml)) html = dom_[html].next;
  if (html == kNoNode) return;
  for (NodeId part = dom_[html].first_child; part != kNoNode; part = dom_[part].next) {
    for (NodeId id = dom_[part].first_child; id != kNoNode && left > 0; id = dom_[id].next) {
      ++steps;
      if (!dom_[id].is(Tag::kStyle) || dom_[id].first_child == kNoNode) continue;
      sheets_.push_back(dom_[dom_[id].first_child].view().substr(0, left));
      left -= sheets_.back().size();
    }
  }
}

// Rules that hold everywhere: what stands within @media and the like is passed over.
void UnseenPieces::read_sheet(std::string_view sheet) {
  for (size_t at = 0; at < sheet.size();) {
    const size_t open = sheet.find('{', at);
    if (open == std::string_view::npos) return;
    std::string_view selectors = sheet.substr(at, open - at);
    for (const char end : {';', '/', '>'}) {  // of an @import, a comment, "<!-- -->"
      const size_t last = selectors.rfind(end);
      const bool ends = last != std::string_view::npos &&
                        (end == ';' || (last > 0 && selectors[last - 1] == (end == '/' ? '*' : '-')));
      if (ends) selectors.remove_prefix(last + 1);
    }
    selectors = trim(selectors);
    if (selectors.starts_with('@')) {
      at = behind_block(sheet, open);
      continue;
    }
    const size_t close = std::min(sheet.find('}', open), sheet.size());
    read_rule(selectors, sheet.substr(open + 1, close - open - 1));
    at = close + 1;
  }
}

void UnseenPieces::read_rule(std::string_view selectors, std::string_view declarations) {
  constexpr size_t kNamesMax = 500, kSelectorsMax = 400;  // the latter in bytes
  if (selectors.size() > kSelectorsMax ||
      (selectors.find('.') == std::string_view::npos && selectors.find('#') == std::string_view::npos))
    return;
  const bool hides = style_hides(declarations);
  const bool shows = !hides && style_places(declarations);
  if (!hides && !shows) return;
  while (!selectors.empty()) {
    const size_t end = std::min(selectors.find(','), selectors.size());
    std::string_view selector = trim(selectors.substr(0, end));
    selectors.remove_prefix(std::min(end + 1, selectors.size()));
    const size_t sign = selector.find_first_of(".#");
    if (sign == std::string_view::npos || (sign > 0 && !is_name_of_css(selector.substr(0, sign)))) continue;
    selector.remove_prefix(sign);
    if (!is_name_of_css(selector.substr(1))) continue;
    if (shows) hidden_.erase(selector);
    else if (hidden_.size() < kNamesMax) hidden_.insert(selector);
  }
}

}  // namespace ftok::html
