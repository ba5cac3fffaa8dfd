#include "dedup/url_key.h"

#include <xxhash.h>

#include <algorithm>
#include <string_view>

namespace ftok {
namespace {

std::string canonical_form(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  std::string form(url);
  const auto host_end = form.begin() + static_cast<std::ptrdiff_t>(std::min(form.find_first_of("/?"), form.size()));
  std::transform(form.begin(), host_end, form.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return form;
}

}  // namespace

uint64_t url_key(const Document& document, bool canonical) {
  const std::string& url = canonical && !document.canonical_url.empty() ? document.canonical_url : document.url;
  const std::string form = canonical ? canonical_form(url) : url;
  return form.empty() ? 0 : std::max<uint64_t>(XXH3_64bits_withSeed(form.data(), form.size(), 1), 1);
}

}  // namespace ftok
