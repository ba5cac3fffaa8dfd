#include "core/text_file.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/utf8.h"

namespace ftok {
namespace {

// Whether the bytes begin with a byte-order mark of UTF-16.
bool begins_utf16(std::string_view bytes) { return bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"); }

std::string decode_utf16(std::string_view bytes) {
  const size_t high = bytes[0] == '\xFE' ? 0 : 1;  // which byte of a unit is the higher one
  const auto unit = [&](size_t at) {
    return static_cast<char32_t>(static_cast<unsigned char>(bytes[at + high]) << 8 |
                                 static_cast<unsigned char>(bytes[at + 1 - high]));
  };
  std::string out;
  for (size_t at = 2; at + 1 < bytes.size(); at += 2) {
    char32_t c = unit(at);
    const bool is_pair = c >= 0xD800 && c < 0xDC00 && at + 3 < bytes.size() && unit(at + 2) >> 10 == 0xDC00 >> 10;
    if (is_pair) {
      at += 2;
      c = 0x10000 + ((c & 0x3FF) << 10) + (unit(at) & 0x3FF);
    }
    append_utf8(out, c);
  }
  if (bytes.size() % 2 != 0) append_utf8(out, 0xFFFD);
  return out;
}

// What compressed the bytes; null where nothing did that is known.
const char* compression_of(std::string_view bytes) {
  static constexpr std::pair<std::string_view, const char*> kMagics[] = {
      {"\x1F\x8B", "gzip"}, {"\x28\xB5\x2F\xFD", "zstd"}, {"\x04\x22\x4D\x18", "lz4"}, {"\xFD\x37zX", "xz"},
      {"BZh", "bzip2"},     {"PK\x03\x04", "zip"}};
  for (const auto& [magic, name] : kMagics) {
    if (bytes.starts_with(magic)) return name;
  }
  return nullptr;
}

bool is_text(std::string_view bytes) {
  if (bytes.find('\0') != std::string_view::npos) return false;
  if (is_valid_utf8(bytes)) return true;
  size_t invalid = 0;
  for (size_t at = 0; at < bytes.size();) {
    const Utf8Char one = decode_utf8(bytes, at);
    if (!one.valid) invalid += one.size;
    at += one.size;
  }
  return invalid * 10 <= bytes.size();
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

std::string read_text_file(const std::string& path, uint64_t bytes_max) {
  std::string text = read_file(path, bytes_max);
  if (begins_utf16(text)) return decode_utf16(text);
  text.erase(0, text.size() - without_byte_order_mark(text).size());
  return text;
}

std::string_view text_of_list(std::string_view bytes, const std::string& name, std::string& decoded) {
  if (const char* const how = compression_of(bytes))
    throw Error(fmt::format("{} is compressed with {}, and is read as plain text alone: unpack it first", name, how));
  if (begins_utf16(bytes)) bytes = decoded = decode_utf16(bytes);
  if (!is_text(bytes))
    throw Error(fmt::format("{} is not a list: it holds binary data, or text that is not UTF-8", name));
  return without_byte_order_mark(bytes);
}

}  // namespace ftok
