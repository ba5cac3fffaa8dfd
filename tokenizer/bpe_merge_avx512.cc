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

// A piece between two rounds.
struct State {
  __m512i symbols, ranks;
  uint32_t changed;  // lanes whose pair must be looked up
  uint32_t count;    // symbols
};

inline State start(const uint32_t* symbols, size_t count) {
  const __m512i edge = _mm512_set1_epi32(static_cast<int>(PairTable::kEdge));
  const auto used = static_cast<__mmask16>(((1u << count) - 1) << 1);  // lanes 1 .. count
  return {_mm512_mask_expandloadu_epi32(edge, used, symbols), _mm512_set1_epi32(-1), ((1u << (count - 1)) - 1) << 1,
          static_cast<uint32_t>(count)};
}

// Looks up the changed pairs of `state`, whose symbols are also in `lanes`, and merges the sure pairs, or the lowest. False
// when nothing is left to merge.
inline bool merge_round(const PairTable& pairs, const uint32_t* lanes, State& state) {
  const __m512i edge = _mm512_set1_epi32(static_cast<int>(PairTable::kEdge)), none = _mm512_set1_epi32(-1);
  __m512i ranks = state.ranks;
  for (uint32_t changed = state.changed; changed != 0; changed &= changed - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(changed));
    const uint32_t found = find_marked(pairs, lanes[lane], lanes[lane + 1]);
    ranks = _mm512_mask_set1_epi32(ranks, static_cast<__mmask16>(1u << lane), static_cast<int>(found));
  }
  const auto some = static_cast<uint32_t>(_mm512_cmpneq_epi32_mask(ranks, none));
  if (some == 0) return false;
  uint32_t merged = static_cast<uint32_t>(_mm512_movepi32_mask(ranks)) & some;  // the left lanes of the sure pairs
  if (merged == 0) {
    const __m512i best = _mm512_set1_epi32(static_cast<int>(_mm512_reduce_min_epu32(ranks)));
    const auto equal = static_cast<uint32_t>(_mm512_cmpeq_epi32_mask(ranks, best));
    merged = equal & (0 - equal);
  }
  const auto kept = static_cast<__mmask16>(~(merged << 1));
  const __m512i without_mark = _mm512_and_si512(ranks, _mm512_set1_epi32(0x7FFFFFFF));
  const __m512i joined = _mm512_mask_mov_epi32(state.symbols, static_cast<__mmask16>(merged), without_mark);
  state.symbols = _mm512_mask_compress_epi32(edge, kept, joined);
  state.count -= static_cast<uint32_t>(__builtin_popcount(merged));
  const uint32_t moved = _pext_u32(merged, kept);
  const uint32_t touched = moved | moved >> 1;
  // A pair with an edge has no rank.
  state.ranks = _mm512_mask_mov_epi32(_mm512_mask_compress_epi32(none, kept, ranks), static_cast<__mmask16>(touched), none);
  state.changed = touched & ((1u << (state.count - 1)) - 1) << 1;
  return true;
}

inline void finish(const State& state, uint32_t* symbols) {
  _mm512_mask_compressstoreu_epi32(symbols, static_cast<__mmask16>(((1u << state.count) - 1) << 1), state.symbols);
}

}  // namespace

size_t merge_symbols_avx512(const PairTable& pairs, uint32_t* symbols, size_t count) {
  alignas(64) uint32_t lanes[16];
  State state = start(symbols, count);
  do {
    _mm512_store_si512(lanes, state.symbols);
  } while (merge_round(pairs, lanes, state));
  finish(state, symbols);
  return state.count;
}

void merge_jobs_avx512(const PairTable& pairs, MergeJob* jobs, size_t count) {
  constexpr size_t kTogether = 16;
  State states[kTogether];
  alignas(64) uint32_t lanes[kTogether][16];
  const auto fetch = [&](size_t i) {
    _mm512_store_si512(lanes[i], states[i].symbols);
    for (uint32_t changed = states[i].changed; changed != 0; changed &= changed - 1) {
      const auto lane = static_cast<unsigned>(__builtin_ctz(changed));
      __builtin_prefetch(pairs.slots() + pairs.slot_of(PairTable::key_of(lanes[i][lane], lanes[i][lane + 1])));
    }
  };
  for (size_t first = 0; first < count; first += kTogether) {
    const size_t n = count - first < kTogether ? count - first : kTogether;
    uint32_t active = (1u << n) - 1;
    for (size_t i = 0; i < n; ++i) {
      states[i] = start(jobs[first + i].symbols, jobs[first + i].count);
      fetch(i);
    }
    while (active != 0) {
      for (uint32_t rest = active; rest != 0; rest &= rest - 1) {
        const auto i = static_cast<unsigned>(__builtin_ctz(rest));
        if (merge_round(pairs, lanes[i], states[i])) {
          fetch(i);
        } else {
          finish(states[i], jobs[first + i].symbols);
          jobs[first + i].count = states[i].count;
          active &= ~(1u << i);
        }
      }
    }
  }
}

}  // namespace ftok
