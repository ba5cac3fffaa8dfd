#include "tokenizer/encode/bpe_merge.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <numeric>

namespace ftok {
namespace {

// Spans up to this many bytes are merged by scanning for the lowest rank, longer ones by a heap.
constexpr size_t kScanBytesMax = 512;
// Pieces longer than this are merged part by part.
constexpr size_t kLongBytesMin = 64;

}  // namespace

void MergeScratch::shrink(size_t words_max) {
  for (std::vector<uint32_t>* buffer : {&symbols, &ranks, &next, &previous, &done}) {
    if (buffer->capacity() > words_max) std::vector<uint32_t>().swap(*buffer);
  }
  if (heap.capacity() > words_max) std::vector<uint64_t>().swap(heap);
  for (Window& window : windows) {
    if (window.symbols.capacity() > words_max) std::vector<uint32_t>().swap(window.symbols);
  }
}

Merger::Merger(const Vocabulary& vocabulary)
    : level_(vector_level()), byte_pairs_(65536, MergeJob::kNoRank), characters_(65536, 0) {
  if (vocabulary.merges.empty()) {
    build_implied(vocabulary);
  } else {
    build_explicit(vocabulary);
  }
  mark_sure_pairs();
  fill_byte_pairs();
  join_characters();
}

// The symbol at the beginning of `size` bytes: what sure pairs join there, else a byte, with the rank of it and the
// next byte.
inline Merger::Joined Merger::join_at(const unsigned char* bytes, size_t size) const {
  const unsigned lead = bytes[0];
  if (size == 1) return {byte_symbols_[lead], MergeJob::kNoRank, 1};
  const uint32_t pair = byte_pairs_[lead << 8 | bytes[1]];
  if (lead < 0x80) return {byte_symbols_[lead], pair, 1};  // too few are sure for a branch to pay
  if (lead >= 0xE0 && lead < 0xF0 && size >= 3) {
    const bool is_character = (bytes[1] & 0xC0) == 0x80 && (bytes[2] & 0xC0) == 0x80;
    const uint32_t joined = characters_[(lead & 15) << 12 | (bytes[1] & 63u) << 6 | (bytes[2] & 63u)];
    if (is_character && joined != 0) return {joined, MergeJob::kNoRank, 3};
  }
  if ((pair & PairTable::kUnsure) == 0) return {pair, MergeJob::kNoRank, 2};
  return {byte_symbols_[lead], pair, 1};
}

// Fills a job with the symbols that `piece` begins with, at most `symbols_max`; returns how many bytes they have.
size_t Merger::fill_job(std::string_view piece, size_t symbols_max, MergeJob& job) const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(piece.data());
  const size_t size = piece.size();
  size_t lanes = 0;
  const auto clear_lanes = [&](size_t end) {
    std::fill(job.symbols + lanes, job.symbols + end, PairTable::kEdge);
    std::fill(job.ranks + lanes, job.ranks + end, MergeJob::kNoRank);
    lanes = end;
  };
  clear_lanes(MergeJob::lanes_for(0));
  uint32_t n = 0;
  uint64_t unknown = 0;
  bool is_after_byte = false;  // the symbol before is a byte, so the rank of the pair is known
  uint32_t rank = MergeJob::kNoRank;
  size_t i = 0;
  while (i < size && n < symbols_max) {
    const Joined joined = join_at(bytes + i, size - i);
    unknown |= joined.size > 1 || !is_after_byte ? uint64_t{1} << n : 0;  // of the pair (n - 1, n), for now
    if (n > 0) job.ranks[n - 1] = rank;
    job.symbols[n++] = joined.symbol;
    if (n == lanes - 1) [[unlikely]]
      clear_lanes(MergeJob::lanes_for(n + 1));
    is_after_byte = joined.size == 1;
    rank = joined.rank;
    i += joined.size;
  }
  job.unknown = unknown >> 1;
  job.count = n;
  return i;
}

bool Merger::start_job(std::string_view piece, MergeJob& job) const {
  return has_vectors() && fill_job(piece, MergeJob::kSymbolsMax, job) == piece.size();
}

void Merger::run_jobs(MergeJob* jobs, size_t count) const {
#if defined(__x86_64__)
  run_jobs_avx512(pairs_, jobs, count);
  if (ids_.empty()) return;
  for (size_t i = 0; i < count; ++i) {
    for (uint32_t k = 0; k < jobs[i].count; ++k) jobs[i].symbols[k] = ids_[jobs[i].symbols[k]];
  }
#else
  (void)jobs;
  (void)count;
#endif
}

