// Window classes by AVX2: comparisons of 32 bytes, two for a window.
#include <immintrin.h>

#include "tokenizer/pretokens/pretoken_windows.h"

namespace ftok {
namespace {

struct Halves {
  __m256i low, high;
};

inline uint64_t mask_of(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

inline uint64_t equal(const Halves& h, char c) {
  const __m256i value = _mm256_set1_epi8(c);
  return mask_of(_mm256_cmpeq_epi8(h.low, value), _mm256_cmpeq_epi8(h.high, value));
}

// Bytes in [first, last], as unsigned numbers.
inline uint64_t between(const Halves& h, char first, char last) {
  const __m256i from = _mm256_set1_epi8(first), width = _mm256_set1_epi8(static_cast<char>(last - first));
  const auto inside = [&](__m256i bytes) {
    const __m256i distance = _mm256_sub_epi8(bytes, from);
    return _mm256_cmpeq_epi8(_mm256_min_epu8(distance, width), distance);
  };
  return mask_of(inside(h.low), inside(h.high));
}

struct Avx2Classifier {
  explicit Avx2Classifier(const CharacterTable&) {}

  static void write_places(uint64_t bits, uint32_t base, uint32_t* out) { write_places_one_by_one(bits, base, out); }

  template <WindowKind>
  static WindowMasks classify(const unsigned char* p) {
    const Halves bytes{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
                       _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))};
    WindowMasks m;
    m.high = mask_of(bytes.low, bytes.high);
    m.upper = between(bytes, 'A', 'Z');
    m.lower = between(bytes, 'a', 'z');
    m.number = between(bytes, '0', '9');
    m.space = equal(bytes, ' ');
    m.newline = equal(bytes, '\n') | equal(bytes, '\r');
    m.blank = between(bytes, '\t', '\r') & ~m.newline;
    m.apostrophe = equal(bytes, '\'');
    m.slash = equal(bytes, '/');
    const __m256i to_lower = _mm256_set1_epi8(0x20);
    const Halves folded{_mm256_or_si256(bytes.low, to_lower), _mm256_or_si256(bytes.high, to_lower)};
    const uint64_t letter = m.upper | m.lower;
    m.sdmt_any = (equal(folded, 's') | equal(folded, 'd') | equal(folded, 'm') | equal(folded, 't')) & letter;
    m.l_any = equal(folded, 'l') & letter;
    m.vr_any = (equal(folded, 'v') | equal(folded, 'r')) & letter;
    m.e_any = equal(folded, 'e') & letter;
    m.sdmt = m.sdmt_any & m.lower;
    m.l = m.l_any & m.lower;
    m.vr = m.vr_any & m.lower;
    m.e = m.e_any & m.lower;
    return m;
  }
};

}  // namespace

size_t find_cuts_avx2(const CutScanner& scanner, const unsigned char* begin, const unsigned char* end, uint32_t* cuts,
                      size_t cuts_max) {
  return find_cuts_of<Avx2Classifier>(scanner, begin, end, cuts, cuts_max);
}

}  // namespace ftok
