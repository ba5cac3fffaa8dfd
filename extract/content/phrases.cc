#include "extract/content/word_model.h"

namespace ftok::html {

void phrases_of(std::string_view text, std::vector<uint32_t>& phrases) {
  constexpr uint32_t kSeed = 2166136261U, kPrime = 16777619U;
  phrases.clear();
  uint32_t hash = kSeed, previous = 0;
  bool in_word = false, digits = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    const unsigned char c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
    const bool digit = c >= '0' && c <= '9';
    const bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80 || c == '\'';
    if (digit || letter) {
      if (!(digit && digits)) hash = (hash ^ (digit ? '0' : c < 0x80 ? c | 0x20U : c)) * kPrime;
      digits = digit;
      in_word = true;
    } else if (in_word) {
      phrases.push_back(hash);
      if (previous != 0) phrases.push_back((previous ^ hash * 31) * kPrime);
      if (phrases.size() > kPhrasesMax) return phrases.clear();
      previous = hash;
      hash = kSeed;
      in_word = digits = false;
    }
  }
}

}  // namespace ftok::html
