// LeafMasks by AVX-512: a tile at once.
#include <immintrin.h>

#include "extract/content/leaf_masks.h"

namespace ftok::html {

void evaluate_avx512(const LeafMasks& masks, const float* tile, float* sums) {
  const LeafMasks::Comparison* const comparisons = masks.comparisons().data();
  __m512 sum = _mm512_setzero_ps();
  for (const LeafMasks::Leaves& tree : masks.trees()) {
    __m512i left = _mm512_set1_epi32(-1);
    for (uint32_t i = tree.first; i < tree.last; ++i) {
      const LeafMasks::Comparison& comparison = comparisons[i];
      const __mmask16 above = _mm512_cmp_ps_mask(_mm512_loadu_ps(tile + comparison.offset),
                                                 _mm512_set1_ps(comparison.threshold), _CMP_GT_OQ);
      left = _mm512_mask_and_epi32(left, above, left, _mm512_set1_epi32(static_cast<int>(comparison.kept)));
    }
    // A power of two as a float has the bit's number as its exponent.
    const __m512i lowest = _mm512_and_si512(left, _mm512_sub_epi32(_mm512_setzero_si512(), left));
    const __mmask16 all = 0xFFFF;  // the unmasked forms make g++ 12 warn of a value that is not there
    const __m512i exponent =
        _mm512_maskz_srli_epi32(all, _mm512_castps_si512(_mm512_maskz_cvtepu32_ps(all, lowest)), 23);
    const __m512i leaf = _mm512_sub_epi32(exponent, _mm512_set1_epi32(127));
    sum = _mm512_add_ps(sum, _mm512_permutex2var_ps(_mm512_loadu_ps(tree.values.data()), leaf,
                                                    _mm512_loadu_ps(tree.values.data() + 16)));
  }
  _mm512_storeu_ps(sums, sum);
}

}  // namespace ftok::html
