#include "extract/content/raised.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/ascii.h"
#include "core/utf8.h"
#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

bool is_minus(char32_t c) { return c == '-' || c == 0x2212 || (c >= 0x2010 && c <= 0x2013); }
bool is_small_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 0x3B1 && c <= 0x3C9); }
bool is_letter(char32_t c) {
  return (c < 0x80 && is_alpha(static_cast<char>(c))) || (c >= 0xC0 && c <= 0x52F && c != 0xD7 && c != 0xF7) ||
         c == 0xB5 || c == '\'' || c == 0x2019;  // "it's": the "s" is no letter that stands alone
}
bool is_italic_tag(const Node& node) { return node.is(Tag::kI) || node.is(Tag::kEm) || node.is(Tag::kVar); }

// What is raised or lowered.
struct Script {
  std::string text;
  int digits = 0, letters = 0, letter_run = 0, signs = 0, commas = 0, slashes = 0;
  bool starts_with_minus = false;
  bool ends_in_sign = false;
  bool is_italic = false;

  bool is_number() const { return digits > 0 && letters + signs + commas + slashes == 0; }
  bool is_negative() const { return starts_with_minus && digits > 0 && letters + commas + slashes == 0 && signs == 1; }
  bool is_one_letter() const { return letters == 1 && digits + signs + commas + slashes == 0; }
  // "n-1", "1/2", "2n"; "1-3" is a range of notes.
  bool is_term() const {
    return commas == 0 && !ends_in_sign && (letters > 0 ? digits + signs + slashes > 0 || letters > 1 : slashes == 1) &&
           letter_run < 2;
  }
  bool needs_brackets() const { return signs + slashes + commas > (starts_with_minus ? 1 : 0); }
};

// False where it is something else: notes in links or brackets, words, pictures.
bool read_script(const Dom& dom, NodeId top, Script& script) {
  constexpr int kNodesMax = 6;
  constexpr size_t kBytesMax = 16;
  int seen = 0;
  for (NodeId id = dom.next_in_order(top, top); id != kNoNode; id = dom.next_in_order(id, top)) {
    const Node& node = dom[id];
    if (++seen > kNodesMax || node.is(Tag::kA) || node.is(Tag::kSup) || node.is(Tag::kSub) || node.is(Tag::kImg))
      return false;
    script.is_italic = script.is_italic || is_italic_tag(node);
    if (node.is_text()) script.text += node.view();
    if (script.text.size() > kBytesMax) return false;
  }
  script.text = trim(script.text);
  int run = 0;
  for (size_t i = 0; i < script.text.size();) {
    const Utf8Char c = decode_utf8(script.text, i);
    const bool letter = (c.code_point < 0x80 && is_alpha(script.text[i])) || is_small_letter(c.code_point);
    run = letter ? run + 1 : 0;
    script.letter_run = std::max(script.letter_run, run);
    script.ends_in_sign = is_minus(c.code_point) || c.code_point == '+';
    script.starts_with_minus = script.starts_with_minus || (i == 0 && is_minus(c.code_point));
    if (letter) ++script.letters;
    else if (c.code_point < 0x80 && is_digit(script.text[i])) ++script.digits;
    else if (script.ends_in_sign) ++script.signs;
    else if (c.code_point == '/') ++script.slashes;
    else if (c.code_point == ',') ++script.commas;
    else if (c.code_point != ' ' && (c.code_point != '.' || script.digits == 0)) return false;
    i += c.size;
  }
  return !script.text.empty() && !script.ends_in_sign && !script.text.ends_with('.');
}

// A note's number, by its name or by a link that holds nothing else.
bool is_note(const Dom& dom, NodeId id) {
  for (const AttributeName name : {AttributeName::kClass, AttributeName::kId, AttributeName::kRole}) {
    const std::string_view value = dom.value(id, name);
    if (value.empty()) continue;
    for (const char* const word : {"note", "ref", "cite", "fn"}) {
      if (contains_word(value, word)) return true;
    }
  }
  return dom[dom[id].parent].is(Tag::kA) && dom[id].previous == kNoNode;
}

