// is_url: the URL pattern as a parser. The pattern asks whether *some* way of reading the chunk fits; where the host
// may begin is the only choice in it (after a scheme, or after any "@"), so each candidate is tried, and a host ends at
// the first character no host can have ("@" among them): linear in the chunk.
#include <algorithm>
#include <array>

#include "text/spacy/spacy_affixes.h"
#include "text/unicode.h"

namespace ftok::spacy {
namespace {

bool is_digit(char32_t c) { return c < 0x80 ? c >= '0' && c <= '9' : category_of(c) == Category::kNd; }
bool is_ascii_alnum(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_label_edge(char32_t c) { return is_ascii_alnum(c) || (c >= 0xA1 && c <= 0xFFFF); }
bool is_label_inner(char32_t c) { return is_label_edge(c) || c == '_' || c == '-'; }

bool is_scheme_char(char32_t c) {
  if (c < 0x80) return is_ascii_alnum(c) || c == '_' || c == '+' || c == '-' || c == '.';
  const Category category = category_of(c);
  return is_letter(category) || is_number(category);
}

// Digits from `at`, decoded; returns the offset after them.
size_t skip_digits(std::string_view s, size_t at, size_t& count) {
  for (count = 0; at < s.size(); ++count) {
    const Utf8Char c = decode_utf8(s, at);
    if (!is_digit(c.code_point)) break;
    at += c.size;
  }
  return at;
}

// (:port)? ([/?#]...)? and the end.
bool is_tail(std::string_view s, size_t at) {
  if (at < s.size() && s[at] == ':') {
    size_t digits = 0;
    at = skip_digits(s, at + 1, digits);
    if (digits < 2 || digits > 5) return false;
  }
  return at == s.size() || s[at] == '/' || s[at] == '?' || s[at] == '#';
}

struct Octet {
  std::array<char32_t, 3> c{};
  size_t size = 0;
};

// Up to four octets from `at`; a run of more than three digits fails.
bool read_octets(std::string_view s, size_t& at, std::array<Octet, 4>& octets) {
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0 && (at >= s.size() || s[at++] != '.')) return false;
    while (at < s.size()) {
      const Utf8Char c = decode_utf8(s, at);
      if (!is_digit(c.code_point)) break;
      if (octets[i].size == 3) return false;
      octets[i].c[octets[i].size++] = c.code_point;
      at += c.size;
    }
    if (octets[i].size == 0) return false;
  }
  return true;
}

bool between(char32_t c, char low, char high) {
  return c >= static_cast<char32_t>(low) && c <= static_cast<char32_t>(high);
}
bool is(const Octet& o, std::string_view digits) {
  return o.size == digits.size() && std::equal(digits.begin(), digits.end(), o.c.begin(),
                                               [](char a, char32_t b) { return static_cast<char32_t>(a) == b; });
}
bool starts_1_to_99(const Octet& o) { return o.size <= 2 && between(o.c[0], '1', '9'); }

bool is_first_octet(const Octet& o) {  // 1..223
  if (starts_1_to_99(o)) return true;
  if (o.size != 3) return false;
  return o.c[0] == '1' ||
         (o.c[0] == '2' && (between(o.c[1], '0', '1') || (o.c[1] == '2' && between(o.c[2], '0', '3'))));
}
bool is_middle_octet(const Octet& o) {  // 0..255, leading zeros allowed in two digits
  if (o.size <= 2) return true;
  return o.c[0] == '1' ||
         (o.c[0] == '2' && (between(o.c[1], '0', '4') || (o.c[1] == '5' && between(o.c[2], '0', '5'))));
}
bool is_last_octet(const Octet& o) {  // 1..254
  if (starts_1_to_99(o)) return true;
  if (o.size != 3) return false;
  return o.c[0] == '1' ||
         (o.c[0] == '2' && (between(o.c[1], '0', '4') || (o.c[1] == '5' && between(o.c[2], '0', '4'))));
}
bool is_private(const std::array<Octet, 4>& o) {
  if (is(o[0], "10") || is(o[0], "127")) return true;
  if ((is(o[0], "169") && is(o[1], "254")) || (is(o[0], "192") && is(o[1], "168"))) return true;
  if (!is(o[0], "172") || o[1].size != 2) return false;
  return (o[1].c[0] == '1' && between(o[1].c[1], '6', '9')) || (o[1].c[0] == '2') ||
         (o[1].c[0] == '3' && between(o[1].c[1], '0', '1'));
}

bool is_ip_url(std::string_view s, size_t at) {
  std::array<Octet, 4> octets;
  if (!read_octets(s, at, octets) || is_private(octets)) return false;
  return is_first_octet(octets[0]) && is_middle_octet(octets[1]) && is_middle_octet(octets[2]) &&
         is_last_octet(octets[3]) && is_tail(s, at);
}

// Labels of 1..64 characters, each followed by a dot, then a top-level domain of 2..63 lower-case letters.
bool is_domain_url(std::string_view s, size_t at) {
  size_t labels = 0, size = 0;      // labels so far; characters of the current piece
  bool edges = true, lower = true;  // the piece so far may be a label; may be a top-level domain
  char32_t last = 0;
  while (at < s.size()) {
    const Utf8Char c = decode_utf8(s, at);
    if (c.code_point == ':' || c.code_point == '/' || c.code_point == '?' || c.code_point == '#') break;
    if (c.code_point == '.') {
      if (size == 0 || size > 64 || !edges || !is_label_edge(last)) return false;
      ++labels;
      size = 0;
      edges = lower = true;
    } else {
      lower = lower && (classes_of(c.code_point) & kLower) != 0;
      edges = edges && (size == 0 ? is_label_edge(c.code_point) : is_label_inner(c.code_point));
      if (!lower && !edges) return false;
      last = c.code_point;
      ++size;
    }
    at += c.size;
  }
  return labels > 0 && lower && size >= 2 && size <= 63 && is_tail(s, at);
}

bool is_host(std::string_view s, size_t at) { return at < s.size() && (is_ip_url(s, at) || is_domain_url(s, at)); }

}  // namespace

bool is_url(std::string_view s) {
  if (s.find('.') == std::string_view::npos) return false;
  if (is_host(s, 0)) return true;
  size_t at = 0, count = 0;
  while (at < s.size()) {
    const Utf8Char c = decode_utf8(s, at);
    if (!is_scheme_char(c.code_point)) break;
    at += c.size;
    ++count;
  }
  if (count >= 2 && s.substr(at).starts_with("://") && is_host(s, at + 3)) return true;
  for (size_t sign = s.find('@', 1); sign != std::string_view::npos; sign = s.find('@', sign + 1)) {
    if (is_host(s, sign + 1)) return true;
  }
  return false;
}

}  // namespace ftok::spacy
