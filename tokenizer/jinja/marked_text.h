// Text that knows for each byte who wrote it: the template, or which message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ftok::jinja {

// 0: the template; n: the n-th message, counted from 1 (the last number stands for all behind it).
using Writer = char16_t;

struct MarkedText {
  std::string bytes;
  std::u16string writers;  // as many as bytes

  MarkedText() = default;
  MarkedText(std::string_view text, Writer writer) : bytes(text), writers(text.size(), writer) {}

  size_t size() const { return bytes.size(); }
  bool empty() const { return bytes.empty(); }
  MarkedText part(size_t begin, size_t end) const;
  void append(const MarkedText& other);
  void append(std::string_view text, Writer writer);
};

// Python's str.isspace, which `trim` and `strip` go by: Unicode's white space and four control characters.

// A character of a text: bytes that are not UTF-8 are one each.
struct CharPlace {
  size_t begin = 0, size = 0;
  char32_t code_point = 0;
  bool valid = true;
};
std::vector<CharPlace> chars_of(std::string_view text);

// [begin, end) of `text` without white space at its ends, or without the characters that `chars` holds.
struct ByteRange {
  size_t begin = 0, end = 0;
};
ByteRange stripped_range(std::string_view text, bool left, bool right);
ByteRange stripped_range(std::string_view text, std::string_view chars, bool left, bool right);

enum class LetterCase : uint8_t { kUpper, kLower, kTitle, kCapitalized };
MarkedText in_case(const MarkedText& text, LetterCase letter_case);

}  // namespace ftok::jinja
