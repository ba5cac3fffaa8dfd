#include "extract/content/mathml_tex.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ascii.h"
#include "core/utf8.h"

namespace ftok::html {

namespace {

struct TexSign {
  char32_t character;
  std::string_view tex;
};

// In order of the characters.
constexpr TexSign kSigns[] = {
    {0x23, "\\#"},
    {0x25, "\\%"},
    {0x26, "\\&"},
    {0x5F, "\\_"},
    {0x7B, "\\{"},
    {0x7D, "\\}"},
    {0xA0, "\\ "},
    {0xAC, "\\neg"},
    {0xB0, "^{\\circ}"},
    {0xB1, "\\pm"},
    {0xB7, "\\cdot"},
    {0xD7, "\\times"},
    {0xF7, "\\div"},
    {0x131, "\\imath"},
    {0x393, "\\Gamma"},
    {0x394, "\\Delta"},
    {0x398, "\\Theta"},
    {0x39B, "\\Lambda"},
    {0x39E, "\\Xi"},
    {0x3A0, "\\Pi"},
    {0x3A3, "\\Sigma"},
    {0x3A5, "\\Upsilon"},
    {0x3A6, "\\Phi"},
    {0x3A8, "\\Psi"},
    {0x3A9, "\\Omega"},
    {0x3B1, "\\alpha"},
    {0x3B2, "\\beta"},
    {0x3B3, "\\gamma"},
    {0x3B4, "\\delta"},
    {0x3B5, "\\varepsilon"},
    {0x3B6, "\\zeta"},
    {0x3B7, "\\eta"},
    {0x3B8, "\\theta"},
    {0x3B9, "\\iota"},
    {0x3BA, "\\kappa"},
    {0x3BB, "\\lambda"},
    {0x3BC, "\\mu"},
    {0x3BD, "\\nu"},
    {0x3BE, "\\xi"},
    {0x3C0, "\\pi"},
    {0x3C1, "\\rho"},
    {0x3C2, "\\varsigma"},
    {0x3C3, "\\sigma"},
    {0x3C4, "\\tau"},
    {0x3C5, "\\upsilon"},
    {0x3C6, "\\varphi"},
    {0x3C7, "\\chi"},
    {0x3C8, "\\psi"},
    {0x3C9, "\\omega"},
    {0x3D1, "\\vartheta"},
    {0x3D5, "\\phi"},
    {0x3D6, "\\varpi"},
    {0x3F1, "\\varrho"},
    {0x3F5, "\\epsilon"},
    {0x2016, "\\|"},
    {0x2020, "\\dagger"},
    {0x2026, "\\dots"},
    {0x2032, "\\prime"},
    {0x210F, "\\hbar"},
    {0x2111, "\\Im"},
    {0x2113, "\\ell"},
    {0x211C, "\\Re"},
    {0x2190, "\\leftarrow"},
    {0x2192, "\\to"},
    {0x2194, "\\leftrightarrow"},
    {0x21A6, "\\mapsto"},
    {0x21D0, "\\Leftarrow"},
    {0x21D2, "\\Rightarrow"},
    {0x21D4, "\\Leftrightarrow"},
    {0x2200, "\\forall"},
    {0x2202, "\\partial"},
    {0x2203, "\\exists"},
    {0x2205, "\\emptyset"},
    {0x2207, "\\nabla"},
    {0x2208, "\\in"},
    {0x2209, "\\notin"},
    {0x220B, "\\ni"},
    {0x220F, "\\prod"},
    {0x2210, "\\coprod"},
    {0x2211, "\\sum"},
    {0x2212, "-"},
    {0x2213, "\\mp"},
    {0x2217, "*"},
    {0x2218, "\\circ"},
    {0x221A, "\\surd"},
    {0x221D, "\\propto"},
    {0x221E, "\\infty"},
    {0x2220, "\\angle"},
    {0x2223, "\\mid"},
    {0x2225, "\\parallel"},
    {0x2227, "\\wedge"},
    {0x2228, "\\vee"},
    {0x2229, "\\cap"},
    {0x222A, "\\cup"},
    {0x222B, "\\int"},
    {0x222C, "\\iint"},
    {0x222D, "\\iiint"},
    {0x222E, "\\oint"},
    {0x2234, "\\therefore"},
    {0x223C, "\\sim"},
    {0x2243, "\\simeq"},
    {0x2245, "\\cong"},
    {0x2248, "\\approx"},
    {0x2260, "\\neq"},
    {0x2261, "\\equiv"},
    {0x2264, "\\leq"},
    {0x2265, "\\geq"},
    {0x226A, "\\ll"},
    {0x226B, "\\gg"},
    {0x2282, "\\subset"},
    {0x2283, "\\supset"},
    {0x2286, "\\subseteq"},
    {0x2287, "\\supseteq"},
    {0x2295, "\\oplus"},
    {0x2297, "\\otimes"},
    {0x22A5, "\\perp"},
    {0x22C5, "\\cdot"},
    {0x22EE, "\\vdots"},
    {0x22EF, "\\cdots"},
    {0x22F1, "\\ddots"},
    {0x2308, "\\lceil"},
    {0x2309, "\\rceil"},
    {0x230A, "\\lfloor"},
    {0x230B, "\\rfloor"},
    {0x27E8, "\\langle"},
    {0x27E9, "\\rangle"},
    {0x27F6, "\\longrightarrow"},
    {0x2A7D, "\\leqslant"},
    {0x2A7E, "\\geqslant"},
};

struct Accent {
  char32_t character;
  std::string_view one, many;  // above one letter, above several
};

constexpr Accent kAbove[] = {
    {0x5E, "\\hat", "\\widehat"},     {0x2C6, "\\hat", "\\widehat"},          {0x302, "\\hat", "\\widehat"},
    {0x7E, "\\tilde", "\\widetilde"}, {0x2DC, "\\tilde", "\\widetilde"},      {0xAF, "\\bar", "\\overline"},
    {0x203E, "\\bar", "\\overline"},  {0x304, "\\bar", "\\overline"},         {0x2D9, "\\dot", "\\dot"},
    {0xA8, "\\ddot", "\\ddot"},       {0x2192, "\\vec", "\\overrightarrow"},  {0x20D7, "\\vec", "\\overrightarrow"},
    {0x2C7, "\\check", "\\check"},    {0x23DE, "\\overbrace", "\\overbrace"},
};

constexpr std::string_view kFunctions[] = {"arccos", "arcsin", "arctan", "arg",    "cos", "cosh", "cot", "csc",
                                           "deg",    "det",    "dim",    "exp",    "gcd", "hom",  "inf", "ker",
                                           "lg",     "lim",    "liminf", "limsup", "ln",  "log",  "max", "min",
                                           "sec",    "sin",    "sinh",   "sup",    "tan", "tanh"};

// Whether a text ends with a command, "\alpha", that a letter behind it would become a part of.
bool ends_in_command(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && is_alpha(text[at - 1])) --at;
  return at < text.size() && at > 0 && text[at - 1] == '\\';
}

void put(std::string& out, std::string_view piece) {
  if (piece.empty()) return;
  if (is_alpha(piece[0]) && ends_in_command(out)) out += ' ';
  out += piece;
}

std::string group(std::string_view text) { return "{" + std::string(text) + "}"; }

size_t characters_in(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The one character of a text; 0 where it has none or several.
char32_t only_character(std::string_view text) {
  return characters_in(text) == 1 ? decode_utf8(text, 0).code_point : 0;
}

class Converter {
 public:
  Converter(const Dom& dom, uint64_t& steps, bool is_flat) : dom_(dom), steps_(steps), is_flat_(is_flat) {}

  std::string children(NodeId parent) {
    std::string out;
    for (NodeId id = dom_[parent].first_child; id != kNoNode; id = dom_[id].next) put(out, node(id));
    return out;
  }

 private:
  std::string node(NodeId id);
  std::string token(NodeId id, std::string_view name);
  std::string scripts(std::string_view name, const std::vector<NodeId>& parts);
  std::string limits(std::string_view name, const std::vector<NodeId>& parts);
  std::string multiscripts(NodeId id);
  std::string selected(NodeId id);
  std::string fenced(NodeId id);
  std::string table(NodeId id);
  std::string signs(std::string_view text) const;
  std::string text_of(NodeId top);
  std::vector<NodeId> elements(NodeId parent);

  std::string_view attribute(NodeId id, std::string_view name, std::string_view otherwise) const {
    for (const Attribute* a = dom_.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
      if (a->name() == name) return a->value();
    }
    return otherwise;
  }

  const Dom& dom_;
  uint64_t& steps_;
  const bool is_flat_;
};

std::string Converter::text_of(NodeId top) {
  std::string text;
  for (NodeId id = dom_.next_in_order(top, top); id != kNoNode; id = dom_.next_in_order(id, top)) {
    ++steps_;
    if (dom_[id].is_text()) text += dom_[id].view();
  }
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  text.erase(0, static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_space) - text.begin()));
  return text;
}

