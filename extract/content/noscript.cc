#include "extract/content/noscript.h"

namespace ftok::html {

size_t noscript_text_size(const Dom& dom, uint64_t& steps) {
  size_t size = 0;
  NodeId id = dom.next_in_order(Dom::kRoot);
  while (id != kNoNode) {
    ++steps;
    if (!dom[id].is_element() || dom[id].tag != Tag::kNoscript) {
      id = dom[id].is_element() && dom[id].tag == Tag::kHead ? dom.next_after_subtree(id) : dom.next_in_order(id);
      continue;
    }
    for (NodeId inner = dom.next_in_order(id, id); inner != kNoNode; inner = dom.next_in_order(inner, id)) {
      ++steps;
      if (dom[inner].is_text()) size += dom[inner].view().size();
    }
    id = dom.next_after_subtree(id);
  }
  return size;
}

}  // namespace ftok::html
