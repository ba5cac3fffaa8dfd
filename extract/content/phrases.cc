#include "core/utf8.h"
#include "extract/content/measure.h"
#include "extract/content/word_model.h"

namespace ftok::html {

namespace {

// Bytes of the character at text[i], where it is one of a script without spaces, or a sign of Chinese and Japanese
// typography ("｜", "。"): none of these is a letter of a longer word. 0 for all others.
size_t size_of_lone_character(std::string_view text, size_t i, bool& is_sign) {
  constexpr unsigned char kLeadMin = 0xE0;  // the first byte of U+0800 and above
  if (static_cast<unsigned char>(text[i]) < kLeadMin) return 0;
  const Utf8Char c = decode_utf8(text, i);
  is_sign = (c.code_point >= 0x3000 && c.code_point <= 0x303F) || (c.code_point >= 0xFF01 && c.code_point <= 0xFF0F) ||
            (c.code_point >= 0xFF1A && c.code_point <= 0xFF20) || (c.code_point >= 0xFF3B && c.code_point <= 0xFF40) ||
            (c.code_point >= 0xFF5B && c.code_point <= 0xFF65) || c.code_point == 0x30FB;
  return is_sign || lacks_spaces(c.code_point) ? c.size : 0;
}

}  // namespace

void phrases_of(std::string_view text, std::vector<uint32_t>& phrases) {
  constexpr uint32_t kSeed = 2166136261U, kPrime = 16777619U;
  phrases.clear();
  uint32_t hash = kSeed, previous = 0;
  bool in_word = false, digits = false, is_sign = false;
  const auto end_word = [&] {
    phrases.push_back(hash);
    if (previous != 0) phrases.push_back((previous ^ hash * 31) * kPrime);
    previous = hash;
    hash = kSeed;
    in_word = digits = false;
  };
  for (size_t i = 0; i <= text.size(); ++i) {
    if (const size_t size = i < text.size() ? size_of_lone_character(text, i, is_sign) : 0; size != 0) {
      if (in_word) end_word();
      for (size_t k = i; k < i + size && !is_sign; ++k) hash = (hash ^ static_cast<unsigned char>(text[k])) * kPrime;
      if (!is_sign) end_word();
      if (phrases.size() > kPhrasesMax) return phrases.clear();
      i += size - 1;
      continue;
    }
    const unsigned char c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
    const bool digit = c >= '0' && c <= '9';
    const bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80 || c == '\'';
    if (digit || letter) {
      if (!(digit && digits)) hash = (hash ^ (digit ? '0' : c < 0x80 ? c | 0x20U : c)) * kPrime;
      digits = digit;
      in_word = true;
    } else if (in_word) {
      end_word();
      if (phrases.size() > kPhrasesMax) return phrases.clear();
    }
  }
}

}  // namespace ftok::html
