// Window classes by AVX-512: a table of 128 bytes gives each ASCII character a byte of class bits (VBMI).
#include <immintrin.h>

#include "tokenizer/pretoken_windows.h"

namespace ftok {
namespace {

struct ClassBytes {
  alignas(64) uint8_t of[128];
};

constexpr uint8_t kUpper = 1, kLower = 2, kNumber = 4, kSpace = 8, kBlank = 16, kNewline = 32, kApostrophe = 64, kSlash = 128;
constexpr uint8_t kSdmt = 1, kL = 2, kVr = 4, kE = 8;

constexpr ClassBytes make_classes() {
  ClassBytes classes{};
  for (int c = 0; c < 128; ++c) {
    uint8_t bits = 0;
    if (c >= 'A' && c <= 'Z') bits = kUpper;
    if (c >= 'a' && c <= 'z') bits = kLower;
    if (c >= '0' && c <= '9') bits = kNumber;
    if (c == ' ') bits = kSpace;
    if (c == '\t' || c == '\v' || c == '\f') bits = kBlank;
    if (c == '\r' || c == '\n') bits = kNewline;
    if (c == '\'') bits = kApostrophe;
    if (c == '/') bits = kSlash;
    classes.of[c] = bits;
  }
  return classes;
}

constexpr ClassBytes make_contraction_letters() {
  ClassBytes classes{};
  for (int c = 0; c < 128; ++c) {
    const int folded = c >= 'A' && c <= 'Z' ? c + 32 : c;
    uint8_t bits = 0;
    if (folded == 's' || folded == 'd' || folded == 'm' || folded == 't') bits = kSdmt;
    if (folded == 'l') bits = kL;
    if (folded == 'v' || folded == 'r') bits = kVr;
    if (folded == 'e') bits = kE;
    classes.of[c] = bits;
  }
  return classes;
}

constexpr ClassBytes kClasses = make_classes();
constexpr ClassBytes kContractionLetters = make_contraction_letters();

inline __m512i look_up(const ClassBytes& table, __m512i bytes) {
  return _mm512_permutex2var_epi8(_mm512_load_si512(table.of), bytes, _mm512_load_si512(table.of + 64));
}

inline uint64_t bits_of(__m512i classes, uint8_t bit) {
  return _mm512_test_epi8_mask(classes, _mm512_set1_epi8(static_cast<char>(bit)));
}

inline uint64_t bytes_equal(__m512i bytes, unsigned char wanted) {
  return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(static_cast<char>(wanted)));
}

inline uint64_t bytes_from(__m512i bytes, unsigned char first, unsigned char count) {
  const __m512i distance = _mm512_sub_epi8(bytes, _mm512_set1_epi8(static_cast<char>(first)));
  return _mm512_cmplt_epu8_mask(distance, _mm512_set1_epi8(static_cast<char>(count)));
}

// The characters outside ASCII that English text has: dashes, quotation marks and the like (U+2010 to U+2027), and the letters from
// U+00C0 to U+00FF, of which two are no letters. Those that the window cuts off stay unknown.
inline void classify_frequent(__m512i bytes, WindowMasks& m) {
  const uint64_t wide = bytes_equal(bytes, 0xE2) & bytes_equal(bytes, 0x80) >> 1 & bytes_from(bytes, 0x90, 0x18) >> 2;
  const uint64_t signs = bytes_equal(bytes, 0x97) | bytes_equal(bytes, 0xB7);
  const uint64_t letters = bytes_equal(bytes, 0xC3) & (bytes_from(bytes, 0x80, 0x40) & ~signs) >> 1;
  const uint64_t upper = letters & bytes_from(bytes, 0x80, 0x1F) >> 1, lower = letters & ~upper;
  m.wide = wide;
  m.upper |= upper | upper << 1;
  m.lower |= lower | lower << 1;
  m.high &= ~(wide | wide << 1 | wide << 2 | letters | letters << 1);
}

struct Avx512Classifier {
  static WindowMasks classify(const unsigned char* p) {
    const __m512i bytes = _mm512_loadu_si512(p);
    const __m512i classes = look_up(kClasses, bytes);
    const __m512i letters = look_up(kContractionLetters, bytes);
    WindowMasks m;
    m.high = _mm512_movepi8_mask(bytes);
    const uint64_t ascii = ~m.high;  // the table sees only 7 bits
    m.upper = bits_of(classes, kUpper) & ascii;
    m.lower = bits_of(classes, kLower) & ascii;
    m.number = bits_of(classes, kNumber) & ascii;
    m.space = bits_of(classes, kSpace) & ascii;
    m.blank = bits_of(classes, kBlank) & ascii;
    m.newline = bits_of(classes, kNewline) & ascii;
    m.apostrophe = bits_of(classes, kApostrophe) & ascii;
    m.slash = bits_of(classes, kSlash) & ascii;
    m.sdmt_any = bits_of(letters, kSdmt) & ascii;
    m.l_any = bits_of(letters, kL) & ascii;
    m.vr_any = bits_of(letters, kVr) & ascii;
    m.e_any = bits_of(letters, kE) & ascii;
    m.sdmt = m.sdmt_any & m.lower;
    m.l = m.l_any & m.lower;
    m.vr = m.vr_any & m.lower;
    m.e = m.e_any & m.lower;
    if (m.high != 0) [[unlikely]] classify_frequent(bytes, m);
    return m;
  }
};

}  // namespace

size_t find_cuts_avx512(const CutScanner& scanner, const unsigned char* begin, const unsigned char* end, uint32_t* cuts,
                        size_t cuts_max) {
  return find_cuts_of<Avx512Classifier>(scanner, begin, end, cuts, cuts_max);
}

}  // namespace ftok
