#include <immintrin.h>

#include "tokenizer/encode/pretoken_lookup_kernel.h"

namespace ftok {
namespace {

// By which of the four words of a line's keys are equal: where the ids are.
constexpr uint8_t kFirst = first_ids(0), kSecond = first_ids(1);
alignas(16) constexpr uint8_t kPlaces[16] = {0, 0, 0, kFirst, 0,       0,       0,       kFirst,
                                             0, 0, 0, kFirst, kSecond, kSecond, kSecond, kFirst};

struct Avx2Vector {
  static PretokenKey make_key(const unsigned char* p, size_t size) {
    const auto* const parts = reinterpret_cast<const __m128i*>(&pretoken_key_seed.parts[size]);
    const __m128i bytes = _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), _mm_load_si128(parts));
    const __m128i key = _mm_xor_si128(bytes, _mm_load_si128(parts + 1));
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(key)), static_cast<uint64_t>(_mm_extract_epi64(key, 1))};
  }

  static uint32_t find(const unsigned char* line, const PretokenKey& key) {
    const __m256i wanted = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(&key)));
    const __m256i same = _mm256_cmpeq_epi64(_mm256_load_si256(reinterpret_cast<const __m256i*>(line)), wanted);
    return kPlaces[_mm256_movemask_pd(_mm256_castsi256_pd(same))];
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

const PretokenLookup kPretokenLookupAvx2 = {prepare_batch<Avx2Vector>, take_batch<Avx2Vector>};

}  // namespace ftok
