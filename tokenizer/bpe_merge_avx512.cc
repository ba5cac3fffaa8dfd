// Merging short pieces in AVX-512 registers: the symbols in one or two, the ranks of the pairs in as many, sixteen lanes each. The
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

// A job between two rounds, in kRegisters of sixteen lanes. The first lane of the symbols is lanes[16]; lanes[15] is an edge too.
template <unsigned kRegisters>
struct State {
  alignas(64) uint32_t lanes[16 + 16 * kRegisters];
  __m512i ranks[kRegisters];
  uint64_t left_key, right_key;  // the pairs whose ranks belong into the lanes before `merged` and at it
  uint32_t merged, unknown, count;
  MergeJob* job;

  __m512i symbols(unsigned r) const { return _mm512_load_si512(lanes + 16 + 16 * r); }
  void set_symbols(unsigned r, __m512i symbols) { _mm512_store_si512(lanes + 16 + 16 * r, symbols); }
  // The lane may be that before the first: nothing happens.
  void set_rank(unsigned lane, uint32_t rank) {
    const uint64_t bit = uint64_t{1} << (lane & 63);
    for (unsigned r = 0; r < kRegisters; ++r) {
      ranks[r] = _mm512_mask_set1_epi32(ranks[r], static_cast<__mmask16>(bit >> 16 * r), static_cast<int>(rank));
    }
  }
};

inline void prefetch(const PairTable& pairs, uint64_t key) { __builtin_prefetch(pairs.slots() + pairs.slot_of(key)); }

template <unsigned kRegisters>
inline void start(const PairTable& pairs, MergeJob& job, State<kRegisters>& state) {
  const uint32_t used = (1u << job.count) - 1;
  const __m512i edge = _mm512_set1_epi32(static_cast<int>(PairTable::kEdge)), none = _mm512_set1_epi32(MergeJob::kNoRank);
  state.lanes[15] = PairTable::kEdge;
  for (unsigned r = 0; r < kRegisters; ++r) {
    state.set_symbols(r, _mm512_mask_load_epi32(edge, static_cast<__mmask16>(used >> 16 * r), job.symbols + 16 * r));
    state.ranks[r] = _mm512_mask_load_epi32(none, static_cast<__mmask16>(used >> 1 >> 16 * r), job.ranks + 16 * r);
  }
  state.unknown = job.unknown;
  state.count = job.count;
  state.job = &job;
  for (uint32_t rest = state.unknown; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    prefetch(pairs, PairTable::key_of(job.symbols[lane], job.symbols[lane + 1]));
  }
}

template <unsigned kRegisters>
inline void look_up_unknown(const PairTable& pairs, State<kRegisters>& state) {
  for (uint32_t rest = state.unknown; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    state.set_rank(lane, find_rank(pairs, PairTable::key_of(state.lanes[16 + lane], state.lanes[17 + lane])));
  }
}

// Merges the lowest pair, and asks for the two new ones. False when there is none.
template <unsigned kRegisters>
inline bool merge_lowest(const PairTable& pairs, State<kRegisters>& state) {
  __m512i lowest = state.ranks[0];
  for (unsigned r = 1; r < kRegisters; ++r) lowest = _mm512_min_epi32(lowest, state.ranks[r]);
  const int best = _mm512_reduce_min_epi32(lowest);
  if (best == static_cast<int>(MergeJob::kNoRank)) return false;
  uint32_t equal = 0;
  for (unsigned r = 0; r < kRegisters; ++r) {
    equal |= static_cast<uint32_t>(_mm512_cmpeq_epi32_mask(state.ranks[r], _mm512_set1_epi32(best))) << 16 * r;
  }
  const auto lane = static_cast<unsigned>(__builtin_ctz(equal));
  const uint32_t symbol = static_cast<uint32_t>(best) & ~PairTable::kSure;
  const uint32_t before = state.lanes[15 + lane], after = state.lanes[18 + lane];
  // The lanes from the merged one on move by one.
  const uint32_t moved = ~uint32_t{0} << lane;
  __m512i next_symbols = _mm512_set1_epi32(static_cast<int>(PairTable::kEdge));
  __m512i next_ranks = _mm512_set1_epi32(MergeJob::kNoRank);
  for (unsigned r = kRegisters; r-- > 0;) {
    const auto here = static_cast<__mmask16>(moved >> 16 * r);
    const __m512i symbols = state.symbols(r), ranks = state.ranks[r];
    const __m512i shifted = _mm512_mask_alignr_epi32(symbols, here, next_symbols, symbols, 1);
    const auto merged = static_cast<__mmask16>(uint32_t{1} << lane >> 16 * r);
    state.set_symbols(r, _mm512_mask_set1_epi32(shifted, merged, static_cast<int>(symbol)));
    state.ranks[r] = _mm512_mask_alignr_epi32(ranks, here, next_ranks, ranks, 1);
    next_symbols = symbols;
    next_ranks = ranks;
  }
  state.left_key = PairTable::key_of(before, symbol);
  state.right_key = PairTable::key_of(symbol, after);
  state.merged = lane;
  --state.count;
  prefetch(pairs, state.left_key);
  prefetch(pairs, state.right_key);
  return true;
}

// The ranks of the two new pairs. Where there is no symbol before or after, the key has an edge and is not found.
template <unsigned kRegisters>
inline void look_up_new(const PairTable& pairs, State<kRegisters>& state) {
  const uint32_t left = find_rank(pairs, state.left_key), right = find_rank(pairs, state.right_key);
  state.set_rank(state.merged - 1, left);
  state.set_rank(state.merged, right);
}

// Runs the jobs `first` .. of at most 16 * kRegisters - 1 and more than 16 * kRegisters - 17 symbols, as many as go together;
// returns where to go on.
template <unsigned kRegisters>
size_t run_some(const PairTable& pairs, MergeJob* jobs, size_t first, size_t count) {
  constexpr size_t kTogether = 16;
  State<kRegisters> states[kTogether];
  size_t n = 0;
  for (; first < count && n < kTogether; ++first) {
    if ((jobs[first].count > 15) == (kRegisters == 2)) start(pairs, jobs[first], states[n++]);
  }
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
    states[i].job->count = states[i].count;
    for (unsigned r = 0; r < kRegisters; ++r) _mm512_store_si512(states[i].job->symbols + 16 * r, states[i].symbols(r));
  }
  return first;
}

}  // namespace

void run_jobs_avx512(const PairTable& pairs, MergeJob* jobs, size_t count) {
  for (size_t i = 0; i < count;) i = run_some<1>(pairs, jobs, i, count);
  for (size_t i = 0; i < count;) i = run_some<2>(pairs, jobs, i, count);
}

}  // namespace ftok
