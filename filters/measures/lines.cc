#include "filters/measures/lines.h"

#include <array>
#include <cstring>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/hash_seed.h"
#include "filters/measures/index_table.h"
#include "text/words.h"

namespace ftok {
namespace {

// The size of the white-space character that starts or ends `text`, 0 when there is none.
size_t space_at_front(std::string_view text) {
  const Utf8Char c = decode_utf8(text, 0);
  return is_python_space(c.code_point) ? c.size : 0;
}

size_t space_at_back(std::string_view text) {
  const auto last = static_cast<unsigned char>(text.back());
  if (last < 0x80) return is_python_space(last) ? 1 : 0;
  for (size_t size = 2; size <= 3 && size <= text.size(); ++size) {
    const auto lead = static_cast<unsigned char>(text[text.size() - size]);
    if (lead < 0xC0) continue;
    const Utf8Char c = decode_utf8(text, text.size() - size);
    return c.size == size && is_python_space(c.code_point) ? size : 0;
  }
  return 0;
}

constexpr std::array<bool, 256> kMayEndLine = [] {
  std::array<bool, 256> table{};
  for (const unsigned char byte : {'\n', '\v', '\f', '\r', '\x1C', '\x1D', '\x1E', '\xC2', '\xE2'}) table[byte] = true;
  return table;
}();

// The size of the line end at `at`, 0 when there is none.
size_t line_end_size(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  switch (byte(at)) {
    case '\n':
    case '\v':
    case '\f':
    case 0x1C:
    case 0x1D:
    case 0x1E: return 1;
    case '\r': return byte(at + 1) == '\n' ? 2 : 1;
    case 0xC2: return byte(at + 1) == 0x85 ? 2 : 0;
    case 0xE2: return byte(at + 1) == 0x80 && (byte(at + 2) == 0xA8 || byte(at + 2) == 0xA9) ? 3 : 0;
    default: return 0;
  }
}

}  // namespace

size_t char_count(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += static_cast<signed char>(c) > static_cast<signed char>(0xBF) ? 1 : 0;
  return count;
}

std::string_view strip_front(std::string_view text) {
  while (!text.empty()) {
    const size_t size = space_at_front(text);
    if (size == 0) break;
    text.remove_prefix(size);
  }
  return text;
}

std::string_view strip_back(std::string_view text) {
  while (!text.empty()) {
    const size_t size = space_at_back(text);
    if (size == 0) break;
    text.remove_suffix(size);
  }
  return text;
}

std::string_view strip(std::string_view text) { return strip_back(strip_front(text)); }

void split_at_newlines(std::string_view text, std::vector<std::string_view>& lines) {
  lines.clear();
  for (size_t begin = 0;;) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return;
    begin = end + 1;
  }
}

void split_at_newline_runs(std::string_view text, size_t run_min, std::vector<std::string_view>& pieces) {
  pieces.clear();
  size_t begin = 0;
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at)) {
    size_t end = at + 1;
    while (end < text.size() && text[end] == '\n') ++end;
    if (end - at >= run_min) {
      pieces.push_back(text.substr(begin, at - begin));
      begin = end;
    }
    at = end;
  }
  pieces.push_back(text.substr(begin));
}

void split_lines(std::string_view text, std::vector<std::string_view>& lines) {
  lines.clear();
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t size = kMayEndLine[static_cast<unsigned char>(text[at])] ? line_end_size(text, at) : 0;
    if (size == 0) {
      ++at;
      continue;
    }
    lines.push_back(text.substr(begin, at - begin));
    at += size;
    begin = at;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
}

size_t count_occurrences(std::string_view text, std::string_view needle) {
  size_t count = 0;
  for (size_t at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + needle.size())) ++count;
  return count;
}

size_t part_count(std::string_view text) {
  size_t count = 0;
  bool in_run = false;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const Utf8Char c = byte < 0x80 ? Utf8Char{byte, 1, true} : decode_utf8(text, at);
    const Category category = category_of(c.code_point);
    const bool runs = is_letter(category) || is_mark(category) || is_number(category);
    count += (runs ? !in_run : !is_python_space(c.code_point)) ? 1 : 0;
    in_run = runs;
    at += c.size;
  }
  return count;
}

Duplicates find_duplicates(const std::vector<std::string_view>& pieces) {
  thread_local IndexTable table;
  const Duplicates duplicates = find_duplicates(pieces, table);
  table.release();
  return duplicates;
}

Duplicates find_duplicates(const std::vector<std::string_view>& pieces, IndexTable& table) {
  const uint64_t seed = hash_seed()[0];
  table.clear(pieces.size());
  Duplicates duplicates;
  for (uint32_t i = 0; i < pieces.size(); ++i) {
    const uint64_t hash = XXH3_64bits_withSeed(pieces[i].data(), pieces[i].size(), seed);
    const auto equals = [&](uint32_t other) { return pieces[other] == pieces[i]; };
    if (table.find_or_insert(hash, i, equals) == i) continue;
    ++duplicates.pieces;
    duplicates.chars += char_count(pieces[i]);
  }
  return duplicates;
}

}  // namespace ftok
