// Merging short pieces with AVX-512: the symbols of a piece in one register or two, the ranks of its pairs in as many, sixteen
// lanes each. The lanes after the symbols hold kEdge, which pairs with nothing, so that the ends need no special case. Sure ranks are
// lower than others, so they come first, which is right in any order.
//
// Pieces go in groups of sixteen. In a round each piece of a group merges its lowest pair; then the slots of its two new pairs are
// computed, those of all sixteen at once. A piece that is done gives its place to the next. Two groups take turns: while one has its
// round, the entries that the other will look at come from memory.
#include <immintrin.h>

#include "tokenizer/bpe_merge.h"

namespace ftok {
namespace {

inline __m512i broadcast(uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }

struct Slots {
  __m512i first, second;
};

inline __m512i slot_of(const PairTable& pairs, const uint32_t (&factors)[2], __m512i left, __m512i right) {
  __m512i x = _mm512_add_epi32(_mm512_mullo_epi32(left, broadcast(factors[0])), _mm512_mullo_epi32(right, broadcast(factors[1])));
  x = _mm512_xor_si512(x, _mm512_srli_epi32(x, PairTable::kMixShift));
  return _mm512_srl_epi32(_mm512_mullo_epi32(x, broadcast(PairTable::kSpread)), _mm_cvtsi32_si128(static_cast<int>(pairs.shift())));
}

inline Slots slots_of(const PairTable& pairs, __m512i left, __m512i right) {
  return {slot_of(pairs, PairTable::kFirst, left, right), slot_of(pairs, PairTable::kSecond, left, right)};
}

inline void prefetch(const PairTable& pairs, uint32_t slot) { __builtin_prefetch(pairs.slots() + slot); }

// The marked rank of a pair whose two slots are known, or kNoRank.
inline uint32_t find_rank(const PairTable& pairs, uint32_t left, uint32_t right, uint32_t first, uint32_t second) {
  const uint64_t key = left | uint64_t{right} << PairTable::kSymbolBits;
  constexpr unsigned kAboveKey = 64 - 2 * PairTable::kSymbolBits;
  const uint64_t a = pairs.slots()[first], b = pairs.slots()[second];
  uint32_t rank = MergeJob::kNoRank;
  rank = (b ^ key) << kAboveKey == 0 ? static_cast<uint32_t>(b >> 2 * PairTable::kSymbolBits) : rank;
  return (a ^ key) << kAboveKey == 0 ? static_cast<uint32_t>(a >> 2 * PairTable::kSymbolBits) : rank;
}

// Looks up the ranks that were not known when the jobs were made.
void find_unknown(const PairTable& pairs, MergeJob* jobs, size_t count) {
  alignas(64) uint32_t first[MergeJob::kLanes], second[MergeJob::kLanes];
  for (size_t i = 0; i < count; ++i) {
    MergeJob& job = jobs[i];
    for (unsigned r = 0; r < MergeJob::kLanes; r += 16) {
      if (job.unknown >> r == 0) continue;
      const __m512i left = _mm512_load_si512(job.symbols + r);
      const __m512i after = r == 0 ? _mm512_load_si512(job.symbols + 16) : broadcast(PairTable::kEdge);
      const Slots slots = slots_of(pairs, left, _mm512_alignr_epi32(after, left, 1));
      _mm512_store_si512(first + r, slots.first);
      _mm512_store_si512(second + r, slots.second);
    }
    for (uint32_t rest = job.unknown; rest != 0; rest &= rest - 1) {
      const auto k = static_cast<unsigned>(__builtin_ctz(rest));
      job.ranks[k] = find_rank(pairs, job.symbols[k], job.symbols[k + 1], first[k], second[k]);
    }
  }
}

// Sixteen jobs. Lane i: what the last round of job i merged, at which lane of the job, and its neighbours.
struct Group {
  alignas(64) uint32_t before[16] = {}, merged[16] = {}, after[16] = {};
  alignas(64) uint32_t left_slots[2][16], right_slots[2][16];  // of the two new pairs
  uint32_t at[16] = {};
  MergeJob* jobs[16] = {};
  uint32_t active = 0;
};

// Merges the lowest pair of job i. False when there is none.
template <unsigned kRegisters>
inline bool merge_lowest(Group& group, unsigned i, __m512i (&ranks)[kRegisters]) {
  MergeJob& job = *group.jobs[i];
  const int best = _mm512_reduce_min_epi32(kRegisters == 1 ? ranks[0] : _mm512_min_epi32(ranks[0], ranks[kRegisters - 1]));
  if (best == static_cast<int>(MergeJob::kNoRank)) return false;
  uint32_t equal = 0;
  for (unsigned r = 0; r < kRegisters; ++r) {
    equal |= static_cast<uint32_t>(_mm512_cmpeq_epi32_mask(ranks[r], _mm512_set1_epi32(best))) << 16 * r;
  }
  const auto lane = static_cast<unsigned>(__builtin_ctz(equal));
  const uint32_t symbol = static_cast<uint32_t>(best) & PairTable::kEdge;
  group.before[i] = lane == 0 ? PairTable::kEdge : job.symbols[lane - 1];
  group.merged[i] = symbol;
  group.after[i] = lane + 2 < MergeJob::kLanes ? job.symbols[lane + 2] : PairTable::kEdge;
  group.at[i] = lane;
  // The lanes from the merged one on move by one.
  const uint32_t moved = ~uint32_t{0} << lane;
  __m512i next_symbols = broadcast(PairTable::kEdge), next_ranks = broadcast(MergeJob::kNoRank);
  for (unsigned r = kRegisters; r-- > 0;) {
    const auto here = static_cast<__mmask16>(moved >> 16 * r);
    const auto merged = static_cast<__mmask16>(uint32_t{1} << lane >> 16 * r);
    const __m512i symbols = _mm512_load_si512(job.symbols + 16 * r), old_ranks = ranks[r];
    const __m512i shifted = _mm512_mask_alignr_epi32(symbols, here, next_symbols, symbols, 1);
    _mm512_store_si512(job.symbols + 16 * r, _mm512_mask_mov_epi32(shifted, merged, broadcast(symbol)));
    _mm512_store_si512(job.ranks + 16 * r, _mm512_mask_alignr_epi32(old_ranks, here, next_ranks, old_ranks, 1));
    next_symbols = symbols;
    next_ranks = old_ranks;
  }
  --job.count;
  return true;
}

template <unsigned kRegisters>
inline void load_ranks(const MergeJob& job, __m512i (&ranks)[kRegisters]) {
  for (unsigned r = 0; r < kRegisters; ++r) ranks[r] = _mm512_load_si512(job.ranks + 16 * r);
}

// The jobs that a run is about, one after another: those of at most 16 * kRegisters - 1 and more than 16 * kRegisters - 17 symbols.
template <unsigned kRegisters>
struct JobQueue {
  MergeJob *next, *end;