// A pair (A, B) -> C is sure when no merge (X, A) and no merge (B, Y) has a rank below C, provided that every merge has
// a higher rank than the merges that make its parts, as in any trained vocabulary; else no pair is marked.
void Merger::mark_sure_pairs() {
  const size_t count = symbol_bytes_.size();
  std::vector<uint32_t> lowest_as_right(count, kNoSymbol), lowest_as_left(count, kNoSymbol);
  bool comes_in_order = true;
  pairs_.for_each([&](uint32_t left, uint32_t right, uint32_t merged) {
    const auto comes_later = [&](uint32_t part) { return symbol_bytes_[part] == 1 || part < merged; };
    comes_in_order = comes_in_order && comes_later(left) && comes_later(right);
    lowest_as_left[left] = std::min(lowest_as_left[left], merged);
    lowest_as_right[right] = std::min(lowest_as_right[right], merged);
  });
  if (!comes_in_order) return;
  pairs_.mark_sure([&](uint32_t left, uint32_t right, uint32_t merged) {
    return merged < lowest_as_right[left] && merged < lowest_as_left[right];
  });
}

// A token is made by the pair that is left when its own bytes are merged with the pairs of all shorter tokens; when
// more than two symbols are left it is never made by merging. Tokens of one length do not need each other, so many are
// merged together.
void Merger::build_implied(const Vocabulary& vocabulary) {
  const uint32_t count = vocabulary.token_count();
  pairs_.reserve(count);
  symbol_bytes_.resize(count);
  for (uint32_t id = 0; id < count; ++id) symbol_bytes_[id] = static_cast<uint32_t>(vocabulary.token(id).size());
  std::vector<uint32_t> firsts(kTokenBytesMax + 2, 0), by_length(count);
  for (const uint32_t bytes : symbol_bytes_) ++firsts[bytes + 1];
  std::partial_sum(firsts.begin(), firsts.end(), firsts.begin());
  for (uint32_t id = 0; id < count; ++id)
    by_length[firsts[symbol_bytes_[id]]++] = id;  // now firsts[n] is where n + 1 begins
  constexpr size_t kTogether = 64;
  std::vector<MergeJob> jobs(kTogether);
  uint32_t job_ids[kTogether];
  size_t waiting = 0;
  const auto finish = [&] {
    run_jobs(jobs.data(), waiting);
    for (size_t i = 0; i < waiting; ++i) add_token(job_ids[i], jobs[i].symbols, jobs[i].count);
    waiting = 0;
  };
  MergeScratch scratch;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t id = by_length[i];
    const std::string_view token = vocabulary.token(id);
    if (token.size() == 1) byte_symbols_[static_cast<unsigned char>(token[0])] = id;
    if (token.size() < 2) continue;
    if (token.size() == 2) {
      const auto a = static_cast<unsigned char>(token[0]), b = static_cast<unsigned char>(token[1]);
      pairs_.insert(byte_symbols_[a], byte_symbols_[b], id);
      byte_pairs_[size_t{a} << 8 | b] = id | PairTable::kUnsure;
      continue;
    }
    if (i == firsts[token.size() - 1] || waiting == kTogether) finish();
    if (start_job(token, jobs[waiting])) {
      job_ids[waiting++] = id;
    } else {
      const size_t n = merge_span(token, scratch);
      add_token(id, scratch.symbols.data(), n);
    }
  }
  finish();
}

// Takes over what merging the bytes of a token left.
void Merger::add_token(uint32_t id, const uint32_t* symbols, size_t count) {
  if (count == 2) pairs_.insert(symbols[0], symbols[1], id);
}

ExplicitPairs explicit_pairs(const Vocabulary& vocabulary) {
  const std::vector<Vocabulary::Merge>& merges = vocabulary.merges;
  ExplicitPairs out;
  out.superseded.assign(merges.size(), false);
  std::vector<uint32_t> order(merges.size());
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](uint32_t i) { return uint64_t{merges[i].left} << 32 | merges[i].right; };
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return key(a) != key(b) ? key(a) < key(b) : a < b; });
  for (size_t i = 0; i + 1 < order.size(); ++i) out.superseded[order[i]] = key(order[i]) == key(order[i + 1]);
  std::vector<uint64_t> ways(vocabulary.token_count(), 0);  // that lead to a token
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) ways[id] = vocabulary.token(id).size() == 1 ? 1 : 0;
  for (size_t i = 0; i < merges.size(); ++i) ways[merges[i].id] += out.superseded[i] ? 0 : 1;
  for (size_t i = 0; i < merges.size(); ++i) {
    if (!out.superseded[i]) out.count += ways[merges[i].left] * ways[merges[i].right];
  }
  return out;
}

