#include "extract/content/formulas.h"

#include <algorithm>
#include <iterator>

#include "core/ascii.h"
#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

// All text below an element, white space around it dropped.
std::string text_of(const Dom& dom, NodeId top, uint64_t& steps) {
  std::string text;
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode; id = dom.next_in_order(id, top)) {
    ++steps;
    if (dom[id].is_text()) text += dom[id].view();
  }
  while (!text.empty() && is_html_space(text.back())) text.pop_back();
  text.erase(0, static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_html_space) - text.begin()));
  return text;
}

// "TeX" is MathML 3's name for the encoding; media types of TeX and LaTeX are met too.
bool is_tex(std::string_view encoding) {
  const size_t slash = encoding.find('/');
  if (slash != std::string_view::npos) encoding.remove_prefix(slash + 1);
  encoding = encoding.substr(0, encoding.find_first_of("; "));
  if (encoding.size() > 2 && (encoding[0] == 'x' || encoding[0] == 'X') && encoding[1] == '-')
    encoding.remove_prefix(2);
  return (encoding.size() == 3 && contains_word(encoding, "tex")) ||
         (encoding.size() == 5 && contains_word(encoding, "latex"));
}

bool is_named(const Node& node, std::string_view name) { return node.is_element() && node.view() == name; }

NodeId first_element(const Dom& dom, NodeId parent) {
  NodeId id = dom[parent].first_child;
  while (id != kNoNode && !dom[id].is_element()) id = dom[id].next;
  return id;
}

NodeId next_element(const Dom& dom, NodeId id) {
  do id = dom[id].next;
  while (id != kNoNode && !dom[id].is_element());
  return id;
}

// The <semantics> that holds all of the formula, itself within elements of one child at most; kNoNode without.
NodeId whole_semantics(const Dom& dom, NodeId math, uint64_t& steps) {
  for (NodeId id = first_element(dom, math); id != kNoNode; id = first_element(dom, id)) {
    ++steps;
    if (next_element(dom, id) != kNoNode) return kNoNode;
    if (is_named(dom[id], "semantics")) return id;
    if (!is_named(dom[id], "mrow") && !is_named(dom[id], "mstyle")) return kNoNode;
  }
  return kNoNode;
}

}  // namespace

std::string tex_of(const Dom& dom, NodeId math, uint64_t& steps) {
  const NodeId semantics = whole_semantics(dom, math, steps);
  NodeId child = semantics == kNoNode ? kNoNode : dom[semantics].first_child;
  for (; child != kNoNode; child = dom[child].next) {
    ++steps;
    if (!dom[child].is_element() || dom[child].tag != Tag::kAnnotation) continue;
    if (!is_tex(dom.value(child, AttributeName::kEncoding))) continue;
    std::string text = text_of(dom, child, steps);
    if (!text.empty()) return text;
  }
  const std::string_view alternative = dom.value(math, AttributeName::kAlttext);
  return std::all_of(alternative.begin(), alternative.end(), is_html_space) ? std::string() : std::string(alternative);
}

std::string tex_of_image(const Dom& dom, NodeId image) {
  // WordPress, MediaWiki, Moodle and others name the image; services are known by their address.
  static constexpr std::string_view kClasses[] = {"latex", "tex", "mathtex-equation-editor", "texrender"};
  static constexpr std::string_view kServices[] = {"latex.codecogs.com", "/latex.php?", "cht=tx",
                                                   "mimetex.cgi",        "mathtex.cgi", "filter/tex/pix.php"};
  if (dom.value(image, AttributeName::kAriaHidden) == "true") return {};
  const std::string_view classes = dom.value(image, AttributeName::kClass);
  const std::string_view source = dom.value(image, AttributeName::kSrc);
  const bool is_formula = std::any_of(std::begin(kClasses), std::end(kClasses),
                                      [&](std::string_view name) { return has_class(classes, name); }) ||
                          std::any_of(std::begin(kServices), std::end(kServices), [&](std::string_view service) {
                            return source.find(service) != std::string_view::npos;
                          });
  std::string_view tex = is_formula ? dom.value(image, AttributeName::kAlt) : std::string_view();
  while (!tex.empty() && is_html_space(tex.front())) tex.remove_prefix(1);
  while (!tex.empty() && is_html_space(tex.back())) tex.remove_suffix(1);
  if (tex.size() > 2 && tex.front() == '$' && tex.back() == '$') tex.remove_prefix(1), tex.remove_suffix(1);
  return std::string(tex);
}

NodeId formula_below(const Dom& dom, NodeId top) {
  constexpr int kNodesMax = 4;
  NodeId id = dom.next_in_order(top, top);
  for (int seen = 0; id != kNoNode && seen < kNodesMax; ++seen, id = dom.next_in_order(id, top)) {
    if (dom[id].is_element() && dom[id].tag == Tag::kMath) return id;
  }
  return kNoNode;
}

bool is_equation_number(std::string_view text) {
  constexpr size_t kBytesMax = 12;
  return text.size() <= kBytesMax && text.starts_with('(') && text.ends_with(')') &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

bool is_drawing_alone(const Dom& dom, NodeId id) {
  if (!has_class(dom.value(id, AttributeName::kClass), "katex-html")) return false;
  constexpr int kSiblingsMax = 8;
  NodeId sibling = dom[dom[id].parent].first_child;
  for (int seen = 0; sibling != kNoNode && seen < kSiblingsMax; ++seen, sibling = dom[sibling].next) {
    if (sibling == id || !dom[sibling].is_element()) continue;
    if (dom[sibling].tag == Tag::kMath || formula_below(dom, sibling) != kNoNode) return false;
  }
  return true;
}

}  // namespace ftok::html
