#include "text/spacy/spacy_affixes.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "text/unicode.h"

namespace ftok::spacy {
namespace {

// Classes of the Basic Multilingual Plane in one array; the rest is looked up in the ranges.
struct ClassTable {
  std::vector<uint16_t> plane0 = std::vector<uint16_t>(0x10000, 0);
  ClassTable() {
    for (size_t i = 0; i < kClassRangeCount; ++i) {
      const ClassRange& range = kClassRanges[i];
      for (char32_t c = range.first; c <= range.last && c < 0x10000; ++c) plane0[c] = range.classes;
    }
  }
};

const uint16_t* plane0() {
  static const ClassTable table;
  return table.plane0.data();
}

// The character that ends at `end`; {0, 0} when nothing stands before.
Utf8Char last_before(std::string_view s, size_t end) {
  if (end == 0) return {0, 0, false};
  const auto byte = static_cast<unsigned char>(s[end - 1]);
  if (byte < 0x80) return {byte, 1, true};
  for (size_t size = 2; size <= 4 && size <= end; ++size) {
    const auto lead = static_cast<unsigned char>(s[end - size]);
    if (lead < 0x80) break;
    if (lead >= 0xC0) {
      const Utf8Char c = decode_utf8(s.substr(0, end), end - size);
      if (c.valid && c.size == size) return c;
      break;
    }
  }
  return {0xFFFD, 1, false};
}

bool has(char32_t c, uint16_t classes) { return (classes_of(c) & classes) != 0; }
bool is_ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_alnum_rule(char32_t c) { return is_ascii_digit(c) || has(c, kAlpha); }  // [0-9] or a letter, before an infix

// The class of the character before `at` or at `at`; none outside the chunk.
bool before_is(std::string_view s, size_t at, uint16_t classes) {
  const Utf8Char c = last_before(s, at);
  return c.size != 0 && has(c.code_point, classes);
}
bool after_is(std::string_view s, size_t at, uint16_t classes) {
  return at < s.size() && has(decode_utf8(s, at).code_point, classes);
}

// Units and currencies by their last byte.
struct AfterDigit {
  std::array<std::vector<std::string_view>, 256> by_last_byte;
  AfterDigit() {
    for (size_t i = 0; i < kAfterDigitCount; ++i) {
      const std::string_view unit = kAfterDigit[i];
      by_last_byte[static_cast<unsigned char>(unit.back())].push_back(unit);
    }
  }
};

size_t unit_size(std::string_view s) {
  static const AfterDigit table;
  size_t longest = 0;
  for (const std::string_view unit : table.by_last_byte[static_cast<unsigned char>(s.back())]) {
    if (unit.size() > longest && s.size() > unit.size() && s.ends_with(unit) &&
        is_ascii_digit(static_cast<unsigned char>(s[s.size() - unit.size() - 1]))) {
      longest = unit.size();
    }
  }
  return longest;
}

// A final full stop: a run of two or more always, one alone after certain characters.
size_t final_dot_size(std::string_view s) {
  size_t run = 1;
  while (run < s.size() && s[s.size() - 1 - run] == '.') ++run;
  if (run > 1) return run;
  const size_t dot = s.size() - 1;
  const Utf8Char last = last_before(s, dot);
  if (last.size == 0) return 0;
  if (has(last.code_point, kBeforeFinalDot)) return 1;
  const Utf8Char second_last = last_before(s, dot - last.size);
  if (second_last.size == 0) return 0;
  if (has(last.code_point, kUpper) && has(second_last.code_point, kUpper)) return 1;
  const char32_t c = last.code_point;
  return second_last.code_point == 0xB0 && (c == 'F' || c == 'C' || c == 'K') ? 1 : 0;  // "°C."
}

}  // namespace

uint16_t classes_of(char32_t c) {
  static const uint16_t* const table = plane0();
  if (c < 0x10000) return table[c];
  const ClassRange* const end = kClassRanges + kClassRangeCount;
  const ClassRange* const range =
      std::lower_bound(kClassRanges, end, c, [](const ClassRange& r, char32_t x) { return r.last < x; });
  return range != end && range->first <= c ? range->classes : 0;
}

size_t prefix_size(std::string_view s) {
  if (s.empty()) return 0;
  const Utf8Char first = decode_utf8(s, 0);
  switch (first.code_point) {
    case '+': return s.size() > 1 && is_ascii_digit(static_cast<unsigned char>(s[1])) ? 0 : 1;
    case '.': {
      size_t run = 1;
      while (run < s.size() && s[run] == '.') ++run;
      return run > 1 ? run : 0;
    }
    case 'U': return s.starts_with("US$") ? 3 : 0;
    case 'A':
    case 'C': return s.size() > 1 && s[1] == '$' ? 2 : 0;
    default: return has(first.code_point, kPrefix) ? first.size : 0;
  }
}

size_t suffix_size(std::string_view s) {
  if (s.empty()) return 0;
  const Utf8Char last = last_before(s, s.size());
  if (last.code_point == '.') return final_dot_size(s);
  size_t size = has(last.code_point, kSuffix) ? last.size : 0;
  if (last.code_point == 0x2026) {  // two ellipses go together
    if (last_before(s, s.size() - last.size).code_point == 0x2026) size = 2 * size_t{last.size};
  } else if (last.code_point == 's' || last.code_point == 'S') {
    const Utf8Char mark = last_before(s, s.size() - 1);
    if (mark.code_point == '\'' || mark.code_point == 0x2019) size = 1 + size_t{mark.size};
  } else if (last.code_point == '+' && s.size() > 1 && is_ascii_digit(static_cast<unsigned char>(s[s.size() - 2]))) {
    size = 1;
  }
  return std::max(size, unit_size(s));
}

namespace {

// "-", "--", "---", an en or em dash, "~", two em dashes: between a letter or digit and a letter. The shortest that
// fits.
size_t hyphen_size(std::string_view s, size_t at) {
  if (!is_alnum_rule(last_before(s, at).code_point)) return 0;
  static constexpr std::string_view kHyphens[] = {"-", "\u2013", "\u2014", "--", "---", "\u2014\u2014", "~"};
  for (const std::string_view hyphen : kHyphens) {
    if (s.substr(at).starts_with(hyphen) && after_is(s, at + hyphen.size(), kAlpha)) return hyphen.size();
  }
  return 0;
}

size_t infix_size(std::string_view s, size_t at) {
  const char c = s[at];
  const char next = at + 1 < s.size() ? s[at + 1] : '\0';
  if (c == '.') {
    size_t run = 1;
    while (at + run < s.size() && s[at + run] == '.') ++run;
    if (run > 1) return run;
    return before_is(s, at, kBeforeInnerDot) && after_is(s, at + 1, kAfterInnerDot) ? 1 : 0;
  }
  if ((c == '+' || c == '-' || c == '*' || c == '^') && at > 0 &&
      is_ascii_digit(static_cast<unsigned char>(s[at - 1])) &&
      (next == '-' || is_ascii_digit(static_cast<unsigned char>(next)))) {
    return 1;
  }
  switch (c) {
    case ',': return before_is(s, at, kAlpha) && after_is(s, at + 1, kAlpha) ? 1 : 0;
    case ':':
    case '<':
    case '>':
    case '=':
    case '/': return after_is(s, at + 1, kAlpha) && is_alnum_rule(last_before(s, at).code_point) ? 1 : 0;
    case '-':
    case '~': return hyphen_size(s, at);
    default: break;
  }
  if (static_cast<unsigned char>(c) < 0x80) return 0;
  const Utf8Char wide = decode_utf8(s, at);
  if (has(wide.code_point, kInfix)) return wide.size;
  return wide.code_point == 0x2013 || wide.code_point == 0x2014 ? hyphen_size(s, at) : 0;
}

}  // namespace

Span next_infix(std::string_view s, size_t from) {
  for (size_t i = from; i < s.size();) {
    const auto byte = static_cast<unsigned char>(s[i]);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    if (!plain) {
      if (const size_t size = infix_size(s, i); size != 0) return {i, i + size};
    }
    i += byte < 0x80 ? 1 : decode_utf8(s, i).size;
  }
  return {s.size(), s.size()};
}

}  // namespace ftok::spacy
