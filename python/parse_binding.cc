// ftok.parse: a page to its tree, read-only. A Node holds the whole page, so any node keeps it alive.
#include <fmt/format.h>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <string>

#include "crawl/charset.h"
#include "extract/html/parser.h"
#include "python/binding.h"

namespace ftok::python {
namespace {

struct ParsedPage {
  std::string html;  // the Dom's strings are views into it
  html::Dom dom;
};

struct PageNode {
  std::shared_ptr<const ParsedPage> page;
  html::NodeId id = html::Dom::kRoot;

  const html::Node& node() const { return page->dom[id]; }
  bool operator==(const PageNode& other) const { return page == other.page && id == other.id; }
};

nb::str str_of(std::string_view text) {
  PyObject* made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (made == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(made);
}

std::optional<PageNode> other(const PageNode& node, html::NodeId id) {
  if (id == html::kNoNode) return std::nullopt;
  return PageNode{node.page, id};
}

const char* kind_of(const PageNode& node) {
  switch (node.node().kind) {
    case html::NodeKind::kDocument: return "document";
    case html::NodeKind::kDoctype: return "doctype";
    case html::NodeKind::kElement: return "element";
    case html::NodeKind::kText: return "text";
    case html::NodeKind::kComment: return "comment";
  }
  return "";
}

const char* namespace_of(const PageNode& node) {
  switch (node.node().name_space) {
    case html::Namespace::kHtml: return "html";
    case html::Namespace::kSvg: return "svg";
    case html::Namespace::kMathMl: return "math";
  }
  return "";
}

nb::dict attributes_of(const PageNode& node) {
  nb::dict out;
  if (!node.node().is_element()) return out;
  for (const html::Attribute* attribute = node.page->dom.attributes(node.id); attribute != nullptr; ++attribute) {
    out[str_of(attribute->name())] = str_of(attribute->value());
    if (attribute->last) break;
  }
  return out;
}

nb::list children_of(const PageNode& node) {
  nb::list out;
  for (html::NodeId id = node.node().first_child; id != html::kNoNode; id = node.page->dom[id].next)
    out.append(nb::cast(PageNode{node.page, id}));
  return out;
}

std::string text_content(const PageNode& node) {
  std::string out;
  const html::Dom& dom = node.page->dom;
  for (html::NodeId id = node.id; id != html::kNoNode; id = dom.next_in_order(id, node.id)) {
    if (dom[id].is_text()) out += dom[id].view();
  }
  return out;
}

// All elements below, in document order; of one name when it is given.
nb::list elements_of(const PageNode& node, const std::optional<std::string>& name) {
  nb::list out;
  const html::Dom& dom = node.page->dom;
  for (html::NodeId id = dom.next_in_order(node.id, node.id); id != html::kNoNode;
       id = dom.next_in_order(id, node.id)) {
    if (dom[id].is_element() && (!name || dom[id].view() == *name)) out.append(nb::cast(PageNode{node.page, id}));
  }
  return out;
}

PageNode parse(nb::handle html, const std::string& content_type) {
  const TextArgument argument(html);
  const bool is_bytes = PyBytes_Check(html.ptr());
  auto page = std::make_shared<ParsedPage>();
  {
    const nb::gil_scoped_release released;
    if (is_bytes) {
      decode_text(choose_charset(argument.view(), content_type).encoding, argument.view(), page->html);
    } else {
      page->html = argument.view();
    }
    const html::ParseResult result = html::parse_html(page->html, {}, page->dom);
    if (result.status != html::ParseStatus::kDone) {
      throw nb::value_error(fmt::format("the page passes the limit '{}': {} of {}", html::name_of(result.status),
                                        result.value, result.limit)
                                .c_str());
    }
  }
  return {std::move(page), html::Dom::kRoot};
}

}  // namespace

void add_parse(nb::module_& module) {
  nb::class_<PageNode>(module, "Node", "A node of a parsed page, read-only.")
      .def_prop_ro("kind", &kind_of, "\"document\", \"doctype\", \"element\", \"text\" or \"comment\".")
      .def_prop_ro(
          "name",
          [](const PageNode& node) { return node.node().is_element() ? str_of(node.node().view()) : nb::str(""); },
          "The name of an element, in lower case; \"\" for other nodes.")
      .def_prop_ro("namespace", &namespace_of, "\"html\", \"svg\" or \"math\".")
      .def_prop_ro(
          "data",
          [](const PageNode& node) { return node.node().is_element() ? nb::str("") : str_of(node.node().view()); },
          "What a text, a comment or a doctype says; \"\" for other nodes.")
      .def_prop_ro("attributes", &attributes_of, "A dict of the attributes of an element.")
      .def_prop_ro("children", &children_of, "The nodes right below, in order.")
      .def_prop_ro(
          "parent", [](const PageNode& node) { return other(node, node.node().parent); },
          "The node above; None for the document.")
      .def_prop_ro(
          "next", [](const PageNode& node) { return other(node, node.node().next); },
          "The node behind, with the same parent; None for the last.")
      .def_prop_ro(
          "previous", [](const PageNode& node) { return other(node, node.node().previous); },
          "The node before, with the same parent; None for the first.")
      .def_prop_ro(
          "text", [](const PageNode& node) { return str_of(text_content(node)); }, "All text below.")
      .def("elements", &elements_of, nb::arg("name").none() = nb::none(),
           "All elements below, in document order; of one name where it is given.")
      .def(
          "__eq__", [](const PageNode& a, const PageNode& b) { return a == b; }, nb::is_operator())
      .def(
          "__hash__",
          [](const PageNode& node) { return reinterpret_cast<uintptr_t>(node.page.get()) ^ (uintptr_t{node.id} << 4); })
      .def("__repr__", [](const PageNode& node) {
        return fmt::format("<ftok.Node {} {:?}>", kind_of(node), node.node().view().substr(0, 40));
      });
  module.def("parse", &parse, nb::arg("html"), nb::arg("content_type") = "",
             "The tree of a page, as the HTML Standard builds it (scripting off): its document, a Node.");
}

}  // namespace ftok::python
