#include <immintrin.h>

#include "tokenizer/pretoken_lookup_kernel.h"

namespace ftok {
namespace {

struct Avx512Vector {
  static PretokenKey make_key(const unsigned char* p, size_t size) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i mask = _mm_load_si128(reinterpret_cast<const __m128i*>(&PretokenKey::kMasks[size]));
    const __m128i masked = _mm_and_si128(bytes, mask);
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(masked)),
            static_cast<uint64_t>(_mm_extract_epi64(masked, 1)) | uint64_t{size} << 56};
  }

  // The keys are the quarters 1 and 3 of the line.
  static uint32_t find(const unsigned char* line, const PretokenKey& key) {
    const __m512i wanted = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(&key)));
    const unsigned same = _mm512_cmpeq_epi64_mask(_mm512_load_si512(line), wanted);
    const unsigned both = same & same >> 1 & 0x44;
    return both == 0 ? kNotThere : (both & 0x40) >> 1;
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

const PretokenLookup kPretokenLookupAvx512 = {prepare_batch<Avx512Vector>, take_batch<Avx512Vector>, find_batch<Avx512Vector>,
                                            copy_batch<Avx512Vector>};

}  // namespace ftok