// Symbol b < 256 is byte b, symbol 256 + i is what merge i makes. Two merges may make the same token; a merge that
// names it then applies to both symbols.
void Merger::build_explicit(const Vocabulary& vocabulary) {
  const size_t count = 256 + vocabulary.merges.size();
  const ExplicitPairs explicit_ones = explicit_pairs(vocabulary);
  pairs_.reserve(std::max<size_t>(count, explicit_ones.count));
  ids_.resize(count);
  symbol_bytes_.resize(count, 1);
  std::vector<uint32_t> first(vocabulary.token_count(), kNoSymbol), next(count, kNoSymbol);
  const auto add = [&](uint32_t symbol, uint32_t id) {
    ids_[symbol] = id;
    symbol_bytes_[symbol] = static_cast<uint32_t>(vocabulary.token(id).size());
    next[symbol] = first[id];
    first[id] = symbol;
  };
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    if (vocabulary.token(id).size() == 1) add(static_cast<unsigned char>(vocabulary.token(id)[0]), id);
  }
  for (uint32_t b = 0; b < 256; ++b) byte_symbols_[b] = b;
  for (size_t i = 0; i < vocabulary.merges.size(); ++i) {
    if (!explicit_ones.superseded[i]) add(static_cast<uint32_t>(256 + i), vocabulary.merges[i].id);
  }
  for (size_t i = 0; i < vocabulary.merges.size(); ++i) {
    if (explicit_ones.superseded[i]) continue;
    const auto merged = static_cast<uint32_t>(256 + i);
    for (uint32_t a = first[vocabulary.merges[i].left]; a != kNoSymbol; a = next[a]) {
      for (uint32_t b = first[vocabulary.merges[i].right]; b != kNoSymbol; b = next[b]) {
        pairs_.insert(a, b, merged);
      }
    }
  }
}

void Merger::fill_byte_pairs() {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const uint32_t found = pairs_.find_marked(byte_symbols_[a], byte_symbols_[b]);
      byte_pairs_[a << 8 | b] = found == kNoSymbol ? MergeJob::kNoRank : found;
    }
  }
}

// Finds the characters of three bytes that sure pairs make, whatever is around them.
void Merger::join_characters() {
  characters_.assign(65536, 0);
  const auto sure = [](uint32_t pair) { return (pair & PairTable::kUnsure) == 0; };  // so neither kNoSymbol nor kNoRank
  const auto byte_pair = [&](unsigned a, unsigned b) { return byte_pairs_[a << 8 | b]; };
  for (unsigned first = 0xE0; first < 0xF0; ++first) {
    for (unsigned second = 0x80; second < 0xC0; ++second) {
      const uint32_t left = byte_pair(first, second);
      for (unsigned third = 0x80; third < 0xC0; ++third) {
        uint32_t joined = kNoSymbol;
        if (sure(left)) {
          joined = pairs_.find_marked(left, byte_symbols_[third]);
        } else if (sure(byte_pair(second, third))) {
          joined = pairs_.find_marked(byte_symbols_[first], byte_pair(second, third));
        }
        if (sure(joined)) characters_[(first & 15) << 12 | (second & 63) << 6 | (third & 63)] = joined;
      }
    }
  }
}

// Merges `piece` into scratch.symbols; returns how many symbols. Quadratic in the piece, but fast for short ones: each
// round finds the lowest rank by a scan and closes the gap.
size_t Merger::merge_by_scan(std::string_view piece, MergeScratch& scratch) const {
  const size_t room = std::max<size_t>(piece.size(), 16);
  if (scratch.symbols.size() < room) scratch.symbols.resize(room);
  if (scratch.ranks.size() < room) scratch.ranks.resize(room);
  uint32_t* symbols = scratch.symbols.data();
  size_t n = 0;
  for (size_t i = 0; i < piece.size();) {
    const Joined joined = join_at(reinterpret_cast<const unsigned char*>(piece.data()) + i, piece.size() - i);
    symbols[n++] = joined.symbol;
    i += joined.size;
  }
  uint32_t* ranks = scratch.ranks.data();  // of the pair (i, i + 1); kNoSymbol at the last
  for (size_t i = 0; i + 1 < n; ++i) ranks[i] = pairs_.find(symbols[i], symbols[i + 1]);
  ranks[n - 1] = kNoSymbol;
  while (n > 1) {
    uint32_t best = ranks[0];
    for (size_t i = 1; i + 1 < n; ++i) best = std::min(best, ranks[i]);
    if (best == kNoSymbol) break;
    size_t at = 0;
    while (ranks[at] != best) ++at;
    symbols[at] = best;
    std::memmove(symbols + at + 1, symbols + at + 2, (n - at - 2) * sizeof(uint32_t));
    std::memmove(ranks + at + 1, ranks + at + 2, (n - at - 2) * sizeof(uint32_t));
    --n;
    ranks[at] = at + 1 < n ? pairs_.find(best, symbols[at + 1]) : kNoSymbol;
    if (at > 0) ranks[at - 1] = pairs_.find(symbols[at - 1], best);
  }
  return n;
}

