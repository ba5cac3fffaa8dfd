#include "extract/content/page_title.h"

#include <algorithm>
#include <iterator>

#include "core/ascii.h"

namespace ftok::html {

namespace {

constexpr std::string_view kSigns[] = {" | ", " - ", " – ", " — ", " · ", " • ", " :: ", " » ", " « ", "｜", " ~ "};

// The length of the sign at a place of a title; 0 where there is none.
size_t sign_at(std::string_view title, size_t at) {
  if (title[at] != ' ' && title[at] != '\xEF') return 0;
  if (at + 1 == title.size() || is_alpha(title[at + 1])) return 0;  // most spaces stand before words
  const std::string_view rest = title.substr(at);
  const auto* const found =
      std::find_if(std::begin(kSigns), std::end(kSigns), [&](std::string_view sign) { return rest.starts_with(sign); });
  return found == std::end(kSigns) ? 0 : found->size();
}

// Letters and digits in lower case: as names stand in hosts.
std::string letters_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alpha(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80) out += ascii_lower(c);
  }
  return out;
}

// The host of an address without "www." and its last label: "the-weir.example" of "https://www.the-weir.example/a".
std::string_view host_of(std::string_view address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return {};
  address.remove_prefix(scheme + 3);
  std::string_view host = address.substr(0, address.find_first_of("/:?#"));
  if (host.starts_with("www.")) host.remove_prefix(4);
  return host;
}

bool is_name_of_host(const std::string& name, std::string_view host) {
  constexpr size_t kNameMin = 4;  // shorter ones may be parts of others
  if (name.size() < kNameMin) return false;
  const std::string whole = letters_of(host);
  if (whole == name) return true;  // "example.com"
  for (;;) {                       // "the-weir" of "the-weir.co.example"
    const size_t dot = host.rfind('.');
    if (dot == std::string_view::npos) return false;
    host = host.substr(0, dot);
    const size_t before = host.rfind('.');
    if (letters_of(before == std::string_view::npos ? host : host.substr(before + 1)) == name) return true;
  }
}

class SiteName {
 public:
  explicit SiteName(const TitleFacts& facts)
      : site_(letters_of(facts.site)), heading_(letters_of(facts.heading)), host_(host_of(facts.address)) {}

  // Whether a title is `name` and `rest`, not the other way round.
  bool is(std::string_view name, std::string_view rest) const {
    const std::string bare_name = letters_of(name), bare_rest = letters_of(rest);
    if (bare_rest.empty() || bare_rest == site_) return false;
    if (!site_.empty() && bare_name == site_) return true;
    if (bare_name == heading_) return false;
    return is_name_of_host(bare_name, host_) || bare_rest == heading_;
  }

 private:
  std::string site_, heading_;
  std::string_view host_;
};

}  // namespace

std::string title_without_site(std::string_view title, const TitleFacts& facts) {
  const SiteName site(facts);
  size_t first = std::string_view::npos, first_end = 0, last = 0, last_end = 0;
  for (size_t at = 0; at < title.size(); ++at) {
    const size_t size = sign_at(title, at);
    if (size == 0) continue;
    if (first == std::string_view::npos) first = at, first_end = at + size;
    last = at, last_end = at + size;
  }
  if (first == std::string_view::npos) return std::string(title);
  const std::string_view without_last = trim(title.substr(0, last)), without_first = trim(title.substr(first_end));
  if (site.is(title.substr(last_end), without_last)) return std::string(without_last);
  if (site.is(title.substr(0, first), without_first)) return std::string(without_first);
  return std::string(title);
}

}  // namespace ftok::html
