#include "crawl/xhtml.h"

#include <algorithm>
#include <iterator>

#include "core/ascii.h"

namespace ftok {
namespace {

constexpr size_t npos = std::string_view::npos;

bool is_void(std::string_view name) {
  static constexpr std::string_view kVoid[] = {"area",  "base",  "basefont", "bgsound", "br",    "col",
                                               "embed", "frame", "hr",       "img",     "input", "keygen",
                                               "link",  "meta",  "param",    "source",  "track", "wbr"};
  return std::find(std::begin(kVoid), std::end(kVoid), name) != std::end(kVoid);
}

// The end of the tag that begins at `at`: behind its ">", or npos. Quoted values may hold one.
size_t end_of_tag(std::string_view page, size_t at) {
  for (char quote = '\0'; at < page.size(); ++at) {
    if (quote != '\0') {
      if (page[at] == quote) quote = '\0';
    } else if (page[at] == '"' || page[at] == '\'') {
      quote = page[at];
    } else if (page[at] == '>') {
      return at + 1;
    }
  }
  return npos;
}

// Whether a tag ends in "/>", and not in a value without quotes.
bool is_empty_element(std::string_view tag) {
  if (!tag.ends_with("/>")) return false;
  const size_t before = tag.find_last_of(" \t\r\n\"'");
  return tag.find('=', before == npos ? 0 : before) == npos;
}

// Ends early where `out` has passed `bytes_max`.
void append_escaped(std::string_view text, size_t bytes_max, std::string& out) {
  for (const char c : text) {
    if (out.size() > bytes_max) return;
    if (c == '<') out += "&lt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
}

}  // namespace

bool begins_as_xhtml(std::string_view page) {
  constexpr size_t kLooked = 1024;
  if (page.starts_with("\xEF\xBB\xBF")) page.remove_prefix(3);
  const std::string_view start = trim(page.substr(0, kLooked));
  if (start.starts_with("<?xml")) return true;
  const size_t root = start.find("<html");
  return start.substr(0, root).find("//DTD XHTML") != npos ||
         (root != npos && start.substr(root, start.find('>', root) - root).find("xmlns=") != npos);
}

bool xhtml_to_html(std::string_view page, std::string& out) {
  static constexpr std::string_view kCdata = "<![CDATA[", kCdataEnd = "]]>";
  out.clear();
  const size_t bytes_max = 2 * page.size();
  size_t copied = 0;  // up to here `out` has the page
  for (size_t at = page.find('<'); at != npos && out.size() <= bytes_max; at = page.find('<', at)) {
    const std::string_view rest = page.substr(at);
    if (rest.starts_with("<!--")) {
      at = page.find("-->", at + 4);
    } else if (rest.starts_with(kCdata)) {
      const size_t end = page.find(kCdataEnd, at);
      if (end == npos) break;
      out.append(page.substr(copied, at - copied));
      append_escaped(page.substr(at + kCdata.size(), end - at - kCdata.size()), bytes_max, out);
      copied = at = end + kCdataEnd.size();
    } else if (rest.size() > 1 && is_alpha(rest[1])) {
      const size_t end = end_of_tag(page, at);
      if (end == npos) break;
      const std::string_view tag = page.substr(at, end - at);
      const std::string_view name = tag.substr(1, tag.find_first_of(" \t\r\n/>") - 1);
      at = end;
      if (is_empty_element(tag)) {
        if (is_void(name)) continue;
        out.append(page.substr(copied, end - copied)).append("</").append(name).append(">");
        copied = end;
      } else if (name == "script" || name == "style") {
        at = page.find("</" + std::string(name), end);
      }
    } else {
      ++at;
    }
    if (at == npos) break;
  }
  if (copied == 0 || out.size() > bytes_max) {
    out.clear();
    return false;
  }
  out.append(page.substr(copied));
  return true;
}

}  // namespace ftok
