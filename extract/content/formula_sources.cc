#include "extract/content/formula_sources.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/ascii.h"
#include "extract/content/ancestors.h"
#include "extract/content/formulas.h"
#include "extract/content/mathml_tex.h"
#include "extract/html/parser.h"

namespace ftok::html {

namespace {

constexpr size_t kSourceMax = 4000;  // bytes; a longer one is no formula

std::string_view attribute_named(const Dom& dom, NodeId id, std::initializer_list<std::string_view> names) {
  for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    if (std::find(names.begin(), names.end(), a->name()) != names.end()) return a->value();
  }
  return {};
}

bool has_any(std::string_view classes, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return has_class(classes, name); });
}

bool is_code_tag(Tag tag) { return tag == Tag::kCode || tag == Tag::kPre; }

// Without the delimiters around it; the same text where it has none.
std::string_view without_delimiters(std::string_view text) {
  static constexpr std::string_view kDelimiters[][2] = {{"\\(", "\\)"}, {"\\[", "\\]"}, {"$$", "$$"}, {"$", "$"}};
  for (const auto& [open, close] : kDelimiters) {
    if (text.size() > open.size() + close.size() && text.starts_with(open) && text.ends_with(close))
      return trim(text.substr(open.size(), text.size() - open.size() - close.size()));
  }
  return text;
}

// Environments that TeX reads outside of formulas: they delimit themselves.
bool is_environment_of_text(std::string_view text) {
  static constexpr std::string_view kNames[] = {"equation", "align",   "gather", "multline",   "eqnarray",
                                                "flalign",  "alignat", "math",   "displaymath"};
  constexpr std::string_view kBegin = "\\begin{";
  if (!text.starts_with(kBegin)) return false;
  std::string_view name = text.substr(kBegin.size());
  name = name.substr(0, name.find_first_of("}*"));
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Whether a text is TeX rather than words: it has a command, a script or a brace, or no word of three letters.
bool looks_like_tex(std::string_view text) {
  if (text.find_first_of("\\^_{") != std::string_view::npos) return true;
  size_t letters = 0;
  for (const char c : text) {
    letters = is_alpha(c) || static_cast<unsigned char>(c) >= 0x80 ? letters + 1 : 0;
    if (letters > 2) return false;
  }
  return !text.empty();
}

// The text below an element that a script is yet to draw: nothing but text, line breaks and <code>, in <pre> also the
// spans of a highlighter. Empty where there is more.
std::string source_below(const Dom& dom, NodeId top, uint64_t& steps) {
  const bool in_code = is_code_tag(dom[top].tag);
  std::string text;
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode; id = dom.next_in_order(id, top)) {
    ++steps;
    const Node& node = dom[id];
    if (node.is_text()) text += node.view();
    else if (node.is(Tag::kBr)) text += ' ';
    else if (node.is_element() && !node.is(Tag::kCode) && !node.is(Tag::kWbr) && !(in_code && node.is(Tag::kSpan)))
      return {};
    if (text.size() > kSourceMax) return {};
  }
  return std::string(trim(text));
}

struct FormulaNames {
  bool named = false;    // it may be a formula
  bool certain = false;  // and is nothing else
};

FormulaNames names_in(std::string_view classes, Tag tag) {
  const bool certain = has_any(classes, {"js-render-math", "language-math", "math-inline", "math-display",
                                         "inline-math", "display-math", "math-block"}) ||
                       (has_class(classes, "math") && (is_code_tag(tag) || has_any(classes, {"inline", "display"})));
  const bool named = certain || (!is_code_tag(tag) && has_any(classes, {"math", "tex", "latex", "arithmatex", "kdmath",
                                                                        "ztext-math", "ql-formula", "equation"}));
  return {named, certain};
}

FormulaNames names_of(const Dom& dom, NodeId id) {
  const Node& node = dom[id];
  if (node.tag == Tag::kUnknown) {
    const bool known = node.view() == "d-math" || node.view() == "amp-mathml";
    if (known) return {true, true};
  }
  FormulaNames names = names_in(dom.value(id, AttributeName::kClass), node.tag);
  if (node.tag == Tag::kPre && !names.certain) {
    NodeId child = node.first_child;
    while (child != kNoNode && !dom[child].is_element()) child = dom[child].next;
    const bool in_child = child != kNoNode && dom[child].is(Tag::kCode) &&
                          names_in(dom.value(child, AttributeName::kClass), Tag::kCode).certain;
    if (in_child || dom.value(id, AttributeName::kLang) == "math") names = {true, true};
  }
  return names;
}

bool is_displayed(const Dom& dom, NodeId id) {
  const std::string_view style = attribute_named(dom, id, {"data-math-style", "layout"});
  if (!style.empty()) return style == "display" || style == "container";
  const std::string_view classes = dom.value(id, AttributeName::kClass);
  if (has_any(classes, {"display", "math-display", "display-math", "math-block"})) return true;
  if (has_any(classes, {"inline", "math-inline", "inline-math"})) return false;
  const Node& node = dom[id];
  if (node.tag != Tag::kUnknown) return has_flag(node.tag, kBlock);
  for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    if (a->name() == "block") return true;
  }
  return false;
}

}  // namespace

