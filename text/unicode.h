// Unicode as all rooms need it: general categories and white space, beside UTF-8 (core/utf8.h). The version of the
// tables is kUnicodeVersion; tools/make/make_unicode_tables.py makes unicode_tables.cc.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/utf8.h"

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

// Whether a text holds nothing but white space: such a document is an empty one. Looks no further than the first other
// character.
bool is_empty_text(std::string_view text);

}  // namespace ftok
