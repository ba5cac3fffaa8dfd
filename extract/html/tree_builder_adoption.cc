// The adoption agency algorithm (section 13.2.6.4.7): formatting elements that are closed out of order. The numbers are
// those of the standard's steps. Parse errors are not reported here, so that step 4.6 has no line.
#include "extract/html/tree_builder.h"

namespace ftok::html {

void TreeBuilder::adoption_agency(Tag tag) {
  if (top().tag == tag && find_formatting(top().node) == SIZE_MAX) return pop();  // 1, 2
  for (int outer = 0; outer < 8; ++outer) {                                       // 3, 4.1, 4.2
    if (!adopt_once(tag)) return;
  }
}

// Step 4.3: the last element of this tag in the list of active formatting elements, behind its last marker; SIZE_MAX
// where there is none.
size_t TreeBuilder::last_formatting(Tag tag) {
  for (size_t i = formatting_.size(); i-- > 0 && formatting_[i].node != kNoNode;) {
    step();
    if (formatting_[i].tag == tag) return i;
  }
  return SIZE_MAX;
}

void TreeBuilder::erase_formatting(size_t i) { formatting_.erase(formatting_.begin() + static_cast<ptrdiff_t>(i)); }

// Steps 4.3 to 4.19, one round; false when there is nothing more to do.
bool TreeBuilder::adopt_once(Tag tag) {
  const size_t in_list = last_formatting(tag);  // 4.3
  if (in_list == SIZE_MAX) {
    any_other_end_tag();
    return false;
  }
  const NodeId subject = formatting_[in_list].node;
  const size_t place = find_open(subject);
  if (place == SIZE_MAX) {  // 4.4
    erase_formatting(in_list);
    return false;
  }
  for (size_t i = open_.size() - 1; i > place; --i) {  // 4.5: is it in scope?
    step();
    if ((open_[i].flags & kIsBarrier) != 0) return false;
  }
  size_t furthest = place + 1;  // 4.7
  while (furthest < open_.size() && (open_[furthest].flags & kIsSpecial) == 0) step(), ++furthest;
  if (furthest >= open_.size()) {  // 4.8
    pop_through(place);
    erase_formatting(in_list);
    return false;
  }
  const NodeId common = open_[place - 1].node;  // 4.9
  const NodeId furthest_node = open_[furthest].node;
  size_t bookmark = in_list;                                     // 4.10
  const NodeId last = adopt_between(place, furthest, bookmark);  // 4.11 to 4.13
  dom_.detach(last);                                             // 4.14
  insert_at(appropriate_place(common), last);
  const NodeId element = clone_element(subject);        // 4.15
  move_children(furthest_node, element);                // 4.16
  dom_.append_child(furthest_node, element);            // 4.17
  replace_formatting(subject, element, bookmark, tag);  // 4.18
  remove_from_stack(find_open(subject));                // 4.19
  insert_open_behind(furthest_node, element, tag);
  return true;
}

// Steps 4.11 to 4.13: the elements between the subject and the furthest block, inside out. Each that is still in the
// list of active formatting elements is cloned around what has been moved so far; returns the outermost of that.
NodeId TreeBuilder::adopt_between(size_t place, size_t furthest, size_t& bookmark) {
  const NodeId furthest_node = open_[furthest].node;
  NodeId last = furthest_node;  // 4.11
  size_t at = furthest;
  for (int inner = 1; at-- > place + 1; ++inner) {  // 4.12, 4.13.1 to 4.13.3
    NodeId node = open_[at].node;
    size_t listed = find_formatting(node);
    if (inner > 3 && listed != SIZE_MAX) {  // 4.13.4
      erase_formatting(listed);
      if (listed < bookmark) --bookmark;
      listed = SIZE_MAX;
    }
    if (listed == SIZE_MAX) {  // 4.13.5
      remove_from_stack(at);
      continue;
    }
    const NodeId clone = clone_element(node);  // 4.13.6
    formatting_[listed].node = clone;
    open_[at].node = clone;
    node = clone;
    if (last == furthest_node) bookmark = listed + 1;  // 4.13.7
    dom_.detach(last);                                 // 4.13.8
    dom_.append_child(node, last);
    last = node;  // 4.13.9
  }
  return last;
}

void TreeBuilder::move_children(NodeId from, NodeId to) {
  while (dom_[from].first_child != kNoNode) {
    step();
    const NodeId child = dom_[from].first_child;
    dom_.detach(child);
    dom_.append_child(to, child);
  }
}

// `element` takes the place of `subject` in the list of active formatting elements, at the bookmark.
void TreeBuilder::replace_formatting(NodeId subject, NodeId element, size_t bookmark, Tag tag) {
  const size_t in_list = find_formatting(subject);
  erase_formatting(in_list);
  if (in_list < bookmark) --bookmark;
  formatting_.insert(formatting_.begin() + static_cast<ptrdiff_t>(bookmark), {element, tag});
}

void TreeBuilder::insert_open_behind(NodeId above, NodeId element, Tag tag) {
  OpenElement entry;
  entry.node = element;
  entry.tag = entry.any_tag = tag;
  open_.insert(open_.begin() + static_cast<ptrdiff_t>(find_open(above) + 1), entry);
  ++open_count_[static_cast<size_t>(tag)];
  update_cdata();
}

}  // namespace ftok::html
