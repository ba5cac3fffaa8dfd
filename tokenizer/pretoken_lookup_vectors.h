// What the lookups of both vector instruction sets share; included by their sources alone, each of which is compiled for its own.
#pragma once

#include <immintrin.h>

#include "tokenizer/pretoken_lookup_kernel.h"

namespace ftok {
namespace {  // a copy a source: the compiler makes another of it for each instruction set

struct SharedVector {
  static PretokenKey make_key(const unsigned char* p, size_t size) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i mask = _mm_load_si128(reinterpret_cast<const __m128i*>(&PretokenKey::kMasks[size]));
    const __m128i masked = _mm_and_si128(bytes, mask);
    return {static_cast<uint64_t>(_mm_cvtsi128_si64(masked)),
            static_cast<uint64_t>(_mm_extract_epi64(masked, 1)) | uint64_t{size} << 56};
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
}  // namespace ftok