std::vector<NodeId> Converter::elements(NodeId parent) {
  std::vector<NodeId> found;
  for (NodeId id = dom_[parent].first_child; id != kNoNode; id = dom_[id].next) {
    ++steps_;
    if (dom_[id].is_element()) found.push_back(id);
  }
  return found;
}

std::string Converter::signs(std::string_view text) const {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    const bool is_invisible = (c.code_point >= 0x2061 && c.code_point <= 0x2064) || c.code_point == 0x200B;
    const bool is_arithmetic =
        c.code_point == 0xB1 || c.code_point == 0xB7 || c.code_point == 0xD7 || c.code_point == 0xF7;
    const TexSign* const sign =
        std::lower_bound(std::begin(kSigns), std::end(kSigns), c.code_point,
                         [](const TexSign& known, char32_t character) { return known.character < character; });
    const bool is_known = sign != std::end(kSigns) && sign->character == c.code_point && !(is_flat_ && is_arithmetic);
    if (is_known) put(out, sign->tex);
    else if (!is_invisible) put(out, text.substr(i, c.size));
    i += c.size;
  }
  return out;
}

std::string Converter::token(NodeId id, std::string_view name) {
  const std::string text = text_of(id);
  if (text.empty()) return {};
  if (name == "mtext" || name == "ms") return text == "\u00A0" ? "\\ " : "\\text" + group(text);
  std::string written = signs(text);
  const std::string_view variant = attribute(id, "mathvariant", "");
  if (variant == "bold" || variant == "bold-italic") return "\\mathbf" + group(written);
  if (variant == "double-struck") return "\\mathbb" + group(written);
  if (variant == "script") return "\\mathcal" + group(written);
  if (variant == "fraktur") return "\\mathfrak" + group(written);
  if (name == "mn" || characters_in(text) == 1) return written;
  if (std::binary_search(std::begin(kFunctions), std::end(kFunctions), std::string_view(text))) return "\\" + text;
  const bool is_word = std::all_of(text.begin(), text.end(), is_alpha);
  if (name == "mo") return is_word ? "\\operatorname" + group(text) : written;
  return is_word ? "\\mathrm" + group(text) : written;
}

