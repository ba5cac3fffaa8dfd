// Character classes as the pre-tokenisation patterns see them: one byte of flags a character, from the Unicode tables
// of text/unicode.h. Bytes that are not UTF-8 count one by one as [^\s\p{L}\p{N}].
#pragma once

#include <cstddef>
#include <cstdint>

#include "text/unicode.h"

namespace ftok {

enum CharacterFlag : uint8_t {
  kIsLetter = 1,     // \p{L}
  kIsNumber = 2,     // \p{N}
  kIsWhite = 4,      // \s
  kIsNewline = 8,    // \r or \n
  kIsUpperish = 16,  // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] of o200k
  kIsLowerish = 32,  // [\p{Ll}\p{Lm}\p{Lo}\p{M}] of o200k
  kIsSpace = 64,     // U+0020
};

struct CharacterTable {
  uint8_t basic[0x10000];   // by code point below U+10000
  uint8_t padding[3] = {};  // vectors read four bytes at a time

  static const CharacterTable& get();  // built on first use, thread-safe
};

// The flags of one code point.
uint8_t character_flags(char32_t code_point);

struct Character {
  uint8_t flags;
  uint8_t size;  // in bytes
};

// The character at `p` < `end`. Inline because the scanners call it for every character outside ASCII.
inline Character character_at(const CharacterTable& table, const unsigned char* p, const unsigned char* end) {
  const unsigned char lead = *p;
  if (lead < 0x80) return {table.basic[lead], 1};
  const auto continues = [](unsigned char c) { return (c & 0xC0) == 0x80; };
  if (lead < 0xE0) {
    if (lead >= 0xC2 && end - p >= 2 && continues(p[1])) return {table.basic[(lead & 0x1F) << 6 | (p[1] & 0x3F)], 2};
    return {0, 1};
  }
  if (lead < 0xF0) {
    if (end - p >= 3 && continues(p[1]) && continues(p[2])) {
      const unsigned c = (lead & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F);
      if (c >= 0x800 && (c < 0xD800 || c > 0xDFFF)) return {table.basic[c], 3};
    }
    return {0, 1};
  }
  if (lead < 0xF5 && end - p >= 4 && continues(p[1]) && continues(p[2]) && continues(p[3])) {
    const char32_t c =
        static_cast<char32_t>((lead & 0x07) << 18 | (p[1] & 0x3F) << 12 | (p[2] & 0x3F) << 6 | (p[3] & 0x3F));
    if (c >= 0x10000 && c <= 0x10FFFF) return {character_flags(c), 4};
  }
  return {0, 1};
}

}  // namespace ftok