namespace {

// The MathML below an element whose names have a prefix ("m:math"), as text without it.
std::string mathml_without_prefix(const Dom& dom, NodeId top, uint64_t& steps) {
  constexpr size_t kBytesMax = 65536;
  std::string out;
  std::vector<NodeId> open;
  const auto name_of = [&](NodeId id) {
    const std::string_view name = dom[id].view();
    return name.substr(name.find(':') + 1);
  };
  const auto close = [&] {
    out.append("</").append(name_of(open.back())).append(">");
    open.pop_back();
  };
  const auto put = [&](std::string_view text) {
    for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  };
  for (NodeId id = top; id != kNoNode && out.size() < kBytesMax; id = dom.next_in_order(id, top)) {
    ++steps;
    while (!open.empty() && dom[id].parent != open.back()) close();
    if (dom[id].is_text()) put(dom[id].view());
    if (!dom[id].is_element()) continue;
    out.append("<").append(name_of(id));
    for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
      out.append(" ").append(a->name()).append("=\"");
      put(a->value());
      out += '"';
    }
    out += '>';
    open.push_back(id);
  }
  while (!open.empty()) close();
  return out;
}

}  // namespace

FormulaSource formula_of_element(const Dom& dom, NodeId id, uint64_t& steps) {
  if (dom[id].tag == Tag::kUnknown && dom[id].view().ends_with(":math"))
    return {tex_of_mathml_text(mathml_without_prefix(dom, id, steps), steps),
            attribute_named(dom, id, {"display"}) == "block"};
  const FormulaNames names = names_of(dom, id);
  if (!names.named) return {};
  const std::string_view classes = dom.value(id, AttributeName::kClass);
  std::string_view given = trim(attribute_named(dom, id, {"data-tex", "data-latex", "data-formula"}));
  if (given.empty() && has_class(classes, "ql-formula")) given = trim(attribute_named(dom, id, {"data-value"}));
  if (!given.empty() && given.size() <= kSourceMax)
    return {std::string(without_delimiters(given)), given.starts_with("\\[") || is_displayed(dom, id)};
  std::string text = source_below(dom, id, steps);
  const std::string_view bare = without_delimiters(text);
  const bool is_code = is_code_tag(dom[id].tag);
  if (bare.empty() || (!names.certain && !looks_like_tex(bare))) return {};
  if (!is_code && (bare.size() != text.size() || is_environment_of_text(text))) return {};
  if (!is_code && (text.find("\\(") != std::string::npos || text.find('$') != std::string::npos)) return {};
  return {std::string(bare), is_displayed(dom, id)};
}

FormulaSource formula_of_script(const Dom& dom, NodeId script, uint64_t& steps) {
  const std::string_view type = dom.value(script, AttributeName::kType);
  if (!type.starts_with("math/")) return {};
  std::string text;
  for (NodeId id = dom[script].first_child; id != kNoNode; id = dom[id].next, ++steps) text += dom[id].view();
  std::string_view source = trim(text);
  // kramdown's comment around what XML would read as markup.
  constexpr std::string_view kOpen = "% <![CDATA[", kClose = "%]]>";
  if (source.starts_with(kOpen) && source.ends_with(kClose) && source.size() >= kOpen.size() + kClose.size())
    source = trim(source.substr(kOpen.size(), source.size() - kOpen.size() - kClose.size()));
  const bool displayed = contains_word(type, "mode=display");
  if (type.starts_with("math/mml")) {
    const std::string_view tag = source.substr(0, source.find('>'));
    return {tex_of_mathml_text(source, steps), displayed || tag.find("display=\"block\"") != std::string_view::npos};
  }
  const bool known =
      type.starts_with("math/tex") || type.starts_with("math/latex") || type.starts_with("math/asciimath");
  return known ? FormulaSource{std::string(source), displayed} : FormulaSource();
}

std::string tex_of_mathml_text(std::string_view mathml, uint64_t& steps) {
  constexpr size_t kBytesMax = 65536;
  if (mathml.empty() || mathml.size() > kBytesMax) return {};
  std::string plain;
  for (size_t i = 0; i < mathml.size();) {
    const size_t name = i + 1 + (i + 1 < mathml.size() && mathml[i + 1] == '/' ? 1 : 0);
    const std::string_view rest = mathml[i] == '<' ? mathml.substr(std::min(name, mathml.size())) : std::string_view();
    const size_t prefix = rest.starts_with("mml:") ? 4 : rest.starts_with("m:") ? 2 : 0;
    if (prefix == 0) {
      plain += mathml[i++];
      continue;
    }
    plain += mathml.substr(i, name - i);
    i = name + prefix;
  }
  Dom tree;
  const ParseResult parsed = parse_html(plain, {}, tree);
  steps += parsed.steps;
  if (parsed.status != ParseStatus::kDone || !tree.has_any(Tag::kMath)) return {};
  for (NodeId id = tree.next_in_order(Dom::kRoot); id != kNoNode; id = tree.next_in_order(id)) {
    if (!tree[id].is_element() || tree[id].tag != Tag::kMath) continue;
    const std::string source = tex_of(tree, id, steps);
    return source.empty() ? tex_of_mathml(tree, id, steps) : source;
  }
  return {};
}

}  // namespace ftok::html