// What stands before it: a number, or the letters of a word.
struct Base {
  std::string_view number, word;
  std::string_view before;  // it
  size_t letters = 0;
  char32_t first = 0;  // letter
  bool is_italic = false;

  bool is_letter() const { return letters == 1; }
  // Behind a small letter or one in italics; a capital may be the initial of an author with notes.
  bool is_variable() const { return letters == 1 && (is_italic || is_small_letter(first)); }
};

size_t start_of_last(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

Base base_of(const Dom& dom, NodeId id, std::string_view before) {
  constexpr size_t kBytesMax = 32;
  Base base;
  before = before.substr(before.size() - std::min(before.size(), kBytesMax));
  size_t begin = before.size();
  while (begin > 0 && (is_digit(before[begin - 1]) ||
                       (begin < before.size() && (before[begin - 1] == '.' || before[begin - 1] == ',') && begin > 1 &&
                        is_digit(before[begin - 2]))))
    --begin;
  base.number = before.substr(begin);
  if (base.number.empty()) {
    while (begin > 0) {
      const size_t at = start_of_last(before.substr(0, begin));
      const char32_t c = decode_utf8(before, at).code_point;
      if (!html::is_letter(c)) break;
      base.first = c;
      ++base.letters;
      begin = at;
    }
    base.word = before.substr(begin);
  }
  base.before = before.substr(0, begin);
  const NodeId previous = dom[id].previous;
  base.is_italic = is_italic_tag(dom[dom[id].parent]) || (previous != kNoNode && is_italic_tag(dom[previous]));
  return base;
}

bool is_unit(std::string_view word, std::string_view before) {
  static constexpr std::string_view kUnits[] = {"cm", "dm", "ft", "hr", "kg", "km", "lb", "mc", "mi", "mm",
                                                "nm", "yd", "yr", "µm", "μm", "м",  "дм", "км", "мм", "см"};
  if (std::find(std::begin(kUnits), std::end(kUnits), word) != std::end(kUnits)) return true;
  const std::string_view number = trim(before);
  return (word == "in" || word == "sec") && !number.empty() && is_digit(number.back());
}

bool starts_with_currency(std::string_view text) {
  static constexpr std::string_view kSigns[] = {"$", "€", "£", "¥", "₽", "₹", "zł", "kr", "Kč", "руб", "EUR", "USD"};
  text = trim(text);
  while (text.starts_with("\u00A0")) text.remove_prefix(2);
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](std::string_view sign) { return text.starts_with(sign); });
}

bool ends_in_currency(std::string_view text) {
  static constexpr std::string_view kSigns[] = {"$", "€", "£", "¥", "₽", "₹"};
  text = trim(text);
  return std::any_of(std::begin(kSigns), std::end(kSigns), [&](std::string_view sign) { return text.ends_with(sign); });
}

// The text of the page right behind an element.
std::string_view text_behind(const Dom& dom, NodeId id) {
  const NodeId next = dom[id].next;
  if (next == kNoNode) return {};
  if (dom[next].is_text()) return dom[next].view();
  const NodeId child = dom[next].first_child;
  return child != kNoNode && dom[child].is_text() ? dom[child].view() : std::string_view();
}

// The digits that a text begins with, of at most four; 0 for none.
int number_at(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  return size == 0 || size > 4 ? 0 : std::stoi(std::string(text.substr(0, size)));
}

