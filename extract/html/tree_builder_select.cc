// <selectedcontent> (HTML Standard, sections 4.10.7 and 13.2.6.1, "maybe clone an option into selectedcontent"): the
// first one of a <select> shows a copy of what the selected option holds. The standard copies whenever a selected
// option is closed; the tree is the same when it is done once, at the end.
#include <algorithm>
#include <utility>

#include "extract/html/tree_builder.h"

namespace ftok::html {

void TreeBuilder::fill_selected_contents() {
  std::vector<std::pair<NodeId, NodeId>> pairs;  // <select>, <selectedcontent>
  for (const NodeId content : selected_contents_) {
    NodeId select = content;
    while (select != kNoNode && !dom_[select].is(Tag::kSelect)) {
      step();
      select = dom_[select].parent;
    }
    if (select != kNoNode) pairs.emplace_back(select, content);
    check_caps();
    if (result_.status != ParseStatus::kDone) return;
  }
  std::sort(pairs.begin(), pairs.end());
  for (size_t i = 0; i < pairs.size() && result_.status == ParseStatus::kDone; ++i) {
    const auto [select, content] = pairs[i];
    if (i > 0 && pairs[i - 1].first == select) continue;  // the first alone
    if (dom_.find(select, AttributeName::kMultiple) != nullptr) continue;
    const NodeId option = selected_option(select);
    if (option == kNoNode) continue;
    while (dom_[content].first_child != kNoNode) dom_.detach(dom_[content].first_child);
    clone_children(option, content);
    check_caps();
  }
}

// The last option with the attribute `selected`, else the first that is not disabled.
NodeId TreeBuilder::selected_option(NodeId select) {
  NodeId first = kNoNode, chosen = kNoNode;
  for (NodeId id = dom_[select].first_child; id != kNoNode; id = dom_.next_in_order(id, select)) {
    step();
    if (!dom_[id].is(Tag::kOption)) continue;
    if (dom_.find(id, AttributeName::kSelected) != nullptr) {
      chosen = id;
    } else if (first == kNoNode && dom_.find(id, AttributeName::kDisabled) == nullptr) {
      first = id;
    }
  }
  return chosen != kNoNode ? chosen : first;
}

// Copies what is below `from`, which is not below `to`, to the end of `to`. Attributes and text are shared.
void TreeBuilder::clone_children(NodeId from, NodeId to) {
  for (NodeId above = dom_[to].parent; above != kNoNode; above = dom_[above].parent) {
    if (above == from) return;
  }
  NodeId parent = to;
  for (NodeId id = dom_[from].first_child; id != kNoNode;) {
    step();
    if (dom_.size() >= limits_.nodes_max) {
      return fail(ParseStatus::kTooManyNodes, static_cast<double>(dom_.size()), limits_.nodes_max);
    }
    const Node original = dom_[id];
    const NodeId copy = dom_.add(original.kind, original.view());
    dom_[copy].tag = original.tag;
    dom_[copy].name_space = original.name_space;
    dom_[copy].attributes = original.attributes;
    dom_.append_child(parent, copy);
    if (original.first_child != kNoNode) {
      parent = copy;
      id = original.first_child;
      continue;
    }
    while (id != from && dom_[id].next == kNoNode) {
      id = dom_[id].parent;
      parent = dom_[parent].parent;
    }
    if (id == from) return;
    id = dom_[id].next;
  }
}

}  // namespace ftok::html
