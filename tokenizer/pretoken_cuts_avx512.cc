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

constexpr ClassBytes make_places() {
  ClassBytes places{};
  for (int i = 0; i < 64; ++i) places.of[i] = static_cast<uint8_t>(i);
  return places;
}
constexpr ClassBytes kPlaces = make_places();

// What windows are compared with, made once: GCC would make each constant again for each window.
class Avx512Classifier {
 public:
  Avx512Classifier() : places_(_mm512_load_si512(kPlaces.of)) {
    for (unsigned i = 0; i < 8; ++i) {
      bits_[i] = _mm512_set1_epi8(static_cast<char>(1u << i));
      asm("" : "+v"(bits_[i]));
    }
    for (unsigned i = 0; i < 2; ++i) {
      classes_[i] = _mm512_load_si512(kClasses.of + 64 * i);
      contraction_letters_[i] = _mm512_load_si512(kContractionLetters.of + 64 * i);
    }
  }

  WindowMasks classify(const unsigned char* p) const {
    const __m512i bytes = _mm512_loadu_si512(p);
    // The tables see only 7 bits of a byte; what that makes of the others does not stay.
    __m512i classes = _mm512_permutex2var_epi8(classes_[0], bytes, classes_[1]);
    __m512i letters = _mm512_permutex2var_epi8(contraction_letters_[0], bytes, contraction_letters_[1]);
    WindowMasks m;
    m.high = in_register(_mm512_movepi8_mask(bytes));
    if (m.high != 0) [[unlikely]] {
      classes = _mm512_maskz_mov_epi8(~m.high, classes);
      letters = _mm512_maskz_mov_epi8(~m.high, letters);
    }
    m.upper = with_bit(classes, kUpper);
    m.lower = with_bit(classes, kLower);
    m.number = with_bit(classes, kNumber);
    m.space = with_bit(classes, kSpace);
    m.blank = with_bit(classes, kBlank);
    m.newline = with_bit(classes, kNewline);
    m.apostrophe = with_bit(classes, kApostrophe);
    m.slash = with_bit(classes, kSlash);
    m.sdmt_any = with_bit(letters, kSdmt);
    m.l_any = with_bit(letters, kL);
    m.vr_any = with_bit(letters, kVr);
    m.e_any = with_bit(letters, kE);
    m.sdmt = m.sdmt_any & m.lower;
    m.l = m.l_any & m.lower;
    m.vr = m.vr_any & m.lower;
    m.e = m.e_any & m.lower;
    if (m.high != 0) [[unlikely]] classify_frequent(bytes, m);
    return m;
  }

  void write_places(uint64_t bits, uint32_t base, uint32_t* out) const {
    __m512i places = _mm512_maskz_compress_epi8(bits, places_);
    const __m512i bases = _mm512_set1_epi32(static_cast<int>(base));
    for (int left = __builtin_popcountll(bits); left > 0; left -= 16, out += 16) {
      _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(places)), bases));
      places = _mm512_alignr_epi64(places, places, 2);
    }
  }

 private:
  // Not in a mask register, in which GCC would go on computing, each step several times as long.
  static uint64_t in_register(uint64_t mask) {
    asm("" : "+r"(mask));
    return mask;
  }
  uint64_t with_bit(__m512i classes, unsigned bit) const {
    return in_register(_mm512_test_epi8_mask(classes, bits_[__builtin_ctz(bit)]));
  }

  __m512i bits_[8];
  __m512i classes_[2], contraction_letters_[2];  // by ASCII character
  __m512i places_;
};

}  // namespace

size_t find_cuts_avx512(const CutScanner& scanner, const unsigned char* begin, const unsigned char* end, uint32_t* cuts,
                        size_t cuts_max) {
  return find_cuts_of<Avx512Classifier>(scanner, begin, end, cuts, cuts_max);
}

}  // namespace ftok
