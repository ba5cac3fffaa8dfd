// LeafMasks by AVX2: two tiles at once, each in two halves of eight rows.
#include <immintrin.h>

#include "extract/content/leaf_masks.h"

namespace ftok::html {

namespace {

// The values of the lowest leaves left. A power of two as a float has the bit's number as its exponent.
__m256 values_of(const float* values, __m256i left) {
  const __m256i lowest = _mm256_and_si256(left, _mm256_sub_epi32(_mm256_setzero_si256(), left));
  const __m256i exponent = _mm256_srli_epi32(_mm256_castps_si256(_mm256_cvtepi32_ps(lowest)), 23);
  const __m256i leaf = _mm256_sub_epi32(_mm256_and_si256(exponent, _mm256_set1_epi32(0xFF)), _mm256_set1_epi32(127));
  return _mm256_i32gather_ps(values, leaf, 4);
}

__m256i struck(const float* lanes, __m256 threshold, __m256i kept, __m256i left) {
  const __m256i above = _mm256_castps_si256(_mm256_cmp_ps(_mm256_loadu_ps(lanes), threshold, _CMP_GT_OQ));
  return _mm256_andnot_si256(_mm256_andnot_si256(kept, above), left);
}

template <size_t kTiles>
void evaluate_halves(const LeafMasks& masks, const Tiles& tiles, size_t first, float* sums) {
  const LeafMasks::Comparison* const comparisons = masks.comparisons().data();
  __m256 low_sums[kTiles], high_sums[kTiles];
  for (size_t t = 0; t < kTiles; ++t) low_sums[t] = high_sums[t] = _mm256_setzero_ps();
  for (const LeafMasks::Leaves& tree : masks.trees()) {
    __m256i low[kTiles], high[kTiles];
    for (size_t t = 0; t < kTiles; ++t) low[t] = high[t] = _mm256_set1_epi32(-1);
#pragma GCC unroll 4
    for (uint32_t i = tree.first; i < tree.last; ++i) {
      const __m256 threshold = _mm256_set1_ps(comparisons[i].threshold);
      const __m256i kept = _mm256_set1_epi32(static_cast<int>(comparisons[i].kept));
      for (size_t t = 0; t < kTiles; ++t) {
        const float* const lanes = tiles[first + t] + comparisons[i].offset;
        low[t] = struck(lanes, threshold, kept, low[t]);
        high[t] = struck(lanes + 8, threshold, kept, high[t]);
      }
    }
    for (size_t t = 0; t < kTiles; ++t) {
      low_sums[t] = _mm256_add_ps(low_sums[t], values_of(tree.values.data(), low[t]));
      high_sums[t] = _mm256_add_ps(high_sums[t], values_of(tree.values.data(), high[t]));
    }
  }
  for (size_t t = 0; t < kTiles; ++t) {
    _mm256_storeu_ps(sums + (first + t) * kLanes, low_sums[t]);
    _mm256_storeu_ps(sums + (first + t) * kLanes + 8, high_sums[t]);
  }
}

}  // namespace

void evaluate_avx2(const LeafMasks& masks, const Tiles& tiles, float* sums) {
  size_t first = 0;
  for (; first + 2 <= tiles.count; first += 2) evaluate_halves<2>(masks, tiles, first, sums);
  if (first < tiles.count) evaluate_halves<1>(masks, tiles, first, sums);
}

}  // namespace ftok::html
