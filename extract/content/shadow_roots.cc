#include "extract/content/shadow_roots.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/hash_seed.h"
#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

bool is_shadow_root(const Dom& dom, NodeId id) {
  if (!dom[id].is(Tag::kTemplate)) return false;
  const std::string_view mode = dom.value(id, AttributeName::kShadowrootmode);
  return (mode.size() == 4 && contains_word(mode, "open")) || (mode.size() == 6 && contains_word(mode, "closed"));
}

// The elements that may have a shadow root (DOM Standard, "valid shadow host name"): a template in another stays one.
bool may_be_host(const Node& node) {
  if (!node.is_element() || node.name_space != Namespace::kHtml) return false;
  switch (node.tag) {
    // clang-format off
    case Tag::kArticle: case Tag::kAside: case Tag::kBlockquote: case Tag::kBody: case Tag::kDiv: case Tag::kFooter:
    case Tag::kH1: case Tag::kH2: case Tag::kH3: case Tag::kH4: case Tag::kH5: case Tag::kH6: case Tag::kHeader:
    case Tag::kMain: case Tag::kNav: case Tag::kP: case Tag::kSection: case Tag::kSpan: return true;
    // clang-format on
    default: return node.tag == Tag::kUnknown && node.view().find('-') != std::string_view::npos;
  }
}

// The slot of a name below a root that is not in another root; kNoNode without.
class Slots {
 public:
  Slots(const Dom& dom, NodeId root, uint64_t& steps) : dom_(dom) {
    for (NodeId id = dom.next_in_order(root, root); id != kNoNode;) {
      ++steps;
      if (dom[id].is(Tag::kSlot)) slots_.push_back(id);
      id = dom[id].is(Tag::kTemplate) ? dom.next_after_subtree(id, root) : dom.next_in_order(id, root);
    }
  }
  NodeId of(std::string_view name) const {
    for (const NodeId slot : slots_) {
      if (dom_.value(slot, AttributeName::kName) == name) return slot;
    }
    return kNoNode;
  }
  const std::vector<NodeId>& all() const { return slots_; }

 private:
  const Dom& dom_;
  std::vector<NodeId> slots_;
};

void clear_children(Dom& dom, NodeId parent) {
  while (dom[parent].first_child != kNoNode) dom.detach(dom[parent].first_child);
}

bool is_blank_text(const Node& node) {
  if (!node.is_text()) return false;
  for (const char c : node.view()) {
    if (c != ' ' && !(c >= '\t' && c <= '\r')) return false;
  }
  return true;
}

// Of slots with one name only the first is looked at, and no more than a few: a host's children times its slots are
// compared.
void fill_slots(Dom& dom, NodeId root, NodeId host, uint64_t& steps) {
  constexpr size_t kSlotsMax = 64;
  const Slots slots(dom, root, steps);
  std::vector<NodeId> filled;
  const size_t known = std::min(slots.all().size(), kSlotsMax);
  for (NodeId child = dom[host].first_child, next = kNoNode; child != kNoNode; child = next) {
    next = dom[child].next;
    steps += 1 + known;
    if (child == root) continue;
    NodeId slot = kNoNode;
    if (slots.all().size() <= kSlotsMax && !is_blank_text(dom[child]) &&
        (dom[child].is_element() || dom[child].is_text()))
      slot = slots.of(dom[child].is_element() ? dom.value(child, AttributeName::kSlot) : std::string_view());
    dom.detach(child);
    if (slot == kNoNode) continue;
    if (std::find(filled.begin(), filled.end(), slot) == filled.end()) {
      clear_children(dom, slot);  // what it shows when nothing is put there
      filled.push_back(slot);
    }
    dom.append_child(slot, child);
  }
}

}  // namespace

// Outer roots first: what they show may be put into a slot of an inner one. A root's own slots are looked for outside
// of the roots in it, so that no node is gone through twice.
void open_shadow_roots(Dom& dom, uint64_t& steps) {
  if (!dom.has_any(Tag::kTemplate)) return;
  std::vector<NodeId> roots;
  std::unordered_set<NodeId, SeededHash> hosts;
  for (NodeId id = dom.next_in_order(Dom::kRoot); id != kNoNode; id = dom.next_in_order(id)) {
    ++steps;
    if (is_shadow_root(dom, id) && may_be_host(dom[dom[id].parent]) && hosts.insert(dom[id].parent).second)
      roots.push_back(id);
  }
  for (const NodeId root : roots) {
    fill_slots(dom, root, dom[root].parent, steps);
    dom[root].tag = Tag::kDiv;
  }
}

}  // namespace ftok::html
