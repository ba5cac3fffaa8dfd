// Merging short pieces with AVX-512: the symbols of a piece in one register, two or four, the ranks of its pairs in as
// many, sixteen lanes each. The lanes after the symbols hold kEdge, which pairs with nothing, so that the ends need no
// special case. Sure ranks are lower than others, so they come first, which is right in any order.
//
// Pieces go in groups of sixteen. In a round each piece of a group merges its lowest pair; then the slots of its two
// new pairs are computed, those of all sixteen at once. A piece that is done gives its place to the next. Two groups
// take turns: while one has its round, the entries that the other will look at come from memory.
#include <immintrin.h>

#include <algorithm>
#include <span>

#include "tokenizer/encode/bpe_merge.h"

namespace ftok {
namespace {

inline __m512i broadcast(uint32_t value) { return _mm512_set1_epi32(static_cast<int>(value)); }

struct Slots {
  __m512i first, second;
};

// Where its filter says that a pair is not, the slot is 0, which is always near.
inline __m512i slot_of(const PairTable& pairs, unsigned which, const uint32_t (&factors)[2], __m512i left,
                       __m512i right) {
  __m512i x = _mm512_add_epi32(_mm512_mullo_epi32(left, broadcast(factors[0])),
                               _mm512_mullo_epi32(right, broadcast(factors[1])));
  x = _mm512_xor_si512(x, _mm512_srli_epi32(x, PairTable::kMixShift));
  const __m512i place = _mm512_srl_epi32(_mm512_mullo_epi32(x, broadcast(PairTable::kSpread)),
                                         _mm_cvtsi32_si128(static_cast<int>(pairs.shift())));
  const __m512i words = _mm512_i32gather_epi32(_mm512_srli_epi32(place, 5), pairs.filter(which), 4);
  const __m512i bits = _mm512_sllv_epi32(broadcast(1), _mm512_and_si512(place, broadcast(31)));
  return _mm512_maskz_srli_epi32(_mm512_test_epi32_mask(words, bits), place, 1);
}

inline Slots slots_of(const PairTable& pairs, __m512i left, __m512i right) {
  return {slot_of(pairs, 0, PairTable::kFirst, left, right), slot_of(pairs, 1, PairTable::kSecond, left, right)};
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
      const __m512i after =
          r + 16 < MergeJob::kLanes ? _mm512_load_si512(job.symbols + r + 16) : broadcast(PairTable::kEdge);
      const Slots slots = slots_of(pairs, left, _mm512_alignr_epi32(after, left, 1));
      _mm512_store_si512(first + r, slots.first);
      _mm512_store_si512(second + r, slots.second);
    }
    for (uint64_t rest = job.unknown; rest != 0; rest &= rest - 1) {
      const auto k = static_cast<unsigned>(__builtin_ctzll(rest));
      job.ranks[k] = find_rank(pairs, job.symbols[k], job.symbols[k + 1], first[k], second[k]);
    }
  }
}

// Up to sixteen jobs. Place i: what the last round of job i merged, at which lane of the job (a bit), and its
// neighbours; kEdge and 0 where it merged nothing.
struct Group {
  alignas(64) uint32_t before[16], merged[16], after[16];
  alignas(64) uint32_t left_slots[2][16], right_slots[2][16];  // of the two new pairs
  uint64_t at[16];
  MergeJob* jobs[16];
  unsigned count = 0;

  Group() {
    std::fill_n(before, 16, PairTable::kEdge), std::fill_n(merged, 16, PairTable::kEdge),
        std::fill_n(after, 16, PairTable::kEdge);
  }

  void start(unsigned i, MergeJob* job) {
    jobs[i] = job;
    before[i] = merged[i] = after[i] = PairTable::kEdge;
    at[i] = 0;
  }
  void move(unsigned from, unsigned to) {
    jobs[to] = jobs[from];
    before[to] = before[from];
    merged[to] = merged[from];
    after[to] = after[from];
    at[to] = at[from];
  }
};

