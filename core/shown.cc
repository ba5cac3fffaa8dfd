#include "core/shown.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/ascii.h"
#include "core/utf8.h"

namespace ftok {
namespace {

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool steers_terminals(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool names_a_secret(std::string_view parameter) {
  constexpr std::string_view kMarks[] = {"auth",   "code", "cred",   "jwt",     "key", "pass",
                                         "policy", "pwd",  "secret", "session", "sig", "token"};
  const std::string name = lower_ascii(parameter);
  return std::any_of(std::begin(kMarks), std::end(kMarks),
                     [&](std::string_view mark) { return name.find(mark) != std::string::npos; });
}

bool is_of_scheme(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

// The length of "SCHEME://"; 0 where `text` does not begin so.
size_t scheme_size(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return 0;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_of_scheme) ? colon + 3 : 0;
}

}  // namespace

std::string escape_bytes(std::string_view text) {
  unsigned char bits = 0;
  for (const char c : text) bits |= static_cast<unsigned char>(c);
  if (bits < 0x80 && text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    if (!c.valid || (c.code_point == '\\' && i + 1 < text.size() && text[i + 1] == 'x')) {
      append_escaped(out, text.substr(i, c.size));
    } else {
      out += text.substr(i, c.size);
    }
    i += c.size;
  }
  return out;
}

std::string unescape_bytes(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const bool may_be = i + 3 < text.size() && text[i] == '\\' && text[i + 1] == 'x';
    const int high = may_be ? hex_digit(text[i + 2]) : -1, low = may_be ? hex_digit(text[i + 3]) : -1;
    const bool is_escape = high >= 0 && low >= 0;
    out += is_escape ? static_cast<char>(high << 4 | low) : text[i];
    i += is_escape ? 4 : 1;
  }
  return out;
}

std::string printable(std::string_view text, bool lines) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    const bool stays =
        c.valid && (!steers_terminals(c.code_point) || (lines && (c.code_point == '\n' || c.code_point == '\t')));
    if (stays) {
      out += text.substr(i, c.size);
    } else {
      append_escaped(out, text.substr(i, c.size));
    }
    i += c.size;
  }
  return out;
}

std::string shown_field(std::string_view text) { return printable(escape_bytes(text)); }

std::string without_secrets(std::string_view address) {
  const size_t scheme = scheme_size(address);
  if (scheme == 0) return std::string(address);
  std::string out(address.substr(0, scheme));
  std::string_view rest = address.substr(scheme);
  const size_t host_end = std::min(rest.find_first_of("/?#"), rest.size());
  const size_t at = rest.substr(0, host_end).rfind('@');  // a password may hold one
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  const size_t query = rest.find('?');
  if (query == std::string_view::npos) return out.append(rest);
  out += rest.substr(0, query + 1);
  rest.remove_prefix(query + 1);
  const size_t query_end = std::min(rest.find('#'), rest.size());
  for (size_t i = 0; i < query_end;) {
    const size_t end = std::min(rest.find_first_of("&;", i), query_end);
    const std::string_view parameter = rest.substr(i, end - i);
    const size_t equals = parameter.find('=');
    if (equals != std::string_view::npos && names_a_secret(parameter.substr(0, equals))) {
      out.append(parameter.substr(0, equals)).append("=***");
    } else {
      out += parameter;
    }
    if (end < query_end) out += rest[end];
    i = end + 1;
  }
  return out.append(rest.substr(query_end));
}

std::string hide_secrets(std::string_view message) {
  std::string out;
  size_t at = 0;  // what comes before is in `out`
  for (size_t mark = message.find("://"); mark != std::string_view::npos; mark = message.find("://", at)) {
    size_t begin = mark;
    while (begin > at && is_of_scheme(message[begin - 1])) --begin;
    // A user name and a password may hold quotation marks, and what comes before them in an address may not.
    const size_t end = std::min(message.find_first_of(" \t\n\"'`", mark), message.size());
    const size_t host_end = std::min(message.find_first_of("/?# \t\n", mark + 3), message.size());
    const size_t last = message.substr(0, host_end).rfind('@');
    const bool has_user = last != std::string_view::npos && last >= mark + 3;
    const size_t address_end =
        has_user && last >= end ? std::min(message.find_first_of(" \t\n\"'`", last), message.size()) : end;
    out += message.substr(at, begin - at);
    std::string_view address = message.substr(begin, address_end - begin);
    const size_t closing = std::min(address.find_last_not_of(".,:;)") + 1, address.size());
    out += without_secrets(address.substr(0, closing));
    out += address.substr(closing);
    at = address_end;
  }
  return out.append(message.substr(at));
}

std::string shown_input(std::string_view input) { return escape_bytes(without_secrets(input)); }

}  // namespace ftok
