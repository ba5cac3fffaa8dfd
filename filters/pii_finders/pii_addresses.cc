// E-mail, IPv4 and IPv6 addresses.
//
// The e-mail and IPv4 patterns are datatrove's regular expressions, matched by hand from the one byte every match must
// hold ('@', '.'): the leftmost match that a backtracking engine would give, found without scanning what cannot match.
// The tests hold both against the expressions themselves.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <re2/re2.h>

#include "filters/pii_finders/pii_finders.h"
#include "text/unicode.h"

namespace ftok::pii {
namespace {

constexpr std::string_view kAtomSymbols = "!#$%&'*+/=?^_`{|}~-";

constexpr std::array<bool, 256> make_atoms(bool any_case) {
  std::array<bool, 256> out{};
  for (size_t i = 0; i < 128; ++i) {
    const char c = static_cast<char>(i);
    out[i] = is_lower(c) || is_digit(c) || (any_case && is_upper(c)) || kAtomSymbols.find(c) != std::string_view::npos;
  }
  return out;
}
constexpr std::array<std::array<bool, 256>, 2> kAtoms = {make_atoms(false), make_atoms(true)};

// \w of Python's str patterns: letters, numbers and the underscore.
bool is_word_at(std::string_view text, size_t at) {
  const char c = text[at];
  if (static_cast<uint8_t>(c) < 0x80) return is_letter_or_digit(c) || c == '_';
  const Category category = category_of(decode_utf8(text, at).code_point);
  return is_letter(category) || is_number(category);
}

bool is_word_before(std::string_view text, size_t at) {
  if (at == 0) return false;
  size_t start = at - 1;
  while (start > 0 && at - start < 4 && (static_cast<uint8_t>(text[start]) & 0xC0) == 0x80) --start;
  return is_word_at(text, start);
}

class EmailMatcher {
 public:
  EmailMatcher(std::string_view text, bool any_case)
      : text_(text), any_case_(any_case), atoms_(kAtoms[any_case ? 1 : 0]) {}

  // The first byte of the longest local part that ends before the '@' at `at` and starts at or after `floor`, at a word
  // boundary; npos when there is none.
  size_t local_part(size_t at, size_t floor) const {
    size_t start = at;
    while (start > floor) {
      const char c = text_[start - 1];
      const bool dot = c == '.' && start < at && text_[start] != '.' && start - 1 > floor && is_atom(text_[start - 2]);
      if (!is_atom(c) && !dot) break;
      --start;
    }
    for (; start < at; ++start) {
      if (is_atom(text_[start]) && is_word_before(text_, start) != is_word_at(text_, start)) return start;
    }
    return std::string_view::npos;
  }

  // The end of the domain that starts at `at`; npos when there is none.
  size_t domain(size_t at) const {
    if (at < text_.size() && text_[at] == '[') return bracketed(at);
    size_t end = std::string_view::npos;  // of the last label, once there are two
    for (bool first = true; at < text_.size() && is_label(text_[at]); first = false) {
      size_t run = at;
      size_t label = at + 1;  // behind the last letter or digit of the run
      while (run < text_.size() && (is_label(text_[run]) || text_[run] == '-')) {
        if (text_[run++] != '-') label = run;
      }
      if (!first) end = label;
      if (label >= text_.size() || text_[label] != '.') break;
      at = label + 1;
    }
    return end;
  }

 private:
  bool is_atom(char c) const { return atoms_[static_cast<uint8_t>(c)]; }
  bool is_label(char c) const { return is_digit(c) || is_lower(c) || (any_case_ && is_upper(c)); }

