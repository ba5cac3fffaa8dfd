// Window classes by AVX-512: a table of 128 bytes gives each ASCII character a byte of class bits (VBMI).
#include <immintrin.h>

#include "tokenizer/pretokens/character_class.h"
#include "tokenizer/pretokens/pretoken_windows.h"

namespace ftok {
namespace {

struct ClassBytes {
  alignas(64) uint8_t of[128];
};

constexpr uint8_t kUpper = 1, kLower = 2, kNumber = 4, kSpace = 8, kBlank = 16, kNewline = 32, kApostrophe = 64,
                  kSlash = 128;
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

// The characters outside ASCII that English text has: dashes, quotation marks and the like (U+2010 to U+2027), and the
// letters from U+00C0 to U+00FF, of which two are no letters. Those that the window cuts off stay unknown.
inline void classify_frequent(__m512i bytes, WindowMasks& m) {
  const uint64_t wide = bytes_equal(bytes, 0xE2) & bytes_equal(bytes, 0x80) >> 1 & bytes_from(bytes, 0x90, 0x18) >> 2;
  const uint64_t signs = bytes_equal(bytes, 0x97) | bytes_equal(bytes, 0xB7);
  const uint64_t letters = bytes_equal(bytes, 0xC3) & (bytes_from(bytes, 0x80, 0x40) & ~signs) >> 1;
  const uint64_t upper = letters & bytes_from(bytes, 0x80, 0x1F) >> 1, lower = letters & ~upper;
  m.wide_3 = wide;
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

// Of the characters of two and three bytes, a bit each, in order: what they are.
struct CharacterBits {
  uint32_t letter = 0, upperish = 0, lowerish = 0;  // as CharacterFlag says
  uint32_t known = 0;                               // neither numbers nor white space, and nothing that is special
};

// `code_points` has 16 of them, the first at bit 0.
inline CharacterBits look_up(const CharacterTable& table, __m512i code_points, __mmask16 is_three_bytes) {
  const __m512i flags = _mm512_i32gather_epi32(code_points, table.basic, 1);
  const auto any = [&](int wanted) -> uint32_t { return _mm512_test_epi32_mask(flags, _mm512_set1_epi32(wanted)); };
  const auto below = [&](int least, int count) -> uint32_t {
    return _mm512_cmplt_epu32_mask(_mm512_sub_epi32(code_points, _mm512_set1_epi32(least)), _mm512_set1_epi32(count));
  };
  // Longer than need be, half of a surrogate pair, or U+017F, which contractions take for an s.
  const uint32_t special = (below(0, 0x800) & is_three_bytes) | below(0xD800, 0x800) | below(0x17F, 1);
  return {any(kIsLetter), any(kIsUpperish), any(kIsLowerish), ~(any(kIsNumber | kIsWhite) | special)};
}

// The characters of two and three bytes among those that are unknown, by the table. Those that the window cuts off, and
// bytes that are not UTF-8, stay unknown.
template <WindowKind kKind>
[[gnu::noinline]] void classify_others(__m512i bytes, const CharacterTable& table, WindowMasks& m) {
  const uint64_t continuation = m.high & ~_mm512_movepi8_mask(_mm512_slli_epi16(bytes, 1));
  const uint64_t two = m.high & bytes_from(bytes, 0xC2, 0x1E) & continuation >> 1;
  const uint64_t three = m.high & bytes_from(bytes, 0xE0, 0x10) & continuation >> 1 & continuation >> 2;
  const uint64_t leads = two | three;
  if (leads == 0) return;
  // Of the characters, at most 32, their first, second and third bytes, two bytes each.
  const __m512i places = _mm512_maskz_compress_epi8(leads, _mm512_load_si512(kPlaces.of));
  const auto byte = [&](int which) {
    const __m512i at = _mm512_add_epi8(places, _mm512_set1_epi8(static_cast<char>(which)));
    return _mm512_cvtepu8_epi16(_mm512_castsi512_si256(_mm512_permutexvar_epi8(at, bytes)));
  };
  const __m512i first = byte(0), low_bits = _mm512_set1_epi16(0x3F);
  const __m512i second = _mm512_and_si512(byte(1), low_bits), third = _mm512_and_si512(byte(2), low_bits);
  const auto is_three = static_cast<uint32_t>(_pext_u64(three, leads));
  const __m512i of_two =
      _mm512_or_si512(_mm512_slli_epi16(_mm512_and_si512(first, _mm512_set1_epi16(0x1F)), 6), second);
  const __m512i of_three =
      _mm512_or_si512(_mm512_or_si512(_mm512_slli_epi16(first, 12), _mm512_slli_epi16(second, 6)), third);
  const __m512i code_points = _mm512_mask_mov_epi16(of_two, is_three, of_three);
  CharacterBits is =
      look_up(table, _mm512_cvtepu16_epi32(_mm512_castsi512_si256(code_points)), static_cast<__mmask16>(is_three));
  if (__builtin_popcountll(leads) > 16) {
    const __m512i more = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(code_points, 1));
    const CharacterBits rest = look_up(table, more, static_cast<__mmask16>(is_three >> 16));
    is = {(is.letter & 0xFFFF) | rest.letter << 16, (is.upperish & 0xFFFF) | rest.upperish << 16,
          (is.lowerish & 0xFFFF) | rest.lowerish << 16, (is.known & 0xFFFF) | rest.known << 16};
  }
  // To all bytes of the characters.
  const auto first_bytes = [&](uint32_t characters) { return _pdep_u64(characters, leads); };
  const auto all_bytes = [&](uint32_t characters) {
    const uint64_t begins = first_bytes(characters);
    return begins | begins << 1 | (begins & three) << 2;
  };
  const uint32_t both = is.upperish & is.lowerish;
  uint32_t word = is.letter;
  if constexpr (kKind == WindowKind::kO200k) {
    word |= both;
    m.caseless |= all_bytes(both & is.known);
    m.marks |= all_bytes(both & ~is.letter & is.known);
  }
  m.upper |= all_bytes(word & is.known & ~is.lowerish);
  m.lower |= all_bytes(word & is.known & is.lowerish);
  m.high &= ~all_bytes(is.known);
  const uint64_t others = first_bytes(is.known & ~word);
  m.wide_2 |= others & two;
  m.wide_3 |= others & three;
}

// What windows are compared with, made once: GCC would make each constant again for each window.
class Avx512Classifier {
 public:
  explicit Avx512Classifier(const CharacterTable& table) : table_(table), places_(_mm512_load_si512(kPlaces.of)) {
    for (unsigned i = 0; i < 8; ++i) {
      bits_[i] = _mm512_set1_epi8(static_cast<char>(1u << i));
      asm("" : "+v"(bits_[i]));
    }
    for (unsigned i = 0; i < 2; ++i) {
      classes_[i] = _mm512_load_si512(kClasses.of + 64 * i);
      contraction_letters_[i] = _mm512_load_si512(kContractionLetters.of + 64 * i);
    }
  }

  template <WindowKind kKind>
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
    if (m.high != 0) [[unlikely]] {
      classify_frequent(bytes, m);
      if (m.high << 32 != 0) classify_others<kKind>(bytes, table_, m);  // else the most of the window is known
    }
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

  const CharacterTable& table_;
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
