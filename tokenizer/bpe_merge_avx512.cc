// Merging a few symbols in AVX-512 registers: the symbols in one, the ranks of the pairs in another, sixteen lanes each.
// Lane 0 and the lanes after the symbols hold kEdge, which pairs with nothing, so that the ends need no special case.
// Finding the lowest rank, closing the gap and looking up the new pairs take no branch that depends on the text; all sure
// pairs are merged in one round.
#include <immintrin.h>

#include "tokenizer/bpe_merge.h"

namespace ftok {
namespace {

// PairTable::find_marked, comparing a cache line of entries at once.
inline uint32_t find_marked(const PairTable& pairs, uint32_t left, uint32_t right) {
  const uint64_t key = PairTable::key_of(left, right);
  const __m512i keys = _mm512_set1_epi64(static_cast<long long>(key));
  for (size_t slot = pairs.slot_of(key);; slot = (slot + 8) & pairs.mask()) {
    const __m512i entries = _mm512_load_si512(pairs.slots() + slot);
    const __mmask8 same = _mm512_cmpeq_epi64_mask(_mm512_srli_epi64(_mm512_slli_epi64(entries, 1), 22), keys);
    const __mmask8 empty = _mm512_cmpeq_epi64_mask(entries, _mm512_set1_epi64(-1));
    const auto entry = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm512_castsi512_si128(_mm512_maskz_compress_epi64(same, entries))));
    const uint32_t found = static_cast<uint32_t>(entry & PairTable::kEdge) | static_cast<uint32_t>(entry >> 63 << 31);
    if ((same | empty) != 0) [[likely]] return same != 0 ? found : kNoSymbol;
  }
}

}  // namespace

size_t merge_symbols_avx512(const PairTable& pairs, uint32_t* out, size_t count) {
  const __m512i edge = _mm512_set1_epi32(static_cast<int>(PairTable::kEdge)), none = _mm512_set1_epi32(-1);
  const __m512i no_mark = _mm512_set1_epi32(0x7FFFFFFF);
  alignas(64) uint32_t lanes[16];
  __m512i symbols =
      _mm512_mask_expandloadu_epi32(edge, static_cast<__mmask16>(((1u << count) - 1) << 1), out);
  __m512i ranks = none;
  uint32_t sure = 0;
  uint32_t changed = ((1u << (count - 1)) - 1) << 1;  // lanes whose pair must be looked up
  size_t n = count;
  while (true) {
    _mm512_store_si512(lanes, symbols);
    while (changed != 0) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(changed));
      const uint32_t bit = changed & (0 - changed);
      changed ^= bit;
      const uint32_t found = find_marked(pairs, lanes[lane], lanes[lane + 1]);
      ranks = _mm512_mask_set1_epi32(ranks, static_cast<__mmask16>(bit), static_cast<int>(found));
    }
    const auto some = static_cast<uint32_t>(_mm512_cmpneq_epi32_mask(ranks, none));
    if (some == 0) break;
    sure = static_cast<uint32_t>(_mm512_movepi32_mask(ranks)) & some;
    uint32_t merged = sure;  // the left lanes of the pairs that become one
    if (merged == 0) {
      const __m512i best = _mm512_set1_epi32(static_cast<int>(_mm512_reduce_min_epu32(ranks)));
      const auto equal = static_cast<uint32_t>(_mm512_cmpeq_epi32_mask(ranks, best));
      merged = equal & (0 - equal);
    }
    const auto kept = static_cast<__mmask16>(~(merged << 1));
    symbols = _mm512_mask_mov_epi32(symbols, static_cast<__mmask16>(merged), _mm512_and_si512(ranks, no_mark));
    symbols = _mm512_mask_compress_epi32(edge, kept, symbols);
    ranks = _mm512_mask_compress_epi32(none, kept, ranks);
    const auto moved = static_cast<uint32_t>(_pext_u32(merged, kept));
    changed = (moved | moved >> 1) & 0x7FFE;
    n -= static_cast<size_t>(__builtin_popcount(merged));
    // A pair with an edge has no rank; its lane keeps none.
    ranks = _mm512_mask_mov_epi32(ranks, static_cast<__mmask16>(moved | moved >> 1), none);
    changed &= ((1u << (n - 1)) - 1) << 1;
  }
  _mm512_mask_compressstoreu_epi32(out, static_cast<__mmask16>(((1u << n) - 1) << 1), symbols);
  return n;
}

}  // namespace ftok
