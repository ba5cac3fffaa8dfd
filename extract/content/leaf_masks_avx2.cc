// LeafMasks by AVX2: a tile in two halves of eight rows.
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

}  // namespace

void evaluate_avx2(const LeafMasks& masks, const float* tile, float* sums) {
  const LeafMasks::Comparison* const comparisons = masks.comparisons().data();
  __m256 low_sums = _mm256_setzero_ps(), high_sums = _mm256_setzero_ps();
  for (const LeafMasks::Leaves& tree : masks.trees()) {
    __m256i low = _mm256_set1_epi32(-1), high = low;
    for (uint32_t i = tree.first; i < tree.last; ++i) {
      const float* const lanes = tile + comparisons[i].offset;
      const __m256 threshold = _mm256_set1_ps(comparisons[i].threshold);
      const __m256i kept = _mm256_set1_epi32(static_cast<int>(comparisons[i].kept));
      low = struck(lanes, threshold, kept, low);
      high = struck(lanes + 8, threshold, kept, high);
    }
    low_sums = _mm256_add_ps(low_sums, values_of(tree.values.data(), low));
    high_sums = _mm256_add_ps(high_sums, values_of(tree.values.data(), high));
  }
  _mm256_storeu_ps(sums, low_sums);
  _mm256_storeu_ps(sums + 8, high_sums);
}

}  // namespace ftok::html
