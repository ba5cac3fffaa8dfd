#include "extract/content/thread_address.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace ftok::html {

namespace {

constexpr std::string_view kHostParts[] = {"forum",     "forums",      "bbs",     "board",      "boards",
                                           "community", "communities", "discuss", "discussion", "discussions",
                                           "answers",   "ask",         "talk"};
constexpr std::string_view kPathParts[] = {
    "forum",  "forums",    "viewforum", "thread",     "threads",     "showthread", "viewthread", "topic",
    "topics", "viewtopic", "showtopic", "discussion", "discussions", "questions",  "question",   "answers",
    "boards", "board",     "bbs",       "t",          "q",           "viewforum"};

template <size_t N>
bool is_among(const std::string_view (&known)[N], std::string_view part) {
  return std::find(std::begin(known), std::end(known), part) != std::end(known);
}

// Calls visit for each part of `text` between the signs.
template <class Visit>
bool any_part(std::string_view text, std::string_view signs, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(signs), text.size());
    if (visit(text.substr(0, end))) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace

bool is_thread_address(std::string_view address) {
  std::string lower(address.substr(0, 512));
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  std::string_view rest = lower;
  const size_t scheme = rest.find("//");
  if (scheme == std::string_view::npos) return false;
  rest.remove_prefix(scheme + 2);
  const size_t host = std::min(rest.find_first_of("/?#"), rest.size());
  if (any_part(rest.substr(0, host), ".", [](std::string_view part) {
        return part.find("forum") != std::string_view::npos || is_among(kHostParts, part);
      }))
    return true;
  return any_part(rest.substr(host), "/?&=.", [](std::string_view part) { return is_among(kPathParts, part); });
}

}  // namespace ftok::html
