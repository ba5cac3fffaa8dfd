// The head, chunks and types. Content encodings are in content_encoding.cc.
#include "crawl/http.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/ascii.h"
#include "crawl/charset.h"

namespace ftok {
namespace {

// A status line: "HTTP/1.1 200 OK", and what servers make of it: "HTTP/2 200", "HTTP/1.0 404", "ICY 200 OK".
bool parse_status_line(std::string_view line, HttpHead& head) {
  if (!starts_with_ignoring_case(line, "HTTP/") && !line.starts_with("ICY ")) return false;
  const size_t space = line.find_first_of(" \t");
  if (space == std::string_view::npos) return false;
  head.version = line.substr(0, space);
  std::string_view rest = trim(line.substr(space));
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), head.status);
  if (error != std::errc() || head.status < 100 || head.status > 999) return false;
  head.reason = trim(rest.substr(static_cast<size_t>(end - rest.data())));
  return true;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The place of the line feed at `at` or behind it, or the end of the text.
size_t end_of_line(std::string_view text, size_t at) {
  const void* const newline = at < text.size() ? std::memchr(text.data() + at, '\n', text.size() - at) : nullptr;
  return newline == nullptr ? text.size() : static_cast<size_t>(static_cast<const char*>(newline) - text.data());
}

// A line with those that continue it.
void add_field(std::string_view line, HttpHead& head) {
  if (is_blank(line[0])) return;  // continues the status line
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  head.fields.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
}

bool has_prefix_tag(std::string_view body, std::string_view tag) {
  return starts_with_ignoring_case(body, tag) && body.size() > tag.size() &&
         (is_ascii_space(body[tag.size()]) || body[tag.size()] == '>');
}

// A token of HTTP (RFC 9110, 5.6.2).
bool is_token(std::string_view text) {
  static constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || kSymbols.find(c) != std::string_view::npos;
  });
}

// "type/subtype" of a value in lower case; empty where that is not a valid MIME type (MIME Sniffing, "parse a MIME
// type").
std::string essence_of(std::string_view value) {
  const std::string_view whole = trim(value.substr(0, value.find(';')));
  const size_t slash = whole.find('/');
  if (slash == std::string_view::npos || !is_token(whole.substr(0, slash)) || !is_token(whole.substr(slash + 1)))
    return {};
  return lower_ascii(whole);
}

// The end of the value that begins at `at` in a list: a comma outside quotes, or the end of the text.
size_t end_of_value(std::string_view list, size_t at) {
  for (bool quoted = false; at < list.size(); ++at) {
    if (list[at] == '"') quoted = !quoted;
    else if (quoted && list[at] == '\\') ++at;
    else if (!quoted && list[at] == ',') break;
  }
  return std::min(at, list.size());
}

// A chunk's size line at `at`: sets the size and where the data begin. False when there is none.
bool parse_chunk_size(std::string_view body, size_t at, uint64_t& size, size_t& data) {
  const size_t end = body.find('\n', at);
  if (end == std::string_view::npos || end - at > 1024) return false;
  std::string_view line = body.substr(at, end - at);
  line = trim(line.substr(0, line.find(';')));  // chunk extensions are dropped
  while (line.size() > 1 && line[0] == '0') line.remove_prefix(1);
  if (line.empty() || line.size() > 16) return false;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc() || stop != line.data() + line.size()) return false;
  data = end + 1;
  return true;
}

}  // namespace

std::string_view HttpHead::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::string HttpHead::content_type() const {
  std::string essence;
  std::string_view charset;
  for (const auto& [key, list] : fields) {
    if (!equals_ignoring_case(key, "Content-Type")) continue;
    for (size_t at = 0; at <= list.size();) {
      const size_t end = end_of_value(list, at);
      const std::string_view value = list.substr(at, end - at);
      at = end + 1;
      const std::string found = essence_of(value);
      if (found.empty() || found == "*/*") continue;
      const std::string_view label = charset_parameter(value);
      if (found != essence || !label.empty()) charset = label;
      essence = found;
    }
  }
  return charset.empty() ? essence : essence + "; charset=\"" + std::string(charset) + "\"";
}

namespace {

Result<HttpHead> parse_one_head(std::string_view block, size_t head_bytes_max) {
  HttpHead head;
  size_t at = 0;
  bool first = true;
  while (at < block.size()) {
    if (at > head_bytes_max) return Damage{"head_too_long", {}, at};
    size_t end = end_of_line(block, at);
    std::string_view line = block.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (first) {
      if (!parse_status_line(line, head)) return Damage{"no_status_line", std::string(line.substr(0, 80)), 0};
      first = false;
    } else if (line.empty()) {
      head.size = std::min(end + 1, block.size());
      return head;
    } else {
      while (end + 1 < block.size() && end <= head_bytes_max && is_blank(block[end + 1]))
        end = end_of_line(block, end + 1);
      add_field(block.substr(at, end - at), head);
    }
    at = std::min(end + 1, block.size());
  }
  if (first) return Damage{"no_status_line", {}, 0};
  head.size = block.size();
  return head;
}

}  // namespace

