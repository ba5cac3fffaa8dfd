// Any bytes as a URL and as lists. Links ftok::filters.
#include <cstddef>
#include <cstdint>
#include <string>

#include "filters/url.h"
#include "filters/url_lists/substring_matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ftok::UrlStage stage([] {
    ftok::UrlOptions options;
    options.hard_words = {"hard", "0"};
    options.soft_words = {"soft", "mild", "1"};
    options.substrings = {"ab", "bad", "aabb"};
    options.urls_without_scheme = options.match_addresses = true;
    return options;
  }());
  ftok::Document document;
  document.url.assign(reinterpret_cast<const char*>(data), size);
  ftok::Report report;
  if (stage.process(document, &report).kept() != stage.process(document).kept()) __builtin_trap();
  const std::string host = ftok::host_of_url(document.url);
  if (stage.public_suffixes().registered_domain(host).size() > host.size()) __builtin_trap();
  ftok::UrlOptions options;
  options.substrings = {document.url};
  const ftok::UrlLists lists(options);
  if (!ftok::letters_and_digits(document.url).empty() && lists.substrings().find_in(document.url).empty())
    __builtin_trap();
  return 0;
}