// A base with what stands below and above it to its right.
std::string Converter::scripts(std::string_view name, const std::vector<NodeId>& parts) {
  std::string base = node(parts[0]);
  if (characters_in(base) > 1 && (base[0] != '\\' || !ends_in_command(base)) && base.back() != ')') base = group(base);
  if (name != "msup" && parts.size() > 1) base += "_" + group(node(parts[1]));
  if (name == "msup" && parts.size() > 1) base += "^" + group(node(parts[1]));
  if (name == "msubsup" && parts.size() > 2) base += "^" + group(node(parts[2]));
  return base;
}

// What stands right under or over a base: the limits of a sum, an accent, or else a note.
std::string Converter::limits(std::string_view name, const std::vector<NodeId>& parts) {
  std::string base = node(parts[0]);
  const bool has_limits = base.starts_with('\\') && ends_in_command(base) && base.find('{') == std::string::npos;
  const bool is_operator = has_limits && characters_in(base) > 3;
  if (name == "mover" && parts.size() > 1) {
    const char32_t above = only_character(text_of(parts[1]));
    for (const Accent& accent : kAbove) {
      if (accent.character == above)
        return std::string(characters_in(base) == 1 || has_limits ? accent.one : accent.many) + group(base);
    }
  }
  const auto under_or_over = [&](std::string_view command, char sign, NodeId part) {
    const std::string written = node(part);
    if (written.empty()) return;
    if (is_operator) base += sign + group(written);
    else base = std::string(command) + group(written) + group(base);
  };
  if (name != "mover" && parts.size() > 1) {
    if (only_character(text_of(parts[1])) == 0x23DF) base = "\\underbrace" + group(base);
    else under_or_over("\\underset", '_', parts[1]);
  }
  if (name == "mover" && parts.size() > 1) under_or_over("\\overset", '^', parts[1]);
  if (name == "munderover" && parts.size() > 2) under_or_over("\\overset", '^', parts[2]);
  return base;
}

// Scripts in pairs, below and above, to the right and behind <mprescripts> to the left of the base.
std::string Converter::multiscripts(NodeId id) {
  const std::vector<NodeId> parts = elements(id);
  if (parts.empty()) return {};
  std::string left, right;
  std::string* side = &right;
  for (size_t i = 1; i < parts.size(); ++i) {
    if (dom_[parts[i]].view() == "mprescripts") {
      side = &left;
      continue;
    }
    const std::string below = node(parts[i]);
    const std::string above =
        i + 1 < parts.size() && dom_[parts[i + 1]].view() != "mprescripts" ? node(parts[++i]) : "";
    if (!below.empty()) *side += "_" + group(below);
    if (!above.empty()) *side += "^" + group(above);
  }
  return (left.empty() ? "" : "{}" + left) + node(parts[0]) + right;
}