// "1" of "2 1/2": behind it a slash and a greater number, which is lowered, or behind U+2044, or, of at most 8, below
// a 1.
bool is_numerator(const Dom& dom, NodeId id, const Script& script) {
  constexpr int kNodesMax = 6;
  constexpr size_t kBytesMax = 16;
  std::string behind;
  bool is_lowered = false;
  int seen = 0;
  for (NodeId next = dom.next_after_subtree(id);
       next != kNoNode && ++seen <= kNodesMax && behind.size() < kBytesMax && !has_flag(dom[next].tag, kBlock);
       next = dom.next_in_order(next)) {
    is_lowered = is_lowered || (dom[next].is(Tag::kSub) && behind.find_first_of("0123456789") == std::string::npos);
    if (dom[next].is_text()) behind += dom[next].view().substr(0, kBytesMax);
  }
  std::string_view rest = trim(behind);
  const bool has_fraction_slash = rest.starts_with("\u2044");
  if (!has_fraction_slash && !rest.starts_with('/') && !rest.starts_with("\u2215")) return false;
  rest.remove_prefix(rest[0] == '/' ? 1 : 3);
  const int numerator = number_at(script.text), denominator = number_at(trim(rest));
  return numerator > 0 && numerator < denominator &&
         (is_lowered || has_fraction_slash || (numerator == 1 && denominator <= 8));
}

// The sign for degrees, typed as a raised letter or zero: "20<sup>0</sup>C".
bool is_degree(const Dom& dom, NodeId id, const Base& base, const Script& script) {
  if (script.text != "0" && script.text != "o" && script.text != "O") return false;
  std::string_view scale = text_behind(dom, id);
  if (script.text == "0" && base.number != "10") {
    if (scale.starts_with("\u00A0")) scale.remove_prefix(2);
    else if (scale.starts_with(' ')) scale.remove_prefix(1);
  }
  constexpr std::string_view kCyrillicEs = "\u0421";
  const bool is_scale = scale.starts_with('C') || scale.starts_with('F') || scale.starts_with(kCyrillicEs);
  if (!is_scale) return false;
  scale.remove_prefix(scale[0] == kCyrillicEs[0] ? kCyrillicEs.size() : 1);
  return scale.empty() || !(html::is_letter(decode_utf8(scale, 0).code_point) || is_digit(scale[0]));
}

// "2<sup>a</sup>", "10<sup>o</sup>", "2<sup>e</sup>" of Spanish, Portuguese, Italian or French, no power: pages in
// other languages have none, and no sign of a term stands beside it.
bool is_ordinal(const Dom& dom, NodeId id, const Base& base, const Script& script) {
  if (script.is_italic || script.text.size() != 1) return false;
  const char letter = ascii_lower(script.text[0]);
  if (letter == 'o') return true;
  if (letter != 'a' && letter != 'e') return false;
  static constexpr std::string_view kLanguages[] = {"ca", "es", "fr", "gl", "it", "pt"};
  const NodeId html = dom.first_element(Dom::kRoot);
  const std::string language = html == kNoNode ? "" : lower_ascii(dom.value(html, AttributeName::kLang).substr(0, 2));
  if (!language.empty() && std::find(std::begin(kLanguages), std::end(kLanguages), language) == std::end(kLanguages))
    return false;
  static constexpr std::string_view kSigns[] = {"+", "-", "=", "*", "/", "^", "<", ">", "×", "·", "−", "⋅", "≤", "≥"};
  const std::string_view behind = text_behind(dom, id);
  const std::string_view left = trim(base.before), right = trim(behind);
  return (behind.empty() || !is_digit(behind[0])) &&
         std::none_of(std::begin(kSigns), std::end(kSigns),
                      [&](std::string_view sign) { return left.ends_with(sign) || right.starts_with(sign); });
}

// A number behind a number: the minor part of a price or of a time of day, or an exponent.
std::string_view sign_behind_number(const Dom& dom, NodeId id, const Base& base, const Script& script) {
  const bool two_digits = script.digits == 2 && script.text.size() == 2;
  const bool is_whole = base.number.find_first_of(".,") == std::string_view::npos;
  if (two_digits && (ends_in_currency(base.before) || starts_with_currency(text_behind(dom, id))))
    return base.number.size() > 2 && base.number[base.number.size() - 3] == '.' ? "" : ".";
  const bool is_quarter =
      two_digits && (script.text == "00" || script.text == "15" || script.text == "30" || script.text == "45");
  const bool is_hour = is_whole && base.number.size() <= 2 && std::stoi(std::string(base.number)) <= 24;
  const bool is_common = (base.number == "2" || base.number == "10") && script.text != "00";
  if (is_quarter && is_hour && !is_common) return ":";
  return script.text.size() > 1 && script.text[0] == '0' && script.text[1] != '.' ? "" : "^";
}

