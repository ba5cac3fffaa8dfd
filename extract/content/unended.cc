#include "extract/content/unended.h"

#include <algorithm>

#include "core/ascii.h"
#include "extract/content/ancestors.h"

namespace ftok::html {

namespace {

// Line ends as the parser counts them.
std::string with_line_feeds(std::string_view html) {
  std::string out;
  out.reserve(html.size());
  for (size_t i = 0; i < html.size(); ++i) {
    if (html[i] == '\r' && i + 1 < html.size() && html[i + 1] == '\n') continue;
    out += html[i] == '\r' ? '\n' : html[i];
  }
  return out;
}

bool begins_tag(std::string_view text, size_t at) {
  if (text[at] != '<' || at + 1 >= text.size()) return false;
  return is_alpha(text[at + 1]) || (text[at + 1] == '/' && at + 2 < text.size() && is_alpha(text[at + 2]));
}

size_t first_tag(std::string_view text) {
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    if (begins_tag(text, at)) return at;
  }
  return std::string_view::npos;
}

// The first tag that begins a line; scripts hold others within their strings.
size_t first_tag_of_line(std::string_view text) {
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    size_t line = at;
    while (line > 0 && (text[line - 1] == ' ' || text[line - 1] == '\t')) --line;
    if ((line == 0 || text[line - 1] == '\n') && begins_tag(text, at)) return at;
  }
  return std::string_view::npos;
}

// Where the page's own markup continues in the content of an element that never ended; npos where it does not.
size_t end_of_content(std::string_view content, Tag tag) {
  if (tag != Tag::kScript) return first_tag(content);
  // Its end tag is there, but hidden by "<!--" and "<script" (the standard's "script data double escaped state").
  static constexpr std::string_view kEnd = "</script";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  const auto end = std::search(content.begin(), content.end(), kEnd.begin(), kEnd.end(), same);
  if (end != content.end()) return static_cast<size_t>(end - content.begin());
  const bool is_page =
      contains_word(content, "</body") || contains_word(content, "</html") || contains_word(content, "</p>");
  if (!is_page) return std::string_view::npos;
  const size_t of_line = first_tag_of_line(content);
  // Behind the end of a comment that wrapped the script, the page may go on at once.
  constexpr std::string_view kCommentEnd = "-->";
  const size_t comment = content.find(kCommentEnd);
  if (comment == std::string_view::npos) return of_line;
  size_t at = comment + kCommentEnd.size();
  while (at < content.size() && is_ascii_space(content[at])) ++at;
  return at < content.size() && begins_tag(content, at) ? std::min(at, of_line) : of_line;
}

}  // namespace

std::string close_unended(std::string_view html, const ParseResult& parsed) {
  if (parsed.unended_at == 0) return {};
  std::string page = with_line_feeds(html);
  if (parsed.unended_at > page.size()) return {};
  const std::string_view content = std::string_view(page).substr(parsed.unended_at);
  const size_t end = end_of_content(content, parsed.unended);
  if (end == std::string_view::npos) return {};
  const bool is_text = parsed.unended == Tag::kTitle || parsed.unended == Tag::kTextarea;
  const size_t kept = is_text ? end : 0;  // of the content
  std::string out(page, 0, parsed.unended_at + kept);
  out.append("</").append(name_of(parsed.unended)).append(">");
  out.append(content.substr(end));
  return out;
}

}  // namespace ftok::html
