#include "dedup/url_key.h"

#include <xxhash.h>

#include <algorithm>
#include <string_view>

namespace ftok {
namespace {

std::string canonical_form(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const size_t slash = std::min(url.find_first_of("/?"), url.size());
  const bool has_scheme = slash == 0 || url[slash - 1] == ':';
  if (has_scheme && url.substr(slash).starts_with("//")) url.remove_prefix(slash + 2);
  std::string form(url);
  const auto host_end = form.begin() + static_cast<std::ptrdiff_t>(std::min(form.find_first_of("/?"), form.size()));
  std::transform(form.begin(), host_end, form.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return form;
}

}  // namespace

uint64_t url_key(const Document& document, bool canonical) {
  std::string form = canonical ? canonical_form(document.canonical_url) : document.url;
  const bool has_host = !form.empty() && form[0] != '/' && form[0] != '?';
  if (canonical && !has_host) form = canonical_form(document.url);
  return form.empty() ? 0 : std::max<uint64_t>(XXH3_64bits_withSeed(form.data(), form.size(), 1), 1);
}

}  // namespace ftok
