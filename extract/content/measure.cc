#include "extract/content/measure.h"

#include <algorithm>
#include <array>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "text/unicode.h"

namespace ftok::html {

namespace {

// What a character says, in letters of a script such as Latin, and of a word. A translation of a hundred Chinese
// characters has about 60 English words and 300 letters, one of a hundred kana 40 and 200; a Korean syllable is two or
// three letters; Thai, Lao, Burmese and Khmer words have about five letters.
struct Weight {
  uint8_t letters;
  uint8_t word_tenths;
};

Weight weight_of(char32_t c) {
  constexpr char32_t kFirst = 0x0E00;
  if (c < kFirst) return {1, 0};
  if (c <= 0x0EFF || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF)) return {1, 2};
  if (c >= 0x3040 && c <= 0x30FF) return {2, 4};
  if ((c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
      (c >= 0x20000 && c <= 0x3FFFF))
    return {3, 6};
  return {static_cast<uint8_t>(c >= 0xAC00 && c <= 0xD7A3 ? 2 : 1), 0};
}

enum CharBits : uint8_t { kUpper = 1, kDigit = 2, kComma = 4, kMark = 8, kSpace = 16, kAfterMark = 32, kSigned = 64 };

constexpr std::array<uint8_t, 128> make_char_bits() {
  std::array<uint8_t, 128> bits{};
  const auto set = [&](std::string_view chars, CharBits bit) {
    for (const char c : chars) bits[static_cast<size_t>(c)] = static_cast<uint8_t>(bits[static_cast<size_t>(c)] | bit);
  };
  for (size_t c = 'A'; c <= 'Z'; ++c) bits[c] = kUpper;
  for (size_t c = '0'; c <= '9'; ++c) bits[c] = kDigit;
  set(",;", kComma), set(".!?", kMark), set(" \n\t", kSpace), set(" \n\"", kAfterMark), set("|$@h", kSigned);
  return bits;
}

constexpr std::array<uint8_t, 128> kCharBits = make_char_bits();

// Counts over a text, a piece at a time.
class Measure {
 public:
  Measure(std::string_view text, Block& block) : text_(text), block_(block) {}

  void count() {
    size_t i = 0;
    while (i < text_.size()) {
#if defined(__SSE2__)
      if (i + 17 <= text_.size() && count_16(i)) {
        i += 16;
        continue;
      }
#endif
      for (const size_t end = std::min(i + 16, text_.size()); i < end;) i = count_one(i);
    }
    block_.sums.words += word_tenths_ / 10;
    block_.sums.letters += more_letters_;
  }

 private:
  size_t count_one(size_t i);
  size_t count_beyond_ascii(size_t i);
  void note_sign(size_t i);
#if defined(__SSE2__)
  bool count_16(size_t i);
#endif