// Merges the lowest pair of job i, if there is one; returns whether there is none. Without a branch: which job ends
// when cannot be foretold, and what would be begun of the next jobs by then would be lost.
template <unsigned kRegisters>
inline bool merge_lowest(Group& group, unsigned i, const __m512i (&ranks)[kRegisters]) {
  MergeJob& job = *group.jobs[i];
  __m512i least = ranks[0];
  for (unsigned r = 1; r < kRegisters; ++r) least = _mm512_min_epi32(least, ranks[r]);
  const int best = _mm512_reduce_min_epi32(least);
  uint64_t equal = 0;
  for (unsigned r = 0; r < kRegisters; ++r) {
    equal |= uint64_t{_mm512_cmpeq_epi32_mask(ranks[r], _mm512_set1_epi32(best))} << 16 * r;
  }
  const bool is_done = best == static_cast<int>(MergeJob::kNoRank);
  constexpr uint32_t kAfterAll = MergeJob::kLanes - 2;  // behind an edge, so that merging there changes nothing
  static_assert(kAfterAll > MergeJob::kSymbolsMax);
  const uint32_t lane = is_done ? kAfterAll : static_cast<uint32_t>(__builtin_ctzll(equal));
  const uint32_t symbol = static_cast<uint32_t>(best) & PairTable::kEdge;  // of kNoRank: kEdge
  static_assert((MergeJob::kNoRank & PairTable::kEdge) == PairTable::kEdge);
  constexpr uint32_t kLast = 16 * kRegisters - 1;  // an edge
  group.before[i] = job.symbols[(lane - 1) & kLast];
  group.merged[i] = symbol;
  group.after[i] = job.symbols[(lane + 2) & kLast];
  // The lanes from the merged one on move by one.
  const uint64_t moved = ~uint64_t{0} << lane, at = uint64_t{1} << lane;
  group.at[i] = is_done ? 0 : at;
  __m512i next_symbols = broadcast(PairTable::kEdge), next_ranks = broadcast(MergeJob::kNoRank);
  for (unsigned r = kRegisters; r-- > 0;) {
    const auto here = static_cast<__mmask16>(moved >> 16 * r), merged = static_cast<__mmask16>(at >> 16 * r);
    const __m512i symbols = _mm512_load_si512(job.symbols + 16 * r), old_ranks = ranks[r];
    const __m512i shifted = _mm512_mask_alignr_epi32(symbols, here, next_symbols, symbols, 1);
    _mm512_store_si512(job.symbols + 16 * r, _mm512_mask_mov_epi32(shifted, merged, broadcast(symbol)));
    _mm512_store_si512(job.ranks + 16 * r, _mm512_mask_alignr_epi32(old_ranks, here, next_ranks, old_ranks, 1));
    next_symbols = symbols;
    next_ranks = old_ranks;
  }
  job.count -= is_done ? 0 : 1;
  return is_done;
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
  for (unsigned i = 0; i < group.count; ++i) {
    for (const unsigned k : {0u, 1u}) {
      prefetch(pairs, group.left_slots[k][i]);
      prefetch(pairs, group.right_slots[k][i]);
    }
  }
}

// Looks up what the last round made and has the next; returns which jobs are done.
template <unsigned kRegisters>
inline uint32_t run_round(const PairTable& pairs, Group& group) {
  uint32_t done = 0;
  for (unsigned i = 0; i < group.count; ++i) {
    const uint32_t left =
        find_rank(pairs, group.before[i], group.merged[i], group.left_slots[0][i], group.left_slots[1][i]);
    const uint32_t right =
        find_rank(pairs, group.merged[i], group.after[i], group.right_slots[0][i], group.right_slots[1][i]);
    __m512i ranks[kRegisters];
    const uint64_t right_lane = group.at[i], left_lane = right_lane >> 1;
    for (unsigned r = 0; r < kRegisters; ++r) {
      ranks[r] = _mm512_load_si512(group.jobs[i]->ranks + 16 * r);
      ranks[r] = _mm512_mask_mov_epi32(ranks[r], static_cast<__mmask16>(left_lane >> 16 * r), broadcast(left));
      ranks[r] = _mm512_mask_mov_epi32(ranks[r], static_cast<__mmask16>(right_lane >> 16 * r), broadcast(right));
    }
    done |= static_cast<uint32_t>(merge_lowest(group, i, ranks)) << i;
  }
  return done;
}

// Jobs that all go into kRegisters registers.
template <unsigned kRegisters>
void run(const PairTable& pairs, MergeJob* const* jobs, size_t count) {
  Group all_groups[2];
  const std::span groups(all_groups, count > 16 ? 2 : 1);
  size_t next = 0;
  for (Group& group : groups) {
    while (group.count < 16 && next < count) group.start(group.count++, jobs[next++]);
    prefetch_new(pairs, group);
  }
  while (groups.front().count + groups.back().count != 0) {
    for (Group& group : groups) {
      if (group.count == 0) continue;
      uint32_t done = run_round<kRegisters>(pairs, group);
      while (done != 0) {  // the last first: its place is taken by a new job, else by the group's last
        const unsigned i = 31u - static_cast<unsigned>(__builtin_clz(done));
        done ^= 1u << i;
        if (next < count) {
          group.start(i, jobs[next++]);
        } else {
          group.move(--group.count, i);
        }
      }
      if (group.count != 0) prefetch_new(pairs, group);
    }
  }
}

}  // namespace

void run_jobs_avx512(const PairTable& pairs, MergeJob* jobs, size_t count) {
  constexpr size_t kTogether = 128;
  MergeJob *small[kTogether], *medium[kTogether], *large[kTogether];
  for (size_t first = 0; first < count; first += kTogether) {
    const size_t some = count - first < kTogether ? count - first : kTogether;
    size_t small_count = 0, medium_count = 0, large_count = 0;
    find_unknown(pairs, jobs + first, some);
    for (size_t i = 0; i < some; ++i) {
      MergeJob* const job = jobs + first + i;
      const size_t lanes = MergeJob::lanes_for(job->count);
      small[small_count] = medium[medium_count] = large[large_count] = job;
      small_count += lanes == 16 ? 1 : 0;
      medium_count += lanes == 32 ? 1 : 0;
      large_count += lanes > 32 ? 1 : 0;
    }
    if (small_count != 0) run<1>(pairs, small, small_count);
    if (medium_count != 0) run<2>(pairs, medium, medium_count);
    if (large_count != 0) run<4>(pairs, large, large_count);
  }
}

}  // namespace ftok
