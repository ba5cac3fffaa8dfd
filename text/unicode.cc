#include "text/unicode.h"

namespace ftok {

// Two-stage tables of unicode_tables.cc: block of 256 code points -> row of categories.
extern const uint8_t kCategoryBlocks[];
extern const uint8_t kCategoryRows[][256];

Category category_of(char32_t code_point) {
  if (code_point > 0x10FFFF) return Category::kCn;
  return static_cast<Category>(kCategoryRows[kCategoryBlocks[code_point >> 8]][code_point & 0xFF]);
}

bool is_empty_text(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    if (!is_white_space(c.code_point)) return false;
    i += c.size;
  }
  return true;
}

}  // namespace ftok
