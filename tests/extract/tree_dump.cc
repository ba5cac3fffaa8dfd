#include "tests/extract/tree_dump.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace ftok::testing {

namespace {

using html::Attribute;
using html::Dom;
using html::kNoNode;
using html::Namespace;
using html::Node;
using html::NodeId;
using html::NodeKind;
using html::Tag;

std::string attribute_name(const Attribute& attribute, bool foreign) {
  std::string name(attribute.name());
  static const char* const kPrefixed[] = {"xlink:actuate", "xlink:arcrole", "xlink:href", "xlink:role", "xlink:show",
                                          "xlink:title",   "xlink:type",    "xml:lang",   "xml:space",  "xmlns:xlink"};
  if (foreign) {
    for (const char* prefixed : kPrefixed) {
      if (name == prefixed) name[name.find(':')] = ' ';
    }
  }
  return name;
}

class Dump {
 public:
  explicit Dump(const Dom& dom) : dom_(dom) {}

  std::string run(NodeId top) {
    std::vector<std::pair<NodeId, int>> left;
    push_children(left, top, 0);
    while (!left.empty()) {
      const auto [id, level] = left.back();
      left.pop_back();
      write(id, level);
      if (dom_[id].is(Tag::kTemplate)) {
        line(level + 1, "content");
        push_children(left, id, level + 2);
      } else if (dom_[id].is_element()) {
        push_children(left, id, level + 1);
      }
    }
    return out_;
  }

 private:
  void push_children(std::vector<std::pair<NodeId, int>>& left, NodeId id, int level) {
    for (NodeId child = dom_[id].last_child; child != kNoNode; child = dom_[child].previous)
      left.push_back({child, level});
  }

  void line(int level, std::string_view text) {
    out_ += "| ";
    out_.append(static_cast<size_t>(level) * 2, ' ');
    out_ += text;
    out_ += '\n';
    joinable_ = false;
  }

  void write(NodeId id, int level) {
    const Node& node = dom_[id];
    switch (node.kind) {
      case NodeKind::kText:
        if (node.previous != kNoNode && dom_[node.previous].is_text() && joinable_) {
          out_.insert(out_.size() - 2, node.view());
        } else {
          line(level, "\"" + std::string(node.view()) + "\"");
          joinable_ = true;
        }
        return;
      case NodeKind::kComment: return line(level, "<!-- " + std::string(node.view()) + " -->");
      case NodeKind::kDoctype: return write_doctype(id, level);
      default: break;
    }
    const char* prefix = node.name_space == Namespace::kSvg      ? "svg "
                         : node.name_space == Namespace::kMathMl ? "math "
                                                                 : "";
    line(level, "<" + (prefix + std::string(node.view())) + ">");
    std::vector<std::string> attributes;
    for (const Attribute* a = dom_.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
      attributes.push_back(attribute_name(*a, node.name_space != Namespace::kHtml) + "=\"" + std::string(a->value()) +
                           "\"");
    }
    std::sort(attributes.begin(), attributes.end());
    for (const std::string& attribute : attributes) line(level + 1, attribute);
  }

  void write_doctype(NodeId id, int level) {
    std::string text = "<!DOCTYPE " + std::string(dom_[id].view());
    for (const Attribute* a = dom_.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
      text += " \"" + std::string(a->value()) + "\"";
    }
    line(level, text + ">");
  }

  const Dom& dom_;
  std::string out_;
  bool joinable_ = false;  // the last line is a text
};

}  // namespace

std::string dump_tree(const Dom& dom, NodeId top) { return Dump(dom).run(top); }

}  // namespace ftok::testing
