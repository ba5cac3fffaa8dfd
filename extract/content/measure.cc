#include "extract/content/measure.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

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

// Thai (U+0E00 and above), kana, Chinese characters, Hangul, and some that are none of these; no dashes and quotation
// marks (U+2000 and above).
bool is_of_side_boxes(char32_t c) { return (c >= 0x0800 && c <= 0x0FFF) || c >= 0x3000; }

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

#if defined(__SSE2__)
// Counts of marked bytes (0xFF), lane by lane, over at most kChunksMax chunks of 16.
class LaneCounts {
 public:
  static constexpr size_t kChunksMax = 255;

  void add(__m128i marked) { lanes_ = _mm_sub_epi8(lanes_, marked); }
  uint32_t total() const {
    const __m128i sums = _mm_sad_epu8(lanes_, _mm_setzero_si128());
    return static_cast<uint32_t>(_mm_cvtsi128_si32(sums) + _mm_cvtsi128_si32(_mm_srli_si128(sums, 8)));
  }

 private:
  __m128i lanes_ = _mm_setzero_si128();
};
#endif

// Counts over a text, a piece at a time.
class Measure {
 public:
  Measure(std::string_view text, Block& block) : text_(text), block_(block) {}

  void count() {
    size_t i = 0;
    while (i < text_.size()) {
#if defined(__SSE2__)
      i = count_chunks(i);
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
  size_t count_chunks(size_t i);
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
  if (is_of_side_boxes(decoded.code_point)) block_.signs |= kSignScript;
  const Weight weight = weight_of(decoded.code_point);
  more_letters_ += weight.letters - 1U;
  word_tenths_ += weight.word_tenths;
  sums.words += in_word_ ^ 1;
  in_word_ = 1;
  return i + decoded.size;
}

#if defined(__SSE2__)
__m128i equal(__m128i bytes, int c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(static_cast<char>(c))); }

// ASCII characters from `first` to `last`.
__m128i within(__m128i bytes, char first, char last) {
  return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(first - 1))),
                       _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(last + 1))));
}

uint32_t mask_of(__m128i marked) { return static_cast<uint32_t>(_mm_movemask_epi8(marked)); }

// The characters beyond ASCII among 16 bytes that weigh as Latin letters do and say nothing else, so that they are
// counted with their chunk: those of two bytes but for U+0080 to U+00BF (signs) and U+0600 to U+063F (commas), and of
// three bytes U+2000 to U+2026 (dashes, quotation marks).
struct LatinBytes {
  bool all = false;         // there are no others
  uint32_t continuing = 0;  // bytes that continue a character
  size_t reaches = 0;       // bytes behind the chunk that its last character takes
};

// `next` and `next_2` begin one byte and two bytes behind `bytes`.
LatinBytes latin_bytes(__m128i bytes, __m128i next, __m128i next_2) {
  const uint32_t beyond = mask_of(bytes);
  const __m128i two = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(0xC2))),
                                    _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(0xE0))));
  const uint32_t leads_2 = mask_of(_mm_andnot_si128(equal(bytes, 0xD8), two));
  const __m128i general = _mm_and_si128(equal(bytes, 0xE2), equal(next, 0x80));
  const uint32_t leads_3 =
      mask_of(_mm_and_si128(general, _mm_cmplt_epi8(next_2, _mm_set1_epi8(static_cast<char>(0xA7)))));
  const uint32_t continuing = (leads_2 | leads_3) << 1 | leads_3 << 2;
  // Each byte that should continue a character does, and no other.
  const uint32_t continues = mask_of(_mm_cmplt_epi8(next, _mm_set1_epi8(static_cast<char>(0xC0)))) << 1 |
                             mask_of(_mm_cmplt_epi8(next_2, _mm_set1_epi8(static_cast<char>(0xC0)))) >> 15 << 17;
  LatinBytes latin;
  latin.all = beyond == (leads_2 | leads_3 | (continuing & 0xFFFF)) && (continuing & ~continues) == 0;
  latin.continuing = continuing & 0xFFFF;
  latin.reaches = (continuing >> 16 & 1) + (continuing >> 17 & 1);
  return latin;
}

// Counts chunks of 16 bytes from text[i] on, as far as all their characters are ASCII or LatinBytes, the last one
// filled up with spaces. Gives back where it stopped.
size_t Measure::count_chunks(size_t i) {
  constexpr size_t kReadable = 18;  // of a chunk, with the two bytes behind it
  LaneCounts uppercase, digits, commas, sentences, words;
  const size_t begin = i;
  uint32_t continuing = 0;
  for (size_t chunks = 0; i < text_.size() && chunks < LaneCounts::kChunksMax; ++chunks) {
    const char* at = text_.data() + i;
    char last[32];
    if (i + kReadable > text_.size()) {
      std::memset(last, ' ', sizeof last);
      std::memcpy(last, at, text_.size() - i);
      at = last;
    }
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 1));
    size_t taken = 16;
    if (mask_of(bytes) != 0) {
      const LatinBytes latin = latin_bytes(bytes, next, _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 2)));
      if (!latin.all) break;
      continuing += static_cast<uint32_t>(std::popcount(latin.continuing)) + static_cast<uint32_t>(latin.reaches);
      taken += latin.reaches;
    }
    uppercase.add(within(bytes, 'A', 'Z'));
    digits.add(within(bytes, '0', '9'));
    commas.add(_mm_or_si128(equal(bytes, ','), equal(bytes, ';')));
    const __m128i marks = _mm_or_si128(equal(bytes, '.'), _mm_or_si128(equal(bytes, '!'), equal(bytes, '?')));
    const __m128i after = _mm_or_si128(equal(next, ' '), _mm_or_si128(equal(next, '\n'), equal(next, '"')));
    sentences.add(_mm_and_si128(marks, after));
    // A word begins where a byte is not a space and the one before it is, or begins the text.
    const __m128i spaces = _mm_or_si128(equal(bytes, ' '), _mm_or_si128(equal(bytes, '\n'), equal(bytes, '\t')));
    const __m128i before = _mm_or_si128(_mm_slli_si128(spaces, 1), _mm_cvtsi32_si128(in_word_ != 0 ? 0 : 0xFF));
    words.add(_mm_andnot_si128(spaces, before));
    in_word_ = (mask_of(spaces) >> 15 & 1) ^ 1;
    const __m128i http = _mm_and_si128(equal(bytes, 'h'), equal(next, 't'));
    const __m128i signs =
        _mm_or_si128(_mm_or_si128(equal(bytes, '|'), equal(bytes, '$')), _mm_or_si128(equal(bytes, '@'), http));
    for (uint32_t left = mask_of(signs); left != 0; left &= left - 1)
      note_sign(i + static_cast<size_t>(__builtin_ctz(left)));
    i += taken;
  }
  if (i > text_.size()) i = text_.size();
  TextSums& sums = block_.sums;
  sums.letters += static_cast<uint32_t>(i - begin) - continuing;
  block_.uppercase += uppercase.total();
  block_.digits += digits.total();
  sums.commas += commas.total();
  sums.sentences += sentences.total();
  sums.words += words.total();
  return i;
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
