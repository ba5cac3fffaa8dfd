// Dom: the tree of one page. All nodes lie in one vector and name each other by index; names, values and text are views
// into the page's bytes or into the Dom's arena, so the page's bytes must outlive the Dom.
//
// Text may come in several adjacent text nodes: a walker reads them as one run. Walks are loops, never recursion:
// next_in_order and next_after_subtree visit a tree of any depth in constant memory.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "extract/html/arena.h"
#include "extract/html/huge_pages.h"
#include "extract/html/tags.h"

namespace ftok::html {

using NodeId = uint32_t;
constexpr NodeId kNoNode = 0xFFFFFFFF;

enum class NodeKind : uint8_t { kDocument, kDoctype, kElement, kText, kComment };
enum class Namespace : uint8_t { kHtml, kSvg, kMathMl };

struct Attribute {
  const char* name_data = nullptr;
  const char* value_data = nullptr;
  uint32_t value_size = 0;
  uint16_t name_size = 0;
  AttributeName id = AttributeName::kUnknown;
  bool last = false;  // of its element

  std::string_view name() const { return {name_data, name_size}; }
  std::string_view value() const { return {value_data, value_size}; }
};

struct Node {
  NodeId parent = kNoNode;
  NodeId first_child = kNoNode;
  NodeId last_child = kNoNode;
  NodeId next = kNoNode;
  NodeId previous = kNoNode;
  NodeKind kind = NodeKind::kDocument;
  Namespace name_space = Namespace::kHtml;
  Tag tag = Tag::kUnknown;
  uint8_t reserved = 0;
  uint32_t size = 0;              // of data
  uint32_t attributes = kNoNode;  // index of the first one; kNoNode: none
  const char* data = nullptr;     // text, comment, or an element's name in lower case

  std::string_view view() const { return {data, size}; }
  bool is_element() const { return kind == NodeKind::kElement; }
  bool is_text() const { return kind == NodeKind::kText; }
  bool is(Tag t) const { return kind == NodeKind::kElement && tag == t && name_space == Namespace::kHtml; }
};
static_assert(sizeof(Node) == 40);

// Not thread-safe; reused from page to page through clear().
class Dom {
 public:
  Dom() { clear(); }
  Dom(const Dom&) = delete;
  Dom& operator=(const Dom&) = delete;

  static constexpr NodeId kRoot = 0;  // the document

  const Node& operator[](NodeId id) const { return nodes_[id]; }
  Node& operator[](NodeId id) { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }
  size_t bytes() const {
    return nodes_.capacity() * sizeof(Node) + attributes_.capacity() * sizeof(Attribute) + arena_.bytes();
  }

  bool has_any(Tag tag) const {
    return tags_.test(static_cast<size_t>(tag));
  }  // whether an element of that name was ever added

  void clear();
  // Makes room for the tree of a page of so many bytes, were it an ordinary one; were it not, for one of `nodes_max` at
  // once.
  void reserve(size_t page_bytes, size_t nodes_max);
  NodeId add(NodeKind kind, std::string_view data = {});
  NodeId add_element(Tag tag, std::string_view name, Namespace name_space = Namespace::kHtml);
  // Attributes are added right after their element, in order.
  void add_attribute(NodeId element, std::string_view name, std::string_view value);
  // For parsers that write a tag's attributes before they know whether an element comes of it: push them, then give the
  // run to one or more elements, or take it back by truncating.
  uint32_t attribute_count() const { return static_cast<uint32_t>(attributes_.size()); }
  Attribute& push_attribute();
  Attribute& attribute(uint32_t index) { return attributes_[index]; }
  void truncate_attributes(uint32_t count) { attributes_.resize(count); }
  void append_child(NodeId parent, NodeId child);
  void insert_before(NodeId sibling, NodeId child);
  void detach(NodeId child);
  Arena& arena() { return arena_; }

  // The first attribute of an element, null when it has none; the next one follows it unless `last`.
  const Attribute* attributes(NodeId element) const {
    const uint32_t first = nodes_[element].attributes;
    return first == kNoNode ? nullptr : &attributes_[first];
  }
  // The value of an attribute, null when the element has none of that name.
  const Attribute* find(NodeId element, AttributeName name) const;
  std::string_view value(NodeId element, AttributeName name) const {
    const Attribute* found = find(element, name);
    return found == nullptr ? std::string_view() : found->value();
  }

  // The first child, and the next sibling, that is an element; kNoNode where there is none.
  NodeId first_element(NodeId parent) const { return element_from(nodes_[parent].first_child); }
  NodeId next_element(NodeId id) const { return element_from(nodes_[id].next); }

  // The node after `id` in document order within the subtree of `top`; kNoNode at its end.
  NodeId next_in_order(NodeId id, NodeId top = kRoot) const {
    const NodeId child = nodes_[id].first_child;
    return child != kNoNode ? child : next_after_subtree(id, top);
  }
  // The same, leaving out what is below `id`.
  NodeId next_after_subtree(NodeId id, NodeId top = kRoot) const {
    while (id != top) {
      if (nodes_[id].next != kNoNode) return nodes_[id].next;
      id = nodes_[id].parent;
    }
    return kNoNode;
  }

 private:
  NodeId element_from(NodeId id) const {
    while (id != kNoNode && !nodes_[id].is_element()) id = nodes_[id].next;
    return id;
  }

  std::vector<Node, HugePages<Node>> nodes_;
  std::vector<Attribute, HugePages<Attribute>> attributes_;
  std::bitset<256> tags_;
  size_t nodes_next_ = 0, attributes_next_ = 0;  // room to make when the first is used up
  Arena arena_;
};

}  // namespace ftok::html