// Of an <maction> the child that is shown first: the one that `selection` counts to, the first without.
std::string Converter::selected(NodeId id) {
  const std::vector<NodeId> parts = elements(id);
  const std::string_view selection = trim(attribute(id, "selection", "1"));
  size_t number = 0;
  std::from_chars(selection.data(), selection.data() + selection.size(), number);
  if (attribute(id, "actiontype", "toggle") != "toggle") number = 1;
  if (parts.empty()) return {};
  return node(parts[number >= 1 && number <= parts.size() ? number - 1 : 0]);
}

std::string Converter::fenced(NodeId id) {
  const std::string separators = signs(attribute(id, "separators", ","));
  std::string out = signs(attribute(id, "open", "("));
  bool first = true;
  for (const NodeId part : elements(id)) {
    if (!first) put(out, std::string_view(separators).substr(0, 1));
    put(out, node(part));
    first = false;
  }
  put(out, signs(attribute(id, "close", ")")));
  return out;
}

std::string Converter::table(NodeId id) {
  std::string out = "\\begin{matrix}";
  bool first_row = true;
  for (const NodeId row : elements(id)) {
    out += first_row ? " " : " \\\\ ";
    first_row = false;
    bool first = dom_[row].view() != "mlabeledtr";  // whose first cell is the formula's number
    bool any = false;
    for (const NodeId cell : elements(row)) {
      if (!std::exchange(first, true)) continue;
      if (any) out += " & ";
      out += children(cell);
      any = true;
    }
  }
  return out + " \\end{matrix}";
}

std::string Converter::node(NodeId id) {
  ++steps_;
  const Node& at = dom_[id];
  if (at.is_text()) {
    const std::string_view text = at.view();
    const size_t first = text.find_first_not_of(" \t\n\r\f");
    return first == std::string_view::npos ? std::string()
                                           : signs(text.substr(first, text.find_last_not_of(" \t\n\r\f") + 1 - first));
  }
  if (!at.is_element()) return {};
  const std::string_view name = at.view();
  if (name == "mi" || name == "mn" || name == "mo" || name == "mtext" || name == "ms") return token(id, name);
  if (name == "annotation" || name == "annotation-xml" || name == "mphantom" || name == "mspace" || name == "none")
    return {};
  if (name == "maction") return selected(id);
  if (name == "mmultiscripts") return multiscripts(id);
  if (name == "mfenced") return fenced(id);
  if (name == "mtable") return table(id);
  if (name == "msqrt") return "\\sqrt" + group(children(id));
  const std::vector<NodeId> parts = elements(id);
  if (name == "mfrac" && parts.size() == 2) {
    const std::string_view line = attribute(id, "linethickness", "");
    const std::string above = node(parts[0]), below = node(parts[1]);
    return (line.starts_with('0') ? "\\binom" : "\\frac") + group(above) + group(below);
  }
  if (name == "mroot" && parts.size() == 2) {
    const std::string radicand = node(parts[0]);
    return "\\sqrt[" + node(parts[1]) + "]" + group(radicand);
  }
  if (!parts.empty() && (name == "msub" || name == "msup" || name == "msubsup")) return scripts(name, parts);
  if (!parts.empty() && (name == "munder" || name == "mover" || name == "munderover")) return limits(name, parts);
  return children(id);
}

// Whether a formula is one line of symbols.
bool is_one_line(const Dom& dom, NodeId math, uint64_t& steps) {
  for (NodeId id = dom.next_in_order(math, math); id != kNoNode; id = dom.next_in_order(id, math)) {
    ++steps;
    if (!dom[id].is_element()) continue;
    const std::string_view name = dom[id].view();
    if (name == "annotation" || name == "annotation-xml") break;
    if (name != "mi" && name != "mn" && name != "mo" && name != "mrow" && name != "mstyle" && name != "semantics" &&
        name != "mtext" && name != "mspace")
      return false;
  }
  return true;
}

}  // namespace

std::string tex_of_mathml(const Dom& dom, NodeId math, uint64_t& steps) {
  return Converter(dom, steps, is_one_line(dom, math, steps)).children(math);
}

}  // namespace ftok::html
