#include "tools/ftok/text_input.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "core/error.h"

namespace ftok::cli {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kLineBytesMax = size_t{1} << 30;

// Appends up to kReadBytes; false at the end.
bool read_more(ByteSource& source, std::string& buffer) {
  const size_t size = buffer.size();
  buffer.resize(size + kReadBytes);
  const size_t got = source.read(buffer.data() + size, kReadBytes);
  buffer.resize(size + got);
  return got != 0;
}

}  // namespace

std::string read_all(ByteSource& source, uint64_t bytes_max) {
  std::string text;
  while (read_more(source, text)) {
    if (text.size() > bytes_max)
      throw Error(fmt::format("{}: more than {} bytes; use --jsonl for many texts", source.name(), bytes_max));
  }
  return text;
}

void for_each_json_text(ByteSource& source, const std::string& key,
                        const std::function<void(std::string_view)>& visit) {
  simdjson::dom::parser parser(kLineBytesMax + simdjson::SIMDJSON_PADDING);
  std::string buffer;
  size_t begin = 0, scanned = 0, line = 0;
  const auto visit_line = [&](size_t end) {
    ++line;
    const std::string_view json = std::string_view(buffer).substr(begin, end - begin);
    if (json.find_first_not_of(" \t\r") == std::string_view::npos) return;
    simdjson::dom::element root;
    std::string_view text;
    const simdjson::error_code parsed = parser.parse(json.data(), json.size()).get(root);
    if (parsed != simdjson::SUCCESS) {
      throw Error(fmt::format("{}: line {}: {}", source.name(), line, simdjson::error_message(parsed)));
    }
    if (root[key].get(text) != simdjson::SUCCESS)
      throw Error(fmt::format("{}: line {}: no string \"{}\"", source.name(), line, key));
    visit(text);
  };
  bool more = true;
  while (more) {
    more = read_more(source, buffer);
    for (size_t end; (end = buffer.find('\n', scanned)) != std::string::npos; scanned = begin) {
      visit_line(end);
      begin = end + 1;
    }
    buffer.erase(0, begin);
    begin = 0;
    scanned = buffer.size();
    if (buffer.size() > kLineBytesMax)
      throw Error(fmt::format("{}: line {}: longer than {} bytes", source.name(), line + 1, kLineBytesMax));
  }
  if (!buffer.empty()) visit_line(buffer.size());
}

}  // namespace ftok::cli
