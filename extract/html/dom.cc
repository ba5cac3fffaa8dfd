#include "extract/html/dom.h"

#include <algorithm>

namespace ftok::html {

namespace {

// Grows to `next`, then by half: what a hostile page can make the lists hold stays below 20 bytes per byte of page.
template <typename List>
void make_room(List& list, size_t next) {
  if (list.size() == list.capacity()) list.reserve(std::max(next, list.size() + list.size() / 2 + 256));
}

}  // namespace

void Dom::clear() {
  nodes_.clear();
  attributes_.clear();
  tags_.reset();
  arena_.clear();
  nodes_next_ = attributes_next_ = 0;
  nodes_.emplace_back();
}

// Real pages: a node for 13 bytes at the least, seldom for 25, and half as many attributes. Memory that is reserved and
// never written is never there; copying and clearing it as the lists grow is what costs.
void Dom::reserve(size_t page_bytes, size_t nodes_max) {
  nodes_.reserve(page_bytes / 20 + 64);
  attributes_.reserve(page_bytes / 30 + 64);
  nodes_next_ = nodes_max + 64;
  attributes_next_ = page_bytes / 3 + 64;  // "<a B C D>", the densest there is but for tags of dozens
}

NodeId Dom::add(NodeKind kind, std::string_view data) {
  const NodeId id = static_cast<NodeId>(nodes_.size());
  make_room(nodes_, nodes_next_);
  Node& node = nodes_.emplace_back();
  node.kind = kind;
  node.data = data.data();
  node.size = static_cast<uint32_t>(data.size());
  return id;
}

NodeId Dom::add_element(Tag tag, std::string_view name, Namespace name_space) {
  const NodeId id = add(NodeKind::kElement, name);
  nodes_[id].tag = tag;
  tags_.set(static_cast<size_t>(tag));
  nodes_[id].name_space = name_space;
  return id;
}

void Dom::add_attribute(NodeId element, std::string_view name, std::string_view value) {
  Node& node = nodes_[element];
  if (node.attributes == kNoNode) {
    node.attributes = static_cast<uint32_t>(attributes_.size());
  } else {
    attributes_.back().last = false;
  }
  Attribute& attribute = push_attribute();
  attribute.name_data = name.data();
  attribute.name_size = static_cast<uint16_t>(name.size() > 0xFFFF ? 0xFFFF : name.size());
  attribute.value_data = value.data();
  attribute.value_size = static_cast<uint32_t>(value.size());
  attribute.id = find_attribute(name);
  attribute.last = true;
}

Attribute& Dom::push_attribute() {
  make_room(attributes_, attributes_next_);
  return attributes_.emplace_back();
}

void Dom::append_child(NodeId parent, NodeId child) {
  Node& p = nodes_[parent];
  Node& c = nodes_[child];
  c.parent = parent;
  c.previous = p.last_child;
  c.next = kNoNode;
  if (p.last_child == kNoNode) {
    p.first_child = child;
  } else {
    nodes_[p.last_child].next = child;
  }
  p.last_child = child;
}

void Dom::insert_before(NodeId sibling, NodeId child) {
  Node& s = nodes_[sibling];
  Node& c = nodes_[child];
  c.parent = s.parent;
  c.next = sibling;
  c.previous = s.previous;
  if (s.previous == kNoNode) {
    nodes_[s.parent].first_child = child;
  } else {
    nodes_[s.previous].next = child;
  }
  s.previous = child;
}

void Dom::detach(NodeId child) {
  Node& c = nodes_[child];
  if (c.parent == kNoNode) return;
  Node& p = nodes_[c.parent];
  (c.previous == kNoNode ? p.first_child : nodes_[c.previous].next) = c.next;
  (c.next == kNoNode ? p.last_child : nodes_[c.next].previous) = c.previous;
  c.parent = c.previous = c.next = kNoNode;
}

const Attribute* Dom::find(NodeId element, AttributeName name) const {
  for (const Attribute* a = attributes(element); a != nullptr; a = a->last ? nullptr : a + 1) {
    if (a->id == name) return a;
  }
  return nullptr;
}

}  // namespace ftok::html
