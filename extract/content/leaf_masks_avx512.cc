// LeafMasks by AVX-512: two tiles at once.
#include <immintrin.h>

#include "extract/content/leaf_masks.h"

namespace ftok::html {

namespace {

// The values of the lowest leaves left. A power of two as a float has the bit's number as its exponent.
__m512 leaf_values_of(const float* values, __m512i left) {
  const __m512i lowest = _mm512_and_si512(left, _mm512_sub_epi32(_mm512_setzero_si512(), left));
  const __mmask16 all = 0xFFFF;  // the unmasked forms make g++ 12 warn of a value that is not there
  const __m512i exponent = _mm512_maskz_srli_epi32(all, _mm512_castps_si512(_mm512_maskz_cvtepu32_ps(all, lowest)), 23);
  const __m512i leaf = _mm512_sub_epi32(exponent, _mm512_set1_epi32(127));
  return _mm512_permutex2var_ps(_mm512_loadu_ps(values), leaf, _mm512_loadu_ps(values + 16));
}

template <size_t kTiles>
void evaluate_some(const LeafMasks& masks, const Tiles& tiles, size_t first, float* sums) {
  const LeafMasks::Comparison* const comparisons = masks.comparisons().data();
  __m512 sum[kTiles];
  for (__m512& each : sum) each = _mm512_setzero_ps();
  for (const LeafMasks::Leaves& tree : masks.trees()) {
    __m512i left[kTiles];
    for (__m512i& each : left) each = _mm512_set1_epi32(-1);
#pragma GCC unroll 4
    for (uint32_t i = tree.first; i < tree.last; ++i) {
      const LeafMasks::Comparison& comparison = comparisons[i];
      const __m512 threshold = _mm512_set1_ps(comparison.threshold);
      const __m512i kept = _mm512_set1_epi32(static_cast<int>(comparison.kept));
      for (size_t t = 0; t < kTiles; ++t) {
        const __m512 values = _mm512_loadu_ps(tiles[first + t] + comparison.offset);
        left[t] = _mm512_mask_and_epi32(left[t], _mm512_cmp_ps_mask(values, threshold, _CMP_GT_OQ), left[t], kept);
      }
    }
    for (size_t t = 0; t < kTiles; ++t) sum[t] = _mm512_add_ps(sum[t], leaf_values_of(tree.values.data(), left[t]));
  }
  for (size_t t = 0; t < kTiles; ++t) _mm512_storeu_ps(sums + (first + t) * kLanes, sum[t]);
}

}  // namespace

void evaluate_avx512(const LeafMasks& masks, const Tiles& tiles, float* sums) {
  size_t first = 0;
  for (; first + 2 <= tiles.count; first += 2) evaluate_some<2>(masks, tiles, first, sums);
  if (first < tiles.count) evaluate_some<1>(masks, tiles, first, sums);
}

}  // namespace ftok::html
