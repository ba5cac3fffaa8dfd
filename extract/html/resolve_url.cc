#include "extract/html/resolve_url.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/hex.h"

namespace ftok::html {

namespace {

constexpr size_t kUrlMax = 8192;  // bytes; a longer one is none

struct Parts {
  std::string_view scheme;                 // "https"
  std::string_view authority;              // "user@host:80"
  std::string_view path, query, fragment;  // with "?" and "#"
  bool has_authority = false;
};

std::string_view take(std::string_view& text, size_t size) {
  const std::string_view part = text.substr(0, size);
  text.remove_prefix(part.size());
  return part;
}

// RFC 3986, 3: "scheme:" and what is behind it.
Parts parts_of(std::string_view url) {
  Parts parts;
  const size_t colon = url.find_first_of(":/?#");
  if (colon != std::string_view::npos && colon > 0 && url[colon] == ':' && is_alpha(url[0]) &&
      std::all_of(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(colon),
                  [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; })) {
    parts.scheme = take(url, colon);
    url.remove_prefix(1);
  }
  if (url.starts_with("//")) {
    parts.has_authority = true;
    url.remove_prefix(2);
    parts.authority = take(url, url.find_first_of("/?#"));
  }
  parts.path = take(url, url.find_first_of("?#"));
  parts.query = take(url, url.find('#'));
  parts.fragment = url;
  return parts;
}

bool is_http(std::string_view scheme) {
  return equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "https");
}

bool has_host(std::string_view authority) {
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
  return !authority.empty() && authority[0] != ':';
}

// RFC 3986, 5.2.4, of a path that begins with "/".
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::string_view segment = take(path, path.find('/', 1));
    const bool is_up = segment == "/..";
    if (is_up) out.resize(std::min(out.rfind('/'), out.size()));
    if (!is_up && segment != "/.") out += segment;
    else if (path.empty()) out += '/';
  }
  return out;
}

std::string with_slashes(std::string url) {
  std::replace(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(std::min(url.find_first_of("?#"), url.size())),
               '\\', '/');
  return url;
}

}  // namespace

std::string written_url(std::string_view attribute) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!attribute.empty() && is_control(attribute.front())) attribute.remove_prefix(1);
  while (!attribute.empty() && is_control(attribute.back())) attribute.remove_suffix(1);
  std::string url;
  for (const char c : attribute) {
    if (c == '\t' || c == '\n' || c == '\r') continue;
    if (is_control(c) || c == 0x7F) url.append("%").append(to_hex({&c, 1}));
    else url += c;
  }
  return url;
}

std::string resolve_url(std::string_view reference, std::string_view base) {
  if (reference.size() > kUrlMax || base.size() > kUrlMax) return {};
  const std::string written = with_slashes(written_url(reference)), page = with_slashes(written_url(base));
  Parts url = parts_of(written), from = parts_of(page);
  if (!is_http(from.scheme) || !has_host(from.authority)) from = {};
  if (!url.scheme.empty() && !is_http(url.scheme)) return {};
  if (url.has_authority) {
    if (!has_host(url.authority)) return {};
    if (url.scheme.empty()) url.scheme = from.scheme.empty() ? "https" : from.scheme;
  } else {
    if (from.scheme.empty() || (!url.scheme.empty() && !equals_ignoring_case(url.scheme, from.scheme))) return {};
    url.scheme = from.scheme;
    url.authority = from.authority;
    if (url.path.empty() && url.query.empty()) url.query = from.query;
  }
  std::string path(url.path);
  if (!url.has_authority && !path.starts_with('/')) {
    const std::string_view folder = from.path.substr(0, from.path.rfind('/') + 1);
    path = path.empty() ? std::string(from.path) : (folder.empty() ? "/" : std::string(folder)) + path;
  }
  std::string resolved(url.scheme);
  resolved.append("://").append(url.authority).append(without_dot_segments(path));
  return resolved.append(url.query).append(url.fragment);
}

}  // namespace ftok::html
