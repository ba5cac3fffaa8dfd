#include "extract/content/list_numbers.h"

#include <algorithm>

namespace ftok::html {

namespace {

constexpr int64_t kNumberMax = INT32_MAX;

// "Rules for parsing integers" of the standard; false where there is none.
bool parse_integer(std::string_view text, int64_t& number) {
  size_t i = 0;
  while (i < text.size() && (text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r'))) ++i;
  const bool negative = i < text.size() && text[i] == '-';
  if (negative || (i < text.size() && text[i] == '+')) ++i;
  if (i >= text.size() || text[i] < '0' || text[i] > '9') return false;
  number = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
    number = std::min(number * 10 + (text[i] - '0'), kNumberMax);
  if (negative) number = -number;
  return true;
}

}  // namespace

void ListNumbers::open(const Dom& dom, NodeId list, uint64_t& steps) {
  List& opened = open_.emplace_back();
  opened.ordered = dom[list].tag == Tag::kOl;
  if (!opened.ordered) return;
  const bool reversed = dom.find(list, AttributeName::kReversed) != nullptr;
  if (reversed) opened.step = -1;
  if (parse_integer(dom.value(list, AttributeName::kStart), opened.number) || !reversed) return;
  opened.number = 0;
  for (NodeId id = dom.next_in_order(list, list); id != kNoNode;) {  // its own items, not those of a list in it
    ++steps;
    opened.number += dom[id].is(Tag::kLi);
    const bool passed_over = dom[id].is_element() && is_list(dom[id].tag);
    id = passed_over ? dom.next_after_subtree(id, list) : dom.next_in_order(id, list);
  }
}

bool ListNumbers::next(std::string_view value, int32_t& number) {
  number = 0;
  if (open_.empty() || !open_.back().ordered) return false;
  List& list = open_.back();
  parse_integer(value, list.number);
  number = static_cast<int32_t>(std::clamp(list.number, -kNumberMax, kNumberMax));
  list.number += list.step;
  return true;
}

}  // namespace ftok::html
