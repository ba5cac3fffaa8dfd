// UTF-8 in and out: one character at a time, with ill-formed bytes as the Unicode Standard recommends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

// One decoded character. When the bytes are not UTF-8, `valid` is false, `code_point` is U+FFFD and `size` covers the
// maximal ill-formed prefix (Unicode Standard, section 3.9, best practice), at least one byte.
struct Utf8Char {
  char32_t code_point = 0;
  uint8_t size = 0;  // in bytes
  bool valid = false;
};

// The character that starts at byte `offset` < text.size().
Utf8Char decode_utf8(std::string_view text, size_t offset);

// Appends a code point; surrogates and values above 0x10FFFF become U+FFFD.
void append_utf8(std::string& out, char32_t code_point);

bool is_valid_utf8(std::string_view text);

// The first `bytes_max` bytes of a text, cut before a character rather than within it; 0 and less: no limit.
std::string_view utf8_prefix(std::string_view text, int64_t bytes_max);

// The length in code points; each ill-formed prefix counts as one.
size_t utf8_length(std::string_view text);

}  // namespace ftok
