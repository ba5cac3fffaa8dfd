#include <immintrin.h>

#include "tokenizer/pretoken_lookup_kernel.h"

namespace ftok {
namespace {

struct Avx2Vector {
  static PretokenKey make_key(const unsigned char* p, size_t size) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i mask = _mm_load_si128(reinterpret_cast<const __m128i*>(&PretokenKey::kMasks[size]));
    const __m128i masked = _mm_and_si128(bytes, mask);
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(masked)),
            static_cast<uint64_t>(_mm_extract_epi64(masked, 1)) | uint64_t{size} << 56};
  }

  static uint32_t find(const unsigned char* line, const PretokenKey& key) {
    const __m128i wanted = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&key));
    const auto differs = [&](size_t place) {
      const __m128i entry = _mm_load_si128(reinterpret_cast<const __m128i*>(line + place));
      return _mm_movemask_epi8(_mm_cmpeq_epi64(entry, wanted)) ^ 0xFFFF;
    };
    const int first = differs(offsetof(PretokenCache::Entry, key));
    const int second = differs(sizeof(PretokenCache::Entry) + offsetof(PretokenCache::Entry, key));
    const uint32_t place = first == 0 ? 0u : static_cast<uint32_t>(sizeof(PretokenCache::Entry));
    return first != 0 && second != 0 ? kNotThere : place;
  }

  static void copy_entry(const uint32_t* ids, uint32_t* out) {
    const __m128i mask = _mm_setr_epi32(PretokenCache::kIdMask, -1, -1, -1);
    const __m128i copied = _mm_load_si128(reinterpret_cast<const __m128i*>(ids));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_and_si128(copied, mask));
  }

  static void copy(const uint32_t* ids, uint32_t* out) {
    const __m256i mask = _mm256_setr_epi32(PretokenCache::kIdMask, -1, -1, -1, -1, -1, -1, -1);
    const __m256i copied = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ids));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_and_si256(copied, mask));
  }
};

}  // namespace

const PretokenLookup kPretokenLookupAvx2 = {prepare_batch<Avx2Vector>, take_batch<Avx2Vector>, find_batch<Avx2Vector>,
                                            copy_batch<Avx2Vector>};

}  // namespace ftok
