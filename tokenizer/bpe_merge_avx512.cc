// Merging short pieces in AVX-512 registers: the symbols in one, the ranks of the pairs in another, sixteen lanes each. The
// lanes after the symbols hold kEdge, which pairs with nothing, so that the ends need no special case. Finding the lowest
// rank, closing the gap and looking up the two new pairs take no branch that depends on the text. As signed numbers sure
// ranks are the lowest, so they come first, which is right in any order.
#include <immintrin.h>

#include "tokenizer/bpe_merge.h"

namespace ftok {
namespace {

// The rank of a pair, with kSure, or kNoRank; comparing a cache line of entries at once.
inline uint32_t find_rank(const PairTable& pairs, uint64_t key) {
  const __m512i keys = _mm512_set1_epi64(static_cast<long long>(key));
  for (size_t slot = pairs.slot_of(key);; slot = (slot + 8) & pairs.mask()) {
    const __m512i entries = _mm512_load_si512(pairs.slots() + slot);
    const __mmask8 same = _mm512_cmpeq_epi64_mask(_mm512_srli_epi64(_mm512_slli_epi64(entries, 1), 22), keys);
    const __mmask8 empty = _mm512_cmpeq_epi64_mask(entries, _mm512_set1_epi64(-1));
    const auto entry = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm512_castsi512_si128(_mm512_maskz_compress_epi64(same, entries))));
    const uint32_t found = static_cast<uint32_t>(entry & PairTable::kEdge) | static_cast<uint32_t>(entry >> 63 << 31);
    if ((same | empty) != 0) [[likely]] return same != 0 ? found : MergeJob::kNoRank;
  }
}

// A job between two rounds. Lane k of the symbols is lanes[16 + k]; lanes[15] is an edge too.
struct State {
  alignas(64) uint32_t lanes[32];
  __m512i ranks;
  uint64_t left_key, right_key;  // the pairs whose ranks belong into the lanes before `merged` and at it
  uint32_t merged, unknown, count;
};

inline void prefetch(const PairTable& pairs, uint64_t key) { __builtin_prefetch(pairs.slots() + pairs.slot_of(key)); }

inline void start(const PairTable& pairs, const MergeJob& job, State& state) {
  const auto used = static_cast<__mmask16>((1u << job.count) - 1);
  const __m512i edge = _mm512_set1_epi32(static_cast<int>(PairTable::kEdge));
  state.lanes[15] = PairTable::kEdge;
  _mm512_store_si512(state.lanes + 16, _mm512_mask_load_epi32(edge, used, job.symbols));
  state.ranks = _mm512_mask_load_epi32(_mm512_set1_epi32(MergeJob::kNoRank), static_cast<__mmask16>(used >> 1), job.ranks);
  state.unknown = job.unknown;
  state.count = job.count;
  for (uint32_t rest = state.unknown; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    prefetch(pairs, PairTable::key_of(job.symbols[lane], job.symbols[lane + 1]));
  }
}

inline void look_up_unknown(const PairTable& pairs, State& state) {
  for (uint32_t rest = state.unknown; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    const uint32_t rank = find_rank(pairs, PairTable::key_of(state.lanes[16 + lane], state.lanes[17 + lane]));
    state.ranks = _mm512_mask_set1_epi32(state.ranks, static_cast<__mmask16>(1u << lane), static_cast<int>(rank));
  }
}

// Merges the lowest pair, and asks for the two new ones. False when there is none.
inline bool merge_lowest(const PairTable& pairs, State& state) {
  const __m512i ranks = state.ranks;
  const int best = _mm512_reduce_min_epi32(ranks);
  if (best == static_cast<int>(MergeJob::kNoRank)) return false;
  const auto lane = static_cast<unsigned>(__builtin_ctz(_mm512_cmpeq_epi32_mask(ranks, _mm512_set1_epi32(best))));
  const uint32_t symbol = static_cast<uint32_t>(best) & ~PairTable::kSure;
  const auto kept = static_cast<__mmask16>(~(2u << lane));
  const __m512i symbols = _mm512_mask_set1_epi32(_mm512_load_si512(state.lanes + 16), static_cast<__mmask16>(1u << lane),
                                                 static_cast<int>(symbol));
  const uint32_t before = state.lanes[15 + lane], after = state.lanes[18 + lane];
  _mm512_store_si512(state.lanes + 16,
                     _mm512_mask_compress_epi32(_mm512_set1_epi32(static_cast<int>(PairTable::kEdge)), kept, symbols));
  state.ranks = _mm512_mask_compress_epi32(_mm512_set1_epi32(MergeJob::kNoRank), kept, ranks);
  state.left_key = PairTable::key_of(before, symbol);
  state.right_key = PairTable::key_of(symbol, after);
  state.merged = lane;
  --state.count;
  prefetch(pairs, state.left_key);
  prefetch(pairs, state.right_key);
  return true;
}

// The ranks of the two new pairs. Where there is no pair before or after, the key has an edge and is not found; the lane
// before the first is the last, which is an edge.
inline void look_up_new(const PairTable& pairs, State& state) {
  const uint32_t left = find_rank(pairs, state.left_key), right = find_rank(pairs, state.right_key);
  const __m512i ranks = _mm512_mask_set1_epi32(state.ranks, static_cast<__mmask16>(1u << ((state.merged - 1) & 15)), static_cast<int>(left));
  state.ranks = _mm512_mask_set1_epi32(ranks, static_cast<__mmask16>(1u << state.merged), static_cast<int>(right));
}

}  // namespace

void run_jobs_avx512(const PairTable& pairs, MergeJob* jobs, size_t count) {
  constexpr size_t kTogether = 16;
  State states[kTogether];
  for (size_t first = 0; first < count; first += kTogether) {
    const size_t n = count - first < kTogether ? count - first : kTogether;
    for (size_t i = 0; i < n; ++i) start(pairs, jobs[first + i], states[i]);
    uint32_t active = 0;
    for (size_t i = 0; i < n; ++i) {
      look_up_unknown(pairs, states[i]);
      if (merge_lowest(pairs, states[i])) active |= 1u << i;
    }
    while (active != 0) {
      for (uint32_t rest = active; rest != 0; rest &= rest - 1) {
        const auto i = static_cast<unsigned>(__builtin_ctz(rest));
        look_up_new(pairs, states[i]);
        if (!merge_lowest(pairs, states[i])) active &= ~(1u << i);
      }
    }
    for (size_t i = 0; i < n; ++i) {
      jobs[first + i].count = states[i].count;
      _mm512_store_si512(jobs[first + i].symbols, _mm512_load_si512(states[i].lanes + 16));
    }
  }
}

}  // namespace ftok