  MergeJob* take() {
    while (next != end && (next->count > 15) != (kRegisters == 2)) ++next;
    return next == end ? nullptr : next++;
  }
};

// Puts jobs in place i of the group until one has something to merge, and merges it. False when there are no more jobs.
template <unsigned kRegisters>
inline bool start_next(JobQueue<kRegisters>& queue, Group& group, unsigned i) {
  while (MergeJob* const job = queue.take()) {
    group.jobs[i] = job;
    __m512i ranks[kRegisters];
    load_ranks(*job, ranks);
    if (merge_lowest(group, i, ranks)) return true;
  }
  return false;
}

// Asks for what looking up the new pairs will read.
inline void prefetch_new(const PairTable& pairs, Group& group) {
  const __m512i before = _mm512_load_si512(group.before), merged = _mm512_load_si512(group.merged),
                after = _mm512_load_si512(group.after);
  const Slots left = slots_of(pairs, before, merged), right = slots_of(pairs, merged, after);
  _mm512_store_si512(group.left_slots[0], left.first);
  _mm512_store_si512(group.left_slots[1], left.second);
  _mm512_store_si512(group.right_slots[0], right.first);
  _mm512_store_si512(group.right_slots[1], right.second);
  for (uint32_t rest = group.active; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<unsigned>(__builtin_ctz(rest));
    for (const unsigned k : {0u, 1u}) {
      prefetch(pairs, group.left_slots[k][i]);
      prefetch(pairs, group.right_slots[k][i]);
    }
  }
}

// Looks up what the last round made and has the next.
template <unsigned kRegisters>
inline void run_round(const PairTable& pairs, JobQueue<kRegisters>& queue, Group& group) {
  for (uint32_t rest = group.active; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<unsigned>(__builtin_ctz(rest));
    const uint32_t left = find_rank(pairs, group.before[i], group.merged[i], group.left_slots[0][i], group.left_slots[1][i]);
    const uint32_t right = find_rank(pairs, group.merged[i], group.after[i], group.right_slots[0][i], group.right_slots[1][i]);
    __m512i ranks[kRegisters];
    load_ranks(*group.jobs[i], ranks);
    const uint64_t right_lane = uint64_t{1} << group.at[i], left_lane = right_lane >> 1;
    for (unsigned r = 0; r < kRegisters; ++r) {
      ranks[r] = _mm512_mask_mov_epi32(ranks[r], static_cast<__mmask16>(left_lane >> 16 * r), broadcast(left));
      ranks[r] = _mm512_mask_mov_epi32(ranks[r], static_cast<__mmask16>(right_lane >> 16 * r), broadcast(right));
    }
    if (!merge_lowest(group, i, ranks) && !start_next(queue, group, i)) group.active &= ~(1u << i);
  }
  prefetch_new(pairs, group);
}

template <unsigned kRegisters>
void run(const PairTable& pairs, MergeJob* jobs, size_t count) {
  JobQueue<kRegisters> queue{jobs, jobs + count};
  Group groups[2];
  for (Group& group : groups) {
    for (unsigned i = 0; i < 16; ++i) {
      if (start_next(queue, group, i)) group.active |= 1u << i;
    }
    if (group.active != 0) prefetch_new(pairs, group);
  }
  while ((groups[0].active | groups[1].active) != 0) {
    for (Group& group : groups) {
      if (group.active != 0) run_round(pairs, queue, group);
    }
  }
}

}  // namespace

void run_jobs_avx512(const PairTable& pairs, MergeJob* jobs, size_t count) {
  find_unknown(pairs, jobs, count);
  bool has_large = false;
  for (size_t i = 0; i < count; ++i) has_large |= jobs[i].count > 15;
  run<1>(pairs, jobs, count);
  if (has_large) run<2>(pairs, jobs, count);
}

}  // namespace ftok