  std::string_view text_;
  Block& block_;
  uint32_t word_tenths_ = 0, more_letters_ = 0;  // weights beyond one letter a character and one word a space
  uint32_t in_word_ = 0;
};

void Measure::note_sign(size_t i) {
  const char c = text_[i];
  if (c == '|') block_.signs |= kSignBar;
  else if (c == '$') block_.signs |= kSignMoney;
  else if (c == '@' || (c == 'h' && text_.substr(i, 4) == "http")) block_.signs |= kSignAddress;
}

// The character at `i`; gives back where the next one is.
size_t Measure::count_one(size_t i) {
  const unsigned char c = static_cast<unsigned char>(text_[i]);
  TextSums& sums = block_.sums;
  ++sums.letters;
  if (c >= 0x80) return count_beyond_ascii(i);
  const uint32_t bits = kCharBits[c];
  block_.uppercase += bits & kUpper;
  block_.digits += bits >> 1 & 1;
  sums.commas += bits >> 2 & 1;
  if ((bits & kMark) != 0) {
    const unsigned char next = i + 1 == text_.size() ? ' ' : static_cast<unsigned char>(text_[i + 1]);
    sums.sentences += next < 0x80 && (kCharBits[next] & kAfterMark) != 0 ? 1 : 0;
  }
  if ((bits & kSigned) != 0) note_sign(i);
  const uint32_t word = (bits >> 4 & 1) ^ 1;
  sums.words += word & ~in_word_;
  in_word_ = word;
  return i + 1;
}

size_t Measure::count_beyond_ascii(size_t i) {
  TextSums& sums = block_.sums;
  const Utf8Char decoded = decode_utf8(text_, i);
  switch (decoded.code_point) {
    // clang-format off
    case 0x3001: case 0xFF0C: case 0x060C: case 0xFF1B: ++sums.commas; break;
    case 0x3002: case 0xFF01: case 0xFF1F: case 0xFF61: case 0x0964: case 0x061F: ++sums.sentences; break;
    case 0x00BB: case 0x203A: case 0xFF5C: case 0xFF1E: block_.signs |= kSignBar; break;
    // clang-format on
    case 0x00A9: block_.signs |= kSignCopyright; break;
    case 0x20AC:
    case 0x00A5:
    case 0xFFE5:
    case 0x20A9:
    case 0x0E3F:
    case 0x00A3: block_.signs |= kSignMoney; break;
    default: break;
  }
  const Weight weight = weight_of(decoded.code_point);
  more_letters_ += weight.letters - 1U;
  word_tenths_ += weight.word_tenths;
  sums.words += in_word_ ^ 1;
  in_word_ = 1;
  return i + decoded.size;
}

#if defined(__SSE2__)
// Bytes marked 0xFF in `marked`.
uint32_t count_of(__m128i marked) {
  const __m128i sums = _mm_sad_epu8(_mm_sub_epi8(_mm_setzero_si128(), marked), _mm_setzero_si128());
  return static_cast<uint32_t>(_mm_cvtsi128_si32(sums) + _mm_cvtsi128_si32(_mm_srli_si128(sums, 8)));
}

// The same for 16 characters, when all are ASCII, of at least 17 bytes left; false when not.
bool Measure::count_16(size_t i) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text_.data() + i));
  if (_mm_movemask_epi8(bytes) != 0) return false;
  const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text_.data() + i + 1));
  const auto equal = [](__m128i in, char c) { return _mm_cmpeq_epi8(in, _mm_set1_epi8(c)); };
  const auto within = [&](char first, char last) {
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(first - 1))),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(last + 1))));
  };
  TextSums& sums = block_.sums;
  sums.letters += 16;
  block_.uppercase += count_of(within('A', 'Z'));
  const __m128i digits = within('0', '9');
  if (_mm_movemask_epi8(digits) != 0) block_.digits += count_of(digits);
  const __m128i spaces = _mm_or_si128(equal(bytes, ' '), _mm_or_si128(equal(bytes, '\n'), equal(bytes, '\t')));
  const __m128i commas = _mm_or_si128(equal(bytes, ','), equal(bytes, ';'));
  const __m128i marks = _mm_or_si128(equal(bytes, '.'), _mm_or_si128(equal(bytes, '!'), equal(bytes, '?')));
  if (_mm_movemask_epi8(_mm_or_si128(commas, marks)) != 0) {
    sums.commas += count_of(commas);
    const __m128i after = _mm_or_si128(equal(next, ' '), _mm_or_si128(equal(next, '\n'), equal(next, '"')));
    sums.sentences += count_of(_mm_and_si128(marks, after));
  }
  // A word begins where a byte is not a space and the one before it is, or begins the text.
  const __m128i before = _mm_or_si128(_mm_slli_si128(spaces, 1), _mm_cvtsi32_si128(in_word_ != 0 ? 0 : 0xFF));
  sums.words += count_of(_mm_andnot_si128(spaces, before));
  in_word_ = (_mm_movemask_epi8(spaces) >> 15 & 1) ^ 1;
  const __m128i http = _mm_and_si128(equal(bytes, 'h'), equal(next, 't'));
  const __m128i signs =
      _mm_or_si128(_mm_or_si128(equal(bytes, '|'), equal(bytes, '$')), _mm_or_si128(equal(bytes, '@'), http));
  for (uint32_t left = static_cast<uint32_t>(_mm_movemask_epi8(signs)); left != 0; left &= left - 1) {
    note_sign(i + static_cast<size_t>(__builtin_ctz(left)));
  }
  return true;
}
#endif

}  // namespace

bool lacks_spaces(char32_t c) { return weight_of(c).word_tenths != 0; }

void measure(std::string_view text, Block& block) {
  Measure(text, block).count();
  TextSums& sums = block.sums;
  // Link letters were counted in bytes: brought to the same unit.
  sums.link_letters =
      static_cast<uint32_t>(uint64_t{std::min(sums.link_letters, block.text_size)} * sums.letters / block.text_size);
  block.emphasis_letters = static_cast<uint32_t>(uint64_t{std::min(block.emphasis_letters, block.text_size)} *
                                                 sums.letters / block.text_size);
  sums.blocks = 1;
  if (sums.letters >= 80 && sums.link_letters * 3 < sums.letters) sums.paragraph_letters = sums.letters;
}

}  // namespace ftok::html