// Brackets of a term, "(1+r)", and not of words, "(see above)": no word of three letters.
bool ends_in_term(std::string_view before) {
  constexpr size_t kBytesMax = 40;
  if (before.empty() || before.back() != ')') return false;
  before = before.substr(before.size() - std::min(before.size(), kBytesMax));
  const size_t open = before.rfind('(');
  if (open == std::string_view::npos) return false;
  int run = 0;
  bool has_sign = false;
  for (const char c : before.substr(open + 1, before.size() - open - 2)) {
    run = is_alpha(c) ? run + 1 : 0;
    if (run > 2) return false;
    has_sign = has_sign || c == '+' || c == '-' || c == '/' || c == '=' || static_cast<unsigned char>(c) >= 0x80;
  }
  return has_sign;
}

bool is_exponent_of_letters(const Base& base, const Script& script) {
  if (script.is_negative()) return true;
  if (script.is_number() && (script.text == "2" || script.text == "3") && is_unit(base.word, base.before)) return true;
  if (base.is_letter() && script.is_number()) return base.is_variable() || (base.first == 'R' && script.text == "2");
  if (!base.is_letter()) return false;
  const bool both_italic = base.is_italic || script.is_italic;
  if (script.is_one_letter())
    return both_italic || (base.first == 'e' && std::string_view("xtnk").find(script.text) != std::string_view::npos);
  return script.is_term() && (both_italic || base.first == 'e' || script.signs + script.slashes > 0);
}

RaisedSigns raised_by(std::string_view sign, const Script& script) {
  if (sign == "^" && script.needs_brackets()) return {"^(", ")"};
  if (sign == "_" && script.needs_brackets()) return {"_(", ")"};
  return {sign, {}};
}

}  // namespace

RaisedSigns signs_of_raised(const Dom& dom, NodeId id, std::string_view before) {
  Script script;
  if (before.empty() || is_note(dom, id) || !read_script(dom, id, script)) return {};
  const Base base = base_of(dom, id, before);
  if (dom[id].is(Tag::kSub)) {
    const bool is_index = script.is_number() || script.is_one_letter() ||
                          (script.letter_run < 2 && script.commas < 3) || (script.letter_run == 2 && script.is_italic);
    const bool marked = base.number.empty() ? base.is_variable() && is_index : script.is_number();
    return marked ? raised_by("_", script) : RaisedSigns();
  }
  if (!base.number.empty()) {
    if (is_degree(dom, id, base, script)) return {"°", {}, true};
    if (script.is_number() && is_numerator(dom, id, script)) return {" ", {}};
    if (script.is_one_letter() && is_ordinal(dom, id, base, script)) return {};
    if (script.is_number()) return raised_by(sign_behind_number(dom, id, base, script), script);
    const bool is_power = base.number == "2" || base.number == "10" || script.is_italic;
    const bool is_exponent = script.is_negative() || ((script.is_one_letter() || script.is_term()) && is_power) ||
                             (script.is_term() && script.signs + script.slashes > 0);
    return is_exponent ? raised_by("^", script) : RaisedSigns();
  }
  if (base.letters > 0) return is_exponent_of_letters(base, script) ? raised_by("^", script) : RaisedSigns();
  const bool is_exponent = script.is_number() || script.is_negative() || script.is_one_letter() || script.is_term();
  return is_exponent && ends_in_term(before) ? raised_by("^", script) : RaisedSigns();
}

}  // namespace ftok::html
