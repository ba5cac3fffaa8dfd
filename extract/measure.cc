#include "extract/measure.h"

#include <algorithm>
#include <array>

#include "core/unicode.h"

namespace ftok::html {

namespace {

bool lacks_spaces(char32_t c) {  // scripts written without spaces between words
  return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
         (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

enum CharBits : uint8_t { kUpper = 1, kDigit = 2, kComma = 4, kMark = 8, kSpace = 16, kAfterMark = 32 };

constexpr std::array<uint8_t, 128> make_char_bits() {
  std::array<uint8_t, 128> bits{};
  for (size_t c = 'A'; c <= 'Z'; ++c) bits[c] = kUpper;
  for (size_t c = '0'; c <= '9'; ++c) bits[c] = kDigit;
  for (const char c : {',', ';'}) bits[static_cast<size_t>(c)] = kComma;
  for (const char c : {'.', '!', '?'}) bits[static_cast<size_t>(c)] = kMark;
  for (const char c : {' ', '\n', '\t'}) bits[static_cast<size_t>(c)] = kSpace;
  for (const char c : {' ', '\n', '"'}) bits[static_cast<size_t>(c)] = static_cast<uint8_t>(bits[static_cast<size_t>(c)] | kAfterMark);
  return bits;
}

constexpr std::array<uint8_t, 128> kCharBits = make_char_bits();

}  // namespace

void measure(std::string_view text, Block& block) {
  TextSums& sums = block.sums;
  uint32_t dense = 0;
  uint32_t in_word = 0;
  for (size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    ++sums.letters;
    if (c < 0x80) {
      ++i;
      const uint32_t bits = kCharBits[c];
      block.uppercase += bits & kUpper;
      block.digits += bits >> 1 & 1;
      sums.commas += bits >> 2 & 1;
      if ((bits & kMark) != 0) {
        const unsigned char next = i == text.size() ? ' ' : static_cast<unsigned char>(text[i]);
        sums.sentences += next < 0x80 && (kCharBits[next] & kAfterMark) != 0 ? 1 : 0;
      }
      const uint32_t word = (bits >> 4 & 1) ^ 1;
      sums.words += word & ~in_word;
      in_word = word;
      continue;
    }
    const Utf8Char decoded = decode_utf8(text, i);
    i += decoded.size;
    const char32_t code_point = decoded.code_point;
    if (code_point == 0x3001 || code_point == 0xFF0C || code_point == 0x060C) ++sums.commas;
    if (code_point == 0x3002 || code_point == 0xFF01 || code_point == 0xFF1F || code_point == 0x0964 || code_point == 0x061F) {
      ++sums.sentences;
    }
    if (lacks_spaces(code_point)) ++dense;
    sums.words += in_word ^ 1;
    in_word = 1;
  }
  sums.words += dense / 2;
  sums.letters += dense;
  // Link letters were counted in bytes: brought to the same unit.
  sums.link_letters = static_cast<uint32_t>(uint64_t{std::min(sums.link_letters, block.text_size)} * sums.letters / block.text_size);
  block.emphasis_letters = static_cast<uint32_t>(uint64_t{std::min(block.emphasis_letters, block.text_size)} * sums.letters / block.text_size);
  sums.blocks = 1;
  if (sums.letters >= 80 && sums.link_letters * 3 < sums.letters) sums.paragraph_letters = sums.letters;
}

}  // namespace ftok::html
