#include "crawl/robots.h"

#include <algorithm>

#include "core/ascii.h"

namespace ftok {
namespace {

// What the rules of some groups say of the whole site.
struct SiteRules {
  bool found = false;  // there is such a group
  bool disallows_root = false, allows_root = false, allows_below = false;

  bool disallows_all() const { return disallows_root && !allows_root && !allows_below; }
};

// The product token of a User-agent line: "CCBot/2.0" is "CCBot" (RFC 9309, section 2.2.1).
std::string_view product_token(std::string_view value) {
  const auto is_token = [](char c) { return is_alpha(c) || c == '_' || c == '-'; };
  return value.substr(0, static_cast<size_t>(std::find_if_not(value.begin(), value.end(), is_token) - value.begin()));
}

void add_rule(bool allows, std::string_view path, SiteRules& rules) {
  if (path.empty()) return;  // "Disallow:" disallows nothing
  const bool is_root = path == "/" || path == "*" || path == "/*";
  if (is_root) (allows ? rules.allows_root : rules.disallows_root) = true;
  else if (allows) rules.allows_below = true;
}

}  // namespace

RobotsVerdict robots_verdict(std::string_view text, std::string_view agent, size_t bytes_max) {
  text = text.substr(0, bytes_max);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  SiteRules named, any;
  bool in_named = false, in_any = false, names_follow = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, colon)), value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(key, "user-agent")) {
      if (!names_follow) in_named = in_any = false;
      names_follow = true;
      if (value == "*") in_any = any.found = true;
      else if (equals_ignoring_case(product_token(value), agent)) in_named = named.found = true;
    } else if (const bool allows = equals_ignoring_case(key, "allow");
               allows || equals_ignoring_case(key, "disallow")) {
      names_follow = false;
      if (in_named) add_rule(allows, value, named);
      if (in_any) add_rule(allows, value, any);
    }
  }
  if (named.found) return {named.disallows_all(), true};
  return {any.disallows_all(), false};
}

}  // namespace ftok
