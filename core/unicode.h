// Unicode as all rooms need it: UTF-8 in and out, general categories, white space. The version of the tables is
// kUnicodeVersion; tools/make_unicode_tables.py makes unicode_tables.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

extern const char kUnicodeVersion[];  // "16.0.0"

// General categories (Unicode Standard, section 4.5), in the order of the tables.
enum class Category : uint8_t {
  // clang-format off
  kCn, kLu, kLl, kLt, kLm, kLo, kMn, kMc, kMe, kNd, kNl, kNo, kPc, kPd, kPs, kPe, kPi, kPf, kPo,
  kSm, kSc, kSk, kSo, kZs, kZl, kZp, kCc, kCf, kCs, kCo,
  // clang-format on
};

// The category of a code point; kCn for unassigned ones and for values above 0x10FFFF.
Category category_of(char32_t code_point);

inline bool is_letter(Category c) { return c >= Category::kLu && c <= Category::kLo; }       // \p{L}
inline bool is_mark(Category c) { return c >= Category::kMn && c <= Category::kMe; }         // \p{M}
inline bool is_number(Category c) { return c >= Category::kNd && c <= Category::kNo; }       // \p{N}
inline bool is_punctuation(Category c) { return c >= Category::kPc && c <= Category::kPo; }  // \p{P}
inline bool is_symbol(Category c) { return c >= Category::kSm && c <= Category::kSo; }       // \p{S}

// The White_Space property (PropList.txt): what \s means in Unicode-aware patterns.
constexpr bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

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

// The first `bytes_max` bytes of a text, cut before a character rather than within it; 0 and less is no limit.
std::string_view utf8_prefix(std::string_view text, int64_t bytes_max);

// The length in code points; each ill-formed prefix counts as one.
size_t utf8_length(std::string_view text);

}  // namespace ftok
