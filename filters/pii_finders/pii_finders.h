// The finders behind PiiStage, one for each kind. Private to filters/.
//
// Each appends the spans that lie within [begin, end) of `text`, in order, and may look at the bytes around that range.
// None allocates per byte; each takes time linear in the range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "filters/pii.h"

namespace ftok::pii {

struct Range {
  size_t begin = 0, end = 0;
};

// Maximal runs of ASCII digits.
using DigitRuns = std::vector<Range>;
DigitRuns find_digit_runs(std::string_view text);

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter_or_digit(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

// What stands between the groups of a number: one character as ASCII would have it, ' ' for the spaces of Unicode, '-'
// for its hyphens, dashes and the minus sign; kInvisible for characters without width and the soft hyphen; else the
// byte itself. `size`: its bytes, 0 at the end.
struct Separator {
  static constexpr char kInvisible = '\xFF';  // no byte of UTF-8

  char kind = 0;
  size_t size = 0;
};
Separator separator_at(std::string_view text, size_t at);

// Whether one of the words stands in the bytes before `at`, a letter or digit not right before it. Words are in lower
// case, the text's letters in any.
bool has_word_before(std::string_view text, size_t at, size_t reach, std::initializer_list<std::string_view> words);

void find_emails(std::string_view text, bool any_case, std::vector<PiiSpan>& out);
void find_ipv4(std::string_view text, Range range, bool public_only, std::vector<PiiSpan>& out);
void find_ipv6(std::string_view text, Range range, bool public_only, std::vector<PiiSpan>& out);
void find_api_keys(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out);
void find_ibans(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out);
void find_cards(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out);
void find_us_ssns(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out);
void find_phones(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out);

// Python's ipaddress.is_global for IPv4 (3.12.4 and later, after the IANA special-purpose registry).
bool is_public_ipv4(uint32_t address);

// Python's is_global for IPv6, without the few addresses of 2001::/23 that are, and without multicast.
bool is_public_ipv6(const uint8_t (&address)[16]);

bool has_valid_luhn(std::string_view digits);

}  // namespace ftok::pii
