// Tables of the WHATWG Encoding Standard (charset_tables.cc is made by tools/make/make_charset_tables.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ftok {

struct CharsetLabel {
  std::string_view label;     // lower case
  std::string_view encoding;  // the standard's name
};
extern const CharsetLabel kCharsetLabels[];
extern const size_t kCharsetLabelCount;

struct SingleByteCharset {
  std::string_view encoding;
  char16_t code_points[128];  // of the bytes 0x80 to 0xFF; 0 where the byte stands for nothing
};
extern const SingleByteCharset kSingleByteCharsets[];
extern const size_t kSingleByteCharsetCount;

}  // namespace ftok
