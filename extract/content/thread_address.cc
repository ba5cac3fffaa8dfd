#include "extract/content/thread_address.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace ftok::html {

namespace {

constexpr std::string_view kHostParts[] = {"forum",     "forums",        "bbs",         "board",      "boards",
                                           "community", "communities",   "discuss",     "discussion", "discussions",
                                           "answers",   "ask",           "talk",        "reddit",     "stackexchange",
                                           "quora",     "stackoverflow", "ycombinator", "lemmy",      "lobste"};
constexpr std::string_view kPathParts[] = {
    "forum",  "forums",    "viewforum", "thread",     "threads",     "showthread", "viewthread", "topic",
    "topics", "viewtopic", "showtopic", "discussion", "discussions", "questions",  "question",   "answers",
    "boards", "board",     "bbs",       "t",          "q",           "show_bug",   "bugreport"};
// Before a number that ends the path: "issues/12" is an issue of a tracker, "issues/12/the-mill" one of a magazine.
constexpr std::string_view kNumberedParts[] = {"issues", "issue", "tickets", "ticket",         "bugs",         "bug",
                                               "pull",   "pulls", "browse",  "merge_requests", "pull-requests"};

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

// "12", and a tracker's "mill-12".
bool is_issue_number(std::string_view part) {
  const size_t hyphen = part.find('-');
  if (hyphen != std::string_view::npos && part.find_first_of("0123456789") > hyphen) part.remove_prefix(hyphen + 1);
  return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
}

bool begins_with_digit(std::string_view text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

// "[MILL-12] ", as an issue tracker begins its titles.
bool begins_with_issue_key(std::string_view title) {
  if (!title.starts_with('[')) return false;
  const size_t end = std::min(title.find(']'), title.size());
  const size_t hyphen = title.substr(0, end).rfind('-');
  return hyphen != std::string_view::npos && hyphen > 1 && hyphen + 1 < end && title.substr(end).starts_with("] ") &&
         title.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", 1) == hyphen &&
         title.substr(hyphen + 1, end - hyphen - 1).find_first_not_of("0123456789") == std::string_view::npos;
}

// " - mill/wheel - ", a repository, as a part of the title.
bool names_repository(std::string_view title) {
  const size_t slash = title.find('/');
  if (slash == std::string_view::npos || title.find('/', slash + 1) != std::string_view::npos) return false;
  const size_t begin = title.rfind(' ', slash) + 1, end = std::min(title.find(' ', slash), title.size());
  return begin < slash && slash + 1 < end && title.substr(0, begin).ends_with(" - ") &&
         title.substr(end).starts_with(" - ");
}

// "Issue #12", "(#12)", and at the beginning "#12 (", or "#12 - " where a repository is named.
bool has_issue_number(std::string_view title) {
  static constexpr std::string_view kNumbered[] = {"issue #",      "ticket #",        "bug #", "pull request #",
                                                   "discussion #", "merge request !", "(#"};
  for (const std::string_view kind : kNumbered) {
    const size_t at = title.find(kind);
    if (at != std::string_view::npos && begins_with_digit(title.substr(at + kind.size()))) return true;
  }
  if (title.size() < 2 || title[0] != '#' || !begins_with_digit(title.substr(1))) return false;
  const size_t end = title.find_first_not_of("0123456789", 1);
  if (end == std::string_view::npos) return false;
  return title.substr(end).starts_with(" (") || (title.substr(end).starts_with(" - ") && names_repository(title));
}

bool names_forum(std::string_view site) {
  static constexpr std::string_view kNames[] = {
      "forum", "message board",  "bulletin board", "discussion board", "issue tracker", "bug tracker", "bugzilla",
      "jira",  "stack exchange", "stack overflow", "hacker news",      "lemmy",         "lobsters",    "reddit"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return site.find(name) != std::string_view::npos; });
}

bool is_issue_path(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  while (path.ends_with('/')) path.remove_suffix(1);
  const size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0 || !is_issue_number(path.substr(last + 1))) return false;
  const std::string_view before = path.substr(0, last);
  return is_among(kNumberedParts, before.substr(before.rfind('/') + 1));
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
  return is_issue_path(rest.substr(host)) ||
         any_part(rest.substr(host), "/?&=.", [](std::string_view part) { return is_among(kPathParts, part); });
}

bool is_thread_title(std::string_view title) {
  std::string lower(title.substr(0, 512));
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (has_issue_number(lower) || begins_with_issue_key(lower)) return true;
  // What the site calls itself, before or behind the title of the page.
  static constexpr std::string_view kSigns[] = {" - ", " | ", " \u2013 ", " \u2014 ", " \u00B7 ", " :: ", " \u2022 "};
  size_t first = std::string::npos, last = 0;
  for (const std::string_view sign : kSigns) {
    first = std::min(first, lower.find(sign));
    const size_t at = lower.rfind(sign);
    if (at != std::string::npos) last = std::max(last, at + sign.size());
  }
  const std::string_view text = lower;
  return first != std::string::npos && (names_forum(text.substr(0, first)) || names_forum(text.substr(last)));
}

}  // namespace ftok::html
