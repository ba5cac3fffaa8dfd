#include "extract/content/footnotes.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

// The text below a link, which is short: empty where it has more than `bytes_max`.
std::string short_text(const Dom& dom, NodeId link, size_t bytes_max) {
  constexpr int kNodesMax = 6;
  std::string text;
  int seen = 0;
  for (NodeId id = dom.next_in_order(link, link); id != kNoNode; id = dom.next_in_order(id, link)) {
    if (++seen > kNodesMax) return {};
    if (dom[id].is_text()) text += dom[id].view();
    if (text.size() > bytes_max) return {};
  }
  const size_t begin = text.find_first_not_of(" \n\t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \n\t") + 1 - begin);
}

bool has_any_class(const Dom& dom, NodeId id, std::initializer_list<std::string_view> names) {
  const std::string_view classes = dom.value(id, AttributeName::kClass);
  return !classes.empty() &&
         std::any_of(names.begin(), names.end(), [&](std::string_view name) { return has_class(classes, name); });
}

}  // namespace

bool is_footnote_link(const Dom& dom, NodeId link) {
  constexpr size_t kBytesMax = 12;  // with white space around it
  const std::string_view href = dom.value(link, AttributeName::kHref);
  if (href.size() < 2 || href[0] != '#') return false;
  const bool is_named = href.starts_with("#fn") || dom.value(link, AttributeName::kRole) == "doc-noteref" ||
                        has_any_class(dom, link, {"footnote", "footnote-ref", "footnote-reference", "footnote-link"});
  if (!is_named) return false;
  const std::string text = short_text(dom, link, kBytesMax);
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_footnote_item(const Dom& dom, NodeId item) {
  constexpr int kLevels = 3;  // the list, and two boxes around it
  if (dom.value(item, AttributeName::kId).empty()) return false;
  NodeId at = dom[item].parent;
  for (int level = 0; level < kLevels && at != kNoNode && dom[at].is_element(); ++level, at = dom[at].parent) {
    if (dom.value(at, AttributeName::kRole) == "doc-endnotes" || has_any_class(dom, at, {"footnotes", "footnote"}))
      return true;
  }
  return false;
}

bool is_footnote_return(const Dom& dom, NodeId link) {
  constexpr std::string_view kSigns[] = {"\u21A9", "\u21A9\uFE0E", "\u21A9\uFE0F", "\u2191",
                                         "\u21B5", "\u2BAD",       "\u2934",       "^"};
  constexpr size_t kBytesMax = 16;
  const std::string_view href = dom.value(link, AttributeName::kHref);
  if (href.size() < 2 || href[0] != '#') return false;
  const std::string text = short_text(dom, link, kBytesMax);
  return std::find(std::begin(kSigns), std::end(kSigns), text) != std::end(kSigns);
}

}  // namespace ftok::html