  // An address literal, [1.2.3.4] or datatrove's [1.2.3.tag:].
  size_t bracketed(size_t at) const {
    static const char kOctets[] =
        "(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?|";
    static const RE2 any(std::string("(\\[") + kOctets + "[A-Za-z0-9-]*[A-Za-z0-9]:)])");
    static const RE2 lower(std::string("(\\[") + kOctets + "[a-z0-9-]*[a-z0-9]:)])");
    const size_t close = text_.substr(at, kBracketBytesMax).find(']');
    if (close == std::string_view::npos) return close;
    re2::StringPiece literal(text_.data() + at, close + 1);
    return RE2::FullMatch(literal, any_case_ ? any : lower) ? at + close + 1 : std::string_view::npos;
  }

  static constexpr size_t kBracketBytesMax = 1024;  // longer literals are not addresses
  std::string_view text_;
  bool any_case_;
  const std::array<bool, 256>& atoms_;
};

// Length of the octet 25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]? that starts at `at`, tried longest first; 0 for none.
size_t octet(std::string_view text, size_t at, size_t end) {
  size_t digits = 0;
  while (digits < 3 && at + digits < end && is_digit(text[at + digits])) ++digits;
  if (digits < 3) return digits;
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  return value <= 255 ? 3 : 2;
}

// The end of an IPv4 address that starts at `at` and whose octets but the last end at a dot; npos for none.
size_t ipv4_end(std::string_view text, size_t at, size_t end) {
  for (int part = 0; part < 3; ++part) {
    const size_t size = octet(text, at, end);
    if (size == 0 || at + size >= end || text[at + size] != '.') return std::string_view::npos;
    at += size + 1;
  }
  const size_t last = octet(text, at, end);
  return last == 0 ? std::string_view::npos : at + last;
}

bool is_in(uint32_t address, uint32_t network, unsigned bits) { return (address ^ network) >> (32 - bits) == 0; }

// Outside the block in use, 2000::/3, short forms such as "dead::beef" are names and times more often than addresses:
// six groups at least, one of them of three digits.
bool is_written_in_full(std::string_view address) {
  size_t digits = 0, longest = 0;
  for (const char c : address) longest = std::max(longest, digits = c == ':' ? 0 : digits + 1);
  return std::count(address.begin(), address.end(), ':') >= 5 && longest >= 3;
}

constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

void find_emails(std::string_view text, bool any_case, std::vector<PiiSpan>& out) {
  const EmailMatcher matcher(text, any_case);
  size_t floor = 0;  // nothing before it is free: the end of the last match or the last '@'
  for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (at < floor) continue;
    const size_t end = matcher.domain(at + 1);
    const size_t begin = end == std::string_view::npos ? end : matcher.local_part(at, floor);
    if (begin != std::string_view::npos) out.push_back({begin, end, PiiKind::kEmail});
    floor = begin != std::string_view::npos ? end : at + 1;
  }
}

bool is_public_ipv4(uint32_t address) {
  struct Network {
    uint32_t address;
    unsigned bits;
  };
  // Special-purpose registry (IANA), the entries that are not globally reachable, with 100.64.0.0/10 as in Python.
  static constexpr Network kPrivate[] = {
      {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
      {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0A80000, 16}, {0xC6120000, 15},
      {0xC6336400, 24}, {0xCB007100, 24}, {0xF0000000, 4},
  };
  if (address == 0xC0000009 || address == 0xC000000A) return true;  // 192.0.0.9 and 192.0.0.10 are
  return std::none_of(std::begin(kPrivate), std::end(kPrivate),
                      [&](const Network& n) { return is_in(address, n.address, n.bits); });
}

void find_ipv4(std::string_view text, Range range, bool public_only, std::vector<PiiSpan>& out) {
  const std::string_view area = text.substr(0, range.end);  // a search must not look beyond the range
  const auto next_dot = [&](size_t from) { return std::min(area.find('.', from), range.end); };
  size_t floor = range.begin;
  for (size_t dot = next_dot(range.begin); dot < range.end; dot = next_dot(dot + 1)) {
    if (dot <= floor || dot + 1 >= range.end || !is_digit(text[dot - 1]) || !is_digit(text[dot + 1])) continue;
    size_t begin = dot;
    while (begin > floor && dot - begin < 3 && is_digit(text[begin - 1])) --begin;
    size_t end = std::string_view::npos;
    for (; begin < dot; ++begin) {  // leftmost first octet that ends at this dot
      if (octet(text, begin, range.end) != dot - begin) continue;
      end = ipv4_end(text, begin, range.end);
      break;  // a shorter first octet meets the same rest
    }
    if (end == std::string_view::npos) continue;
    floor = end;
    const std::string address(text.substr(begin, end - begin));
    in_addr parsed{};
    const bool valid = inet_pton(AF_INET, address.c_str(), &parsed) == 1;  // refuses leading zeros, as Python does
    if (valid && (!public_only || is_public_ipv4(ntohl(parsed.s_addr)))) out.push_back({begin, end, PiiKind::kIpv4});
  }
}

bool is_public_ipv6(const uint8_t (&a)[16]) {
  // Special-purpose registry (IANA): what is not globally reachable, as in Python but without the small exceptions.
  const bool all_zero =
      std::all_of(a, a + 10, [](uint8_t byte) { return byte == 0; });  // ::, ::1, ::ffff:0:0/96, ::/80
  const bool protocol = a[0] == 0x20 && a[1] == 0x01 && a[2] < 2;      // 2001::/23
  const bool documentation = (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0D && a[3] == 0xB8) ||  // 2001:db8::/32
                             (a[0] == 0x3F && a[1] == 0xFF && (a[2] & 0xF0) == 0);              // 3fff::/20
  const bool tunnel = a[0] == 0x20 && a[1] == 0x02;                                             // 2002::/16, 6to4
  const bool discard = a[0] == 0x01 && std::all_of(a + 1, a + 8, [](uint8_t byte) { return byte == 0; });  // 100::/64
  const bool local = (a[0] & 0xFE) == 0xFC || (a[0] == 0xFE && (a[1] & 0xC0) == 0x80);            // fc00::/7, fe80::/10
  return !(all_zero || protocol || documentation || tunnel || discard || local || a[0] == 0xFF);  // ff00::/8: multicast
}

void find_ipv6(std::string_view text, Range range, bool public_only, std::vector<PiiSpan>& out) {
  constexpr size_t kTextMax = 45;  // the longest text form
  const auto is_part = [](char c) { return is_hex(c) || c == ':' || c == '.'; };
  const std::string_view area = text.substr(0, range.end);  // a search must not look beyond the range
  size_t floor = range.begin;
  for (size_t colon = area.find(':', range.begin); colon != std::string_view::npos;
       colon = area.find(':', std::max(colon + 1, floor))) {
    size_t begin = colon, end = colon;
    while (begin > floor && colon - begin <= kTextMax && is_part(text[begin - 1])) --begin;
    while (end < range.end && end - begin <= kTextMax && is_part(text[end])) ++end;
    const size_t run_end = end;
    while (end > begin && (text[end - 1] == '.' || (text[end - 1] == ':' && (end - begin < 2 || text[end - 2] != ':'))))
      --end;
    floor = std::max(run_end, colon + 1);
    if (end - begin < 3 || end - begin > kTextMax) continue;
    if (begin > 0 && (is_letter_or_digit(text[begin - 1]) || text[begin - 1] == '_')) continue;
    if (end < text.size() && (is_letter_or_digit(text[end]) || text[end] == '_')) continue;
    const std::string address(text.substr(begin, end - begin));
    in6_addr parsed{};
    if (inet_pton(AF_INET6, address.c_str(), &parsed) != 1) continue;
    uint8_t bytes[16];
    std::memcpy(bytes, &parsed, sizeof bytes);
    if ((bytes[0] & 0xE0) != 0x20 && !is_written_in_full(address)) continue;
    if (!public_only || is_public_ipv6(bytes)) out.push_back({begin, end, PiiKind::kIpv6});
  }
}

}  // namespace ftok::pii