Result<HttpHead> parse_http_head(std::string_view block, size_t head_bytes_max) {
  Result<HttpHead> head = parse_one_head(block, head_bytes_max);
  while (head.ok() && head->status < 200) {
    Result<HttpHead> next = parse_one_head(block.substr(head->size), head_bytes_max);
    if (!next.ok()) break;
    next->size += head->size;
    head = std::move(next);
  }
  return head;
}

Dechunked dechunk(std::string_view body, std::string& out) {
  uint64_t size = 0;
  size_t at = 0;
  if (!parse_chunk_size(body, 0, size, at)) return {};
  out.clear();
  while (size != 0) {
    const size_t have = static_cast<size_t>(std::min<uint64_t>(size, body.size() - at));
    out.append(body.substr(at, have));
    at += have;
    if (have < size) return {.chunked = true, .complete = false};
    // The line end after the data; some servers leave it out.
    if (at < body.size() && body[at] == '\r') ++at;
    if (at < body.size() && body[at] == '\n') ++at;
    if (!parse_chunk_size(body, at, size, at)) return {.chunked = true, .complete = false};
  }
  return {.chunked = true, .complete = true};
}

std::string media_type(std::string_view content_type) {
  return lower_ascii(trim(content_type.substr(0, content_type.find_first_of(";,"))));
}

std::string_view sniff_type(std::string_view body) {
  static constexpr std::pair<std::string_view, std::string_view> kMagic[] = {
      {"%PDF-", "application/pdf"},
      {"%!PS-Adobe-", "application/postscript"},
      {"GIF8", "image/gif"},
      {"\x89PNG\r\n\x1A\n", "image/png"},
      {"\xFF\xD8\xFF", "image/jpeg"},
      {"\x1F\x8B", "application/gzip"},
      {"PK\x03\x04", "application/zip"},
      {"Rar!", "application/x-rar-compressed"},
      {"RIFF", "audio/wave"},
      {"OggS", "application/ogg"},
      {"ID3", "audio/mpeg"},
      {"BM", "image/bmp"},
  };
  std::string_view text = body;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  while (!text.empty() && is_ascii_space(text[0])) text.remove_prefix(1);
  for (const std::string_view tag :
       {"<!doctype html", "<html", "<head", "<script", "<iframe", "<h1", "<div", "<font", "<table", "<a", "<style",
        "<title", "<b", "<body", "<br", "<p", "<meta", "<link"}) {
    if (has_prefix_tag(text, tag)) return "text/html";
  }
  if (text.starts_with("<!--")) return "text/html";
  if (starts_with_ignoring_case(text, "<?xml")) {
    const std::string start = lower_ascii(text.substr(0, 1024));
    return start.find("<html") != std::string::npos ? "application/xhtml+xml" : "text/xml";
  }
  for (const auto& [magic, type] : kMagic) {
    if (body.starts_with(magic)) return type;
  }
  // Binary data bytes, section 7.1 of the standard; UTF-16 has NULs by nature.
  const std::string_view start = body.substr(0, 1445);
  const bool binary = std::any_of(start.begin(), start.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x08 || byte == 0x0B || (byte >= 0x0E && byte <= 0x1A) || (byte >= 0x1C && byte <= 0x1F);
  });
  if (!binary || utf16) {
    // A page that opens with text or a rare tag: the standard's own list of tags is for the first one only.
    const std::string lower = lower_ascii(start);
    return lower.find("<html") != std::string::npos || lower.find("<!doctype html") != std::string::npos ? "text/html"
                                                                                                         : "text/plain";
  }
  return "application/octet-stream";
}

bool is_no_page(std::string_view body) {
  constexpr size_t kLooked = 1445;  // MIME Sniffing Standard, 5.2
  const std::string_view type = sniff_type(body);
  if (type.starts_with("text/") || type == "application/xhtml+xml") return false;
  const std::string start = lower_ascii(body.substr(0, kLooked));
  static constexpr std::string_view kTags[] = {"<html", "<!doctype", "<head", "<body", "<title", "<meta", "<div", "<p"};
  return std::none_of(std::begin(kTags), std::end(kTags),
                      [&](std::string_view tag) { return start.find(tag) != std::string::npos; });
}

}  // namespace ftok
