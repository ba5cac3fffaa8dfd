#include <cstdint>

#include "core/utf8.h"
#include "extract/content/measure.h"
#include "extract/content/word_model.h"

namespace ftok::html {

namespace {

constexpr unsigned kLeadMin = 0xE0;  // the first byte of U+0800 and above

// Bytes of the character at text[i], where it is one of a script without spaces, or a sign of Chinese and Japanese
// typography ("｜", "。"): none of these is a letter of a longer word. 0 for all others.
size_t size_of_lone_character(std::string_view text, size_t i, bool& is_sign) {
  const Utf8Char c = decode_utf8(text, i);
  is_sign = (c.code_point >= 0x3000 && c.code_point <= 0x303F) || (c.code_point >= 0xFF01 && c.code_point <= 0xFF0F) ||
            (c.code_point >= 0xFF1A && c.code_point <= 0xFF20) || (c.code_point >= 0xFF3B && c.code_point <= 0xFF40) ||
            (c.code_point >= 0xFF5B && c.code_point <= 0xFF65) || c.code_point == 0x30FB;
  return is_sign || lacks_spaces(c.code_point) ? c.size : 0;
}

enum class ByteKind : uint8_t { kNone, kLetter, kDigit, kWideLead };

// What a byte is to a word, and what it adds to its hash.
struct ByteTable {
  ByteKind kinds[256] = {};
  uint8_t folded[256] = {};

  constexpr ByteTable() {
    for (unsigned c = 0; c < 256; ++c) {
      const bool is_ascii_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
      kinds[c] = c >= kLeadMin                               ? ByteKind::kWideLead
                 : c >= 0x80 || is_ascii_letter || c == '\'' ? ByteKind::kLetter
                 : c >= '0' && c <= '9'                      ? ByteKind::kDigit
                                                             : ByteKind::kNone;
      folded[c] = static_cast<uint8_t>(kinds[c] == ByteKind::kDigit ? '0' : c < 0x80 ? c | 0x20U : c);
    }
  }
};
constexpr ByteTable kBytes;

}  // namespace

void phrases_of(std::string_view text, std::vector<uint32_t>& phrases) {
  constexpr uint32_t kSeed = 2166136261U, kPrime = 16777619U;
  phrases.clear();
  uint32_t previous = 0;
  const auto end_word = [&](uint32_t hash) {
    phrases.push_back(hash);
    if (previous != 0) phrases.push_back((previous ^ hash * 31) * kPrime);
    previous = hash;
  };
  for (size_t i = 0; i < text.size() && phrases.size() <= kPhrasesMax;) {
    uint32_t hash = kSeed;
    bool in_word = false, digits = false;
    size_t lone = 0;  // bytes of the character that ends the word and is one itself, or a sign
    bool is_sign = false;
    for (; i < text.size(); ++i) {
      const unsigned char c = static_cast<unsigned char>(text[i]);
      const ByteKind kind = kBytes.kinds[c];
      if (kind == ByteKind::kNone) break;
      if (kind == ByteKind::kWideLead && (lone = size_of_lone_character(text, i, is_sign)) != 0) break;
      const bool digit = kind == ByteKind::kDigit;
      if (!(digit && digits)) hash = (hash ^ kBytes.folded[c]) * kPrime;
      digits = digit;
      in_word = true;
    }
    if (in_word) end_word(hash);
    if (lone == 0) {
      ++i;
      continue;
    }
    if (!is_sign) {
      hash = kSeed;
      for (size_t k = 0; k < lone; ++k) hash = (hash ^ static_cast<unsigned char>(text[i + k])) * kPrime;
      end_word(hash);
    }
    i += lone;
  }
  if (phrases.size() > kPhrasesMax) phrases.clear();
}

}  // namespace ftok::html