// The same with a heap of (rank, position): O(n log n). Entries that no longer hold are skipped when they come up.
size_t Merger::merge_by_heap(std::string_view piece, MergeScratch& scratch) const {
  const auto* bytes = reinterpret_cast<const unsigned char*>(piece.data());
  const size_t n = piece.size();
  assert(n < UINT32_MAX);
  scratch.symbols.resize(std::max(scratch.symbols.size(), n));
  scratch.ranks.resize(std::max(scratch.ranks.size(), n));
  scratch.next.resize(n);
  scratch.previous.resize(n);
  uint32_t* symbols = scratch.symbols.data();
  uint32_t* ranks = scratch.ranks.data();
  std::vector<uint64_t>& heap = scratch.heap;
  heap.clear();
  const auto push = [&](uint32_t position) {
    if (ranks[position] != kNoSymbol) {
      heap.push_back(uint64_t{ranks[position]} << 32 | position);
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
    }
  };
  for (size_t i = 0; i < n; ++i) {
    symbols[i] = byte_symbols_[bytes[i]];
    ranks[i] = i + 1 < n ? pairs_.find(byte_symbols_[bytes[i]], byte_symbols_[bytes[i + 1]]) : kNoSymbol;
    scratch.next[i] = static_cast<uint32_t>(i + 1);
    scratch.previous[i] = static_cast<uint32_t>(i) - 1;
    if (ranks[i] != kNoSymbol) heap.push_back(uint64_t{ranks[i]} << 32 | i);
  }
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const auto rank = static_cast<uint32_t>(heap.back() >> 32);
    const auto position = static_cast<uint32_t>(heap.back());
    heap.pop_back();
    if (symbols[position] == kNoSymbol || ranks[position] != rank) continue;
    const uint32_t gone = scratch.next[position], after = scratch.next[gone];
    symbols[position] = rank;
    symbols[gone] = kNoSymbol;
    scratch.next[position] = after;
    if (after < n) scratch.previous[after] = position;
    ranks[position] = after < n ? pairs_.find(rank, symbols[after]) : kNoSymbol;
    push(position);
    if (position > 0) {
      const uint32_t before = scratch.previous[position];
      ranks[before] = pairs_.find(symbols[before], rank);
      push(before);
    }
  }
  return static_cast<size_t>(std::remove(symbols, symbols + n, kNoSymbol) - symbols);
}

size_t Merger::merge_span(std::string_view piece, MergeScratch& scratch) const {
  return piece.size() <= kScanBytesMax ? merge_by_scan(piece, scratch) : merge_by_heap(piece, scratch);
}

void Merger::merge(std::string_view piece, MergeScratch& scratch, std::vector<uint32_t>& ids) const {
  if (piece.size() >= kLongBytesMin && merge_long(piece, scratch)) {
    ids.insert(ids.end(), scratch.done.begin(), scratch.done.end());
    if (ids_.empty()) return;
    for (size_t i = ids.size() - scratch.done.size(); i < ids.size(); ++i) ids[i] = ids_[ids[i]];
    return;
  }
  const size_t n = merge_span(piece, scratch);
  for (size_t i = 0; i < n; ++i) ids.push_back(id_of(scratch.symbols[i]));
}

std::vector<Merger::Step> Merger::steps(std::string_view piece) const {
  std::vector<uint32_t> symbols;
  for (const char c : piece) symbols.push_back(byte_symbols_[static_cast<unsigned char>(c)]);
  std::vector<Step> steps;
  while (true) {
    uint32_t best = kNoSymbol;
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const uint32_t rank = pairs_.find(symbols[i], symbols[i + 1]);
      if (rank < best) {
        best = rank;
        at = i;
      }
    }
    if (best == kNoSymbol) return steps;
    steps.push_back({static_cast<uint32_t>(at), id_of(symbols[at]), id_of(symbols[at + 1]), id_of(best)});
    symbols[at] = best;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(at) + 1);
  }
}

}  // namespace ftok
