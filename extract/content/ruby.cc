#include "extract/content/ruby.h"

namespace ftok::html {

namespace {

bool is_only_space(std::string_view text) {
  for (const char c : text) {
    if (c != ' ' && !(c >= '\t' && c <= '\r')) return false;
  }
  return true;
}

// The first text below an element that is not white space, within a few nodes.
std::string_view first_text(const Dom& dom, NodeId top) {
  constexpr int kNodesMax = 16;
  NodeId id = dom.next_in_order(top, top);
  for (int seen = 0; id != kNoNode && seen < kNodesMax; ++seen, id = dom.next_in_order(id, top)) {
    if (dom[id].is_text() && !is_only_space(dom[id].view())) return dom[id].view();
  }
  return {};
}

// The element beside a reading, nothing but white space between them.
NodeId beside(const Dom& dom, NodeId id, NodeId Node::*side) {
  do id = dom[id].*side;
  while (id != kNoNode && !dom[id].is_element() && (!dom[id].is_text() || is_only_space(dom[id].view())));
  return id != kNoNode && dom[id].is_element() ? id : kNoNode;
}

std::string_view bracket(const Dom& dom, NodeId id, std::string_view otherwise) {
  if (id == kNoNode) return otherwise;
  if (dom[id].is(Tag::kRt)) return {};
  const std::string_view own = dom[id].is(Tag::kRp) ? first_text(dom, id) : std::string_view();
  return own.empty() ? otherwise : own;
}

}  // namespace

RubyBrackets ruby_brackets(const Dom& dom, NodeId reading) {
  const std::string_view text = first_text(dom, reading);
  if (text.empty()) return {};
  const bool latin = static_cast<unsigned char>(text[0]) < 0xE0;
  return {true, bracket(dom, beside(dom, reading, &Node::previous), latin ? "(" : "\uFF08"),
          bracket(dom, beside(dom, reading, &Node::next), latin ? ")" : "\uFF09")};
}

}  // namespace ftok::html
