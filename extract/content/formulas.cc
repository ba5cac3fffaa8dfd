#include "extract/content/formulas.h"

#include <algorithm>
#include <iterator>

#include "core/ascii.h"
#include "core/utf8.h"
#include "extract/content/ancestors.h"
#include "extract/content/blocks.h"
#include "extract/content/formula_sources.h"
#include "text/unicode.h"

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

std::string_view value_named(const Dom& dom, NodeId id, std::string_view name) {
  for (const Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
    if (a->name() == name) return a->value();
  }
  return {};
}

bool is_named(const Node& node, std::string_view name) { return node.is_element() && node.view() == name; }

// The <semantics> that holds all of the formula, itself within elements of one child at most; kNoNode without.
NodeId whole_semantics(const Dom& dom, NodeId math, uint64_t& steps) {
  for (NodeId id = dom.first_element(math); id != kNoNode; id = dom.first_element(id)) {
    ++steps;
    if (dom.next_element(id) != kNoNode) return kNoNode;
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

namespace {

// WordPress, MediaWiki, Moodle, Sphinx, Pandoc, Doxygen, QuickLaTeX, Zhihu and others name the image.
bool is_formula_class(std::string_view classes) {
  static constexpr std::string_view kClasses[] = {"latex",
                                                  "latexcenter",
                                                  "tex",
                                                  "math",
                                                  "math-inline",
                                                  "math-display",
                                                  "mathtex-equation-editor",
                                                  "texrender",
                                                  "mwe-math-fallback-image-inline",
                                                  "mwe-math-fallback-image-display",
                                                  "ql-img-inline-formula",
                                                  "ql-img-displayed-formula",
                                                  "formulaInl",
                                                  "formulaDsp",
                                                  "equation_image",
                                                  "ee_img"};
  return std::any_of(std::begin(kClasses), std::end(kClasses),
                     [&](std::string_view name) { return has_class(classes, name); });
}

// Services that draw what stands in the address, and what stands before it there.
struct FormulaService {
  std::string_view address, source;
};
// Each address has "tex", "math" or "=tx" in it: service_of looks for these first.
constexpr FormulaService kServices[] = {{"latex.codecogs.com", ".latex?"},
                                        {"/latex.php?", "latex="},
                                        {"cht=tx", "chl="},
                                        {"mimetex.cgi", "mimetex.cgi?"},
                                        {"mathtex.cgi", "mathtex.cgi?"},
                                        {"filter/tex/pix.php", ""},
                                        {"/equation?tex=", "tex="},
                                        {"render/math?math=", "math="},
                                        {"/media/math/render/", ""},
                                        {"tex.s2cms.ru/", ""},
                                        {"i.upmath.me/", ""}};

const FormulaService* service_of(std::string_view address) {
  const auto has = [&](std::string_view part) { return address.find(part) != std::string_view::npos; };
  if (address.size() < 8 || !(has("tex") || has("math") || has("=tx"))) return nullptr;
  const auto* const found = std::find_if(std::begin(kServices), std::end(kServices),
                                         [&](const FormulaService& service) { return has(service.address); });
  return found == std::end(kServices) ? nullptr : found;
}

// What the alternative text of an image says itself: TeX in delimiters (LaTeX2HTML, Doxygen), or in MediaWiki's form.
bool is_tex_by_itself(std::string_view alternative) {
  if (alternative.size() < 3) return false;
  if (alternative.starts_with("{\\displaystyle") || alternative.starts_with("\\displaystyle") ||
      alternative.starts_with("{\\textstyle"))
    return true;
  if (alternative.starts_with("\\(")) return alternative.ends_with("\\)");
  if (alternative.starts_with("\\[")) return alternative.ends_with("\\]");
  if (alternative.starts_with("\\begin{")) return alternative.ends_with('}');
  // "$5 off - $" is none.
  return alternative.front() == '$' && alternative.back() == '$' &&
         (alternative.find_first_of("\\^_{") != std::string_view::npos ||
          alternative.find_first_of(" 0123456789") == std::string_view::npos);
}

std::string_view without_dollars(std::string_view tex) {
  for (const std::string_view mark : {"$$", "$"}) {
    if (tex.size() > 2 * mark.size() && tex.starts_with(mark) && tex.ends_with(mark))
      return trim(tex.substr(mark.size(), tex.size() - 2 * mark.size()));
  }
  for (const char* const marks : {"()", "[]"}) {
    if (tex.size() > 4 && tex[0] == '\\' && tex[1] == marks[0] && tex[tex.size() - 2] == '\\' && tex.back() == marks[1])
      return trim(tex.substr(2, tex.size() - 4));
  }
  return tex;
}

int hex_digit(char c) {
  return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The source in a service's address, up to the next parameter.
std::string tex_in_address(std::string_view address, std::string_view before) {
  const size_t at = before.empty() ? std::string_view::npos : address.find(before);
  if (at == std::string_view::npos) return {};
  std::string_view coded = address.substr(at + before.size());
  coded = coded.substr(0, coded.find('&'));
  std::string tex;
  for (size_t i = 0; i < coded.size(); ++i) {
    const int high = i + 2 < coded.size() ? hex_digit(coded[i + 1]) : -1;
    const int low = i + 2 < coded.size() ? hex_digit(coded[i + 2]) : -1;
    if (coded[i] == '%' && high >= 0 && low >= 0) tex += static_cast<char>(16 * high + low), i += 2;
    else tex += coded[i] == '+' ? ' ' : coded[i];
  }
  return is_valid_utf8(tex) ? tex : std::string();
}

}  // namespace

std::string tex_of_image(const Dom& dom, NodeId image, uint64_t& steps) {
  if (dom.value(image, AttributeName::kAriaHidden) == "true") return {};
  const std::string_view classes = dom.value(image, AttributeName::kClass);
  if (has_class(classes, "Wirisformula")) {  // its MathML, with quotation marks for what an attribute may not hold
    std::string mathml;
    const std::string_view coded = value_named(dom, image, "data-mathml");
    for (size_t i = 0; i < coded.size();) {
      const Utf8Char c = decode_utf8(coded, i);
      if (c.code_point == 0xAB) mathml += '<';
      else if (c.code_point == 0xBB) mathml += '>';
      else if (c.code_point == 0xA8) mathml += '"';
      else if (c.code_point == 0xA7) mathml += '&';
      else mathml += coded.substr(i, c.size);
      i += c.size;
    }
    return tex_of_mathml_text(mathml, steps);
  }
  const std::string_view parent_classes = dom.value(dom[image].parent, AttributeName::kClass);
  if (has_class(parent_classes, "mwe-math-element") && formula_below(dom, dom[image].parent) != kNoNode) return {};
  std::string_view tex = trim(dom.value(image, AttributeName::kAlt));
  const FormulaService* const service = service_of(dom.value(image, AttributeName::kSrc));
  if (!is_tex_by_itself(tex) && service == nullptr && !is_formula_class(classes)) return {};
  if (tex.starts_with("LaTeX:")) tex = trim(tex.substr(6));  // Canvas
  if (tex.empty() && service != nullptr)
    return std::string(trim(tex_in_address(dom.value(image, AttributeName::kSrc), service->source)));
  return std::string(without_dollars(tex));
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

namespace {

bool has_text_below(const Dom& dom, NodeId top) {
  constexpr int kNodesMax = 200;
  int seen = 0;
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode && seen < kNodesMax;
       ++seen, id = dom.next_in_order(id, top)) {
    if (dom[id].is(Tag::kScript) || (dom[id].is_element() && dom[id].tag == Tag::kMath)) return true;
    if (dom[id].is_text() && !std::all_of(dom[id].view().begin(), dom[id].view().end(), is_html_space)) return true;
  }
  return false;
}

// Whether an element right beside it, without words between, says the same to those who hear the page: it has text or a
// formula.
bool has_copy_beside(const Dom& dom, NodeId id) {
  constexpr int kReach = 4;  // white space, comments and empty elements between
  for (NodeId Node::*const direction : {&Node::previous, &Node::next}) {
    NodeId at = dom[id].*direction;
    for (int seen = 0; at != kNoNode && seen < kReach; ++seen, at = dom[at].*direction) {
      if (dom[at].is_text() && !std::all_of(dom[at].view().begin(), dom[at].view().end(), is_html_space)) break;
      if (dom[at].is_element() && (dom[at].tag == Tag::kMath || dom[at].is(Tag::kScript) || has_text_below(dom, at)))
        return true;
    }
  }
  return false;
}

// Whether a letter or a number begins at `at`.
bool is_of_word(std::string_view text, size_t at) {
  const Category category = category_of(decode_utf8(text, at).code_point);
  return is_letter(category) || is_number(category);
}

bool has_words(std::string_view text) {
  for (size_t at = 0; at < text.size(); at += decode_utf8(text, at).size) {
    if (is_of_word(text, at)) return true;
  }
  return false;
}

bool is_drawing(const Dom& dom, NodeId id) {
  static constexpr std::string_view kDrawings[] = {"katex",    "katex-html", "katex-display", "mjx-chtml",
                                                   "mjx-math", "MathJax",    "MathJax_CHTML", "MathJax_Display"};
  const std::string_view classes = dom.value(id, AttributeName::kClass);
  return !classes.empty() && std::any_of(std::begin(kDrawings), std::end(kDrawings),
                                         [&](std::string_view name) { return has_class(classes, name); });
}

}  // namespace

bool is_drawn_from_script(const Dom& dom, NodeId id) {
  static constexpr std::string_view kDrawings[] = {"MathJax", "MathJax_CHTML", "MathJax_SVG", "mjx-chtml"};
  const std::string_view classes = dom.value(id, AttributeName::kClass);
  constexpr size_t kNameMin = 7;  // "MathJax"
  if (classes.size() < kNameMin || (classes.find('J') == std::string_view::npos && !classes.starts_with("mjx-")))
    return false;
  if (std::none_of(std::begin(kDrawings), std::end(kDrawings),
                   [&](std::string_view name) { return has_class(classes, name); }))
    return false;
  const auto is_before_script = [&](NodeId at) {
    const NodeId next = dom.next_element(at);
    return next != kNoNode && dom[next].is(Tag::kScript) && dom.value(next, AttributeName::kType).starts_with("math/");
  };
  const NodeId parent = dom[id].parent;
  return is_before_script(id) ||
         (has_class(dom.value(parent, AttributeName::kClass), "MathJax_Display") && is_before_script(parent));
}

bool is_drawing_alone(const Dom& dom, NodeId id, uint32_t entered) {
  if ((entered & kHiddenFromAria) == 0 || (entered & kHiddenByStyle) != 0) return false;
  if (dom.find(id, AttributeName::kHidden) != nullptr) return false;
  const NodeId parent = dom[id].parent;
  const NodeId child = dom.first_element(id);
  const bool drawn = is_drawing(dom, id) || (child != kNoNode && is_drawing(dom, child)) || is_drawing(dom, parent) ||
                     dom.value(parent, AttributeName::kRole) == "math";
  return drawn && !has_copy_beside(dom, id) && formula_below(dom, id) == kNoNode;
}

bool is_shown_alone(const Dom& dom, NodeId id) {
  constexpr size_t kBytesMax = 80;
  const NodeId text = dom[id].first_child;
  if (text == kNoNode || !dom[text].is_text() || dom[text].next != kNoNode || dom[text].size > kBytesMax) return false;
  const Attribute* const only = dom.attributes(id);
  if (only == nullptr || !only->last || only->id != AttributeName::kAriaHidden) return false;
  if (dom[id].tag == Tag::kUnknown || dom[id].is(Tag::kA) || dom[id].is(Tag::kI)) return false;
  const std::string_view shown = trim(dom[text].view());
  if (shown.empty() || shown.find('_') != std::string_view::npos) return false;  // the name of a ligature
  size_t last = shown.size() - 1;
  while (last > 0 && (static_cast<unsigned char>(shown[last]) & 0xC0) == 0x80) --last;
  if (!is_of_word(shown, 0) || !is_of_word(shown, last)) return false;  // a sign, "[icon]"
  const auto is_words = [&](NodeId at) { return at != kNoNode && dom[at].is_text() && has_words(dom[at].view()); };
  return is_words(text) && (is_words(dom[id].previous) || is_words(dom[id].next)) && !has_copy_beside(dom, id);
}

}  // namespace ftok::html
