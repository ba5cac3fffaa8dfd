#include "tokenizer/bpe_encode.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ftok {
namespace {

std::atomic<uint64_t> serial_of_next{1};

}  // namespace

EncodingTables::EncodingTables(Vocabulary loaded)
    : vocabulary(std::move(loaded)),
      tokens(vocabulary),
      merger(vocabulary),
      specials(vocabulary.specials),
      scanner(vocabulary.pattern),
      n_vocab(vocabulary.token_count()),
      serial(serial_of_next.fetch_add(1)) {
  for (const SpecialToken& special : vocabulary.specials) n_vocab = std::max(n_vocab, special.id + 1);
  if (vocabulary.whole_pretoken_first) {
    for (const uint32_t id : merger.unmerged()) unmerged.emplace(vocabulary.token(id), id);
  }
  primed.store(make_primed_cache(*this).release());
}

EncodingTables::~EncodingTables() { delete primed.load(); }

std::unique_ptr<PretokenCache> make_primed_cache(const EncodingTables& tables) {
  auto cache = std::make_unique<PretokenCache>();
  if (!tables.vocabulary.whole_pretoken_first) return cache;
  // The most frequent tokens have the lowest ids; in falling order they stay when a bucket is full. More than this many
  // would crowd out what texts really have.
  constexpr uint32_t kPrimedMax = 1 << 16;
  for (uint32_t id = std::min(kPrimedMax, tables.vocabulary.token_count()); id-- > 0;) {
    const std::string_view token = tables.vocabulary.token(id);
    if (token.empty() || token.size() > PretokenCache::kShortBytesMax) continue;
    unsigned char padded[16] = {};
    std::memcpy(padded, token.data(), token.size());
    cache->insert(PretokenCache::short_key(padded, token.size()), token, {&id, 1});
  }
  return cache;
}

EncodeState::EncodeState(const EncodingTables& tables)
    : tables_(tables), level_(vector_level()), cache_(tables.primed.exchange(nullptr)), cuts_(kCutsMax) {
  if (cache_ == nullptr) cache_ = make_primed_cache(tables);
}

EncodeState& EncodeState::of_thread(const EncodingTables& tables) {
  struct Kept {
    uint64_t serial = 0;
    std::unique_ptr<EncodeState> state;
  };
  thread_local std::array<Kept, 4> kept;
  thread_local size_t next = 0;
  for (Kept& one : kept) {
    if (one.serial == tables.serial) return *one.state;
  }
  Kept& replaced = kept[next];
  next = (next + 1) % kept.size();
  replaced.serial = 0;
  replaced.state = std::make_unique<EncodeState>(tables);
  replaced.serial = tables.serial;
  return *replaced.state;
}

void EncodeState::encode_pretoken(std::string_view piece, std::vector<uint32_t>& ids) {
  if (!tables_.unmerged.empty()) {
    const auto found = tables_.unmerged.find(piece);
    if (found != tables_.unmerged.end()) {
      ids.push_back(found->second);
      return;
    }
  }
  tables_.merger.merge(piece, scratch_, ids);
}

// Makes the ids of a pretoken that is not in the cache, and keeps them.
uint32_t* EncodeState::encode_missing(PretokenCache::Key key, std::string_view piece, uint32_t* out) {
  piece_ids_.clear();
  encode_pretoken(piece, piece_ids_);
  cache_->insert(key, piece, piece_ids_);
  std::memcpy(out, piece_ids_.data(), piece_ids_.size() * sizeof(uint32_t));
  return out + piece_ids_.size();
}

// A pretoken of more than 15 bytes.
uint32_t* EncodeState::encode_long(std::string_view piece, uint32_t* out) {
  if (piece.size() > PretokenCache::kLongBytesMax) {
    piece_ids_.clear();
    encode_pretoken(piece, piece_ids_);
    std::memcpy(out, piece_ids_.data(), piece_ids_.size() * sizeof(uint32_t));
    return out + piece_ids_.size();
  }
  const PretokenCache::Key key = PretokenCache::long_key(piece);
  if (const PretokenCache::Entry* entry = cache_->find(key)) {
    const std::span<const uint32_t> ids = cache_->arena_ids(*entry, piece);
    if (!ids.empty()) {
      std::memcpy(out, ids.data(), ids.size() * sizeof(uint32_t));
      return out + ids.size();
    }
  }
  return encode_missing(key, piece, out);
}

// A pretoken that the fast path of encode_block does not take.
uint32_t* EncodeState::encode_slowly(std::string_view piece, uint32_t* out) {
  if (piece.size() > PretokenCache::kShortBytesMax) return encode_long(piece, out);
  unsigned char padded[16] = {};
  std::memcpy(padded, piece.data(), piece.size());
  const PretokenCache::Key key = PretokenCache::short_key(padded, piece.size());
  if (const PretokenCache::Entry* entry = cache_->find(key)) {
    const uint32_t n = entry->ids[0] >> 24;
    if (n != PretokenCache::kInArena) {
      std::memcpy(out, entry->ids, 4 * sizeof(uint32_t));
      out[0] &= PretokenCache::kIdMask;
      return out + n;
    }
    const std::span<const uint32_t> ids = cache_->arena_ids(*entry, piece);
    if (!ids.empty()) {
      std::memcpy(out, ids.data(), ids.size() * sizeof(uint32_t));
      return out + ids.size();
    }
  }
  return encode_missing(key, piece, out);
}

struct EncodeState::Batch {
  static constexpr size_t kSize = 32;
  PretokenCache::Key keys[kSize];
  const PretokenCache::Entry* buckets[kSize];
};

// Makes the short pretokens `first` .. `count` - 1 of a batch that are not in the cache, together, and keeps them. Pretoken k
// ends at cuts[k]; `from` is where pretoken `first` begins.
void EncodeState::make_missing(const unsigned char* begin, const uint32_t* cuts, uint32_t from, const Batch& batch,
                               size_t first, size_t count) {
  MergeJob jobs[Batch::kSize];
  std::string_view pieces[Batch::kSize];
  size_t keys[Batch::kSize];
  size_t n = 0;
  for (size_t k = first; k < count; from = cuts[k], ++k) {
    const std::string_view piece(reinterpret_cast<const char*>(begin + from), cuts[k] - from);
    if (piece.size() > PretokenCache::kShortBytesMax || cache_->find(batch.keys[k]) != nullptr) continue;
    if (!tables_.unmerged.empty() && tables_.unmerged.count(piece) != 0) continue;
    if (!tables_.merger.start_job(piece, jobs[n])) continue;
    pieces[n] = piece;
    keys[n++] = k;
  }
  tables_.merger.run_jobs(jobs, n);
  for (size_t i = 0; i < n; ++i) cache_->insert(batch.keys[keys[i]], pieces[i], {jobs[i].symbols, jobs[i].count});
}

// The pretokens between `begin` and `begin` + each of the first `cuts` of cuts_; `end` is where reading must stop.
// In batches: while the ids of one are copied, the buckets of the next are on their way from memory. Most pretokens are in
// the cache with up to 4 ids, so the loop that copies has one branch that is nearly always the same.
uint32_t* EncodeState::encode_block(const unsigned char* begin, const unsigned char* end, size_t cuts, uint32_t* out) {
  constexpr size_t kBatch = Batch::kSize;
  Batch batches[2];
  const uint32_t* const cut = cuts_.data();
  const PretokenCache& cache = *cache_;
  const auto begin_of = [&](size_t i) { return i == 0 ? 0u : cut[i - 1]; };
  // Keys read 16 bytes: the pretokens that begin in the last 15 of the text are taken one by one.
  const auto readable = static_cast<size_t>(end - begin);
  size_t fast = cuts;
  while (fast > 0 && begin_of(fast - 1) + size_t{16} > readable) --fast;
  const auto prepare = [&](Batch& batch, size_t first) {
    const size_t n = std::min(kBatch, fast - std::min(fast, first));
    uint32_t from = begin_of(first);
    for (size_t k = 0; k < n; ++k) {
      const uint32_t to = cut[first + k];
      batch.keys[k] = PretokenCache::short_key(begin + from, std::min<uint32_t>(to - from, 16));
      batch.buckets[k] = cache.bucket(batch.keys[k]);
      __builtin_prefetch(batch.buckets[k]);
      from = to;
    }
  };
  if (fast > 0) prepare(batches[0], 0);
  for (size_t i = 0; i < fast; i += kBatch) {
    const Batch& batch = batches[i / kBatch % 2];
    if (i + kBatch < fast) prepare(batches[(i / kBatch + 1) % 2], i + kBatch);
    const size_t n = std::min(kBatch, fast - i);
    bool has_made_missing = level_ != VectorLevel::kAvx512;
    for (size_t k = 0; k < n; ++k) {
      const PretokenCache::Entry* entry = PretokenCache::find_in(batch.buckets[k], batch.keys[k]);
      if (entry == nullptr && !has_made_missing) [[unlikely]] {
        make_missing(begin, cut + i, begin_of(i + k), batch, k, n);
        has_made_missing = true;
        entry = PretokenCache::find_in(batch.buckets[k], batch.keys[k]);
      }
      if (entry != nullptr && entry->ids[0] < PretokenCache::kInArena << 24) [[likely]] {
        std::memcpy(out, entry->ids, 4 * sizeof(uint32_t));
        out[0] &= PretokenCache::kIdMask;
        out += entry->ids[0] >> 24;
      } else {
        const uint32_t from = begin_of(i + k);
        out = encode_slowly(std::string_view(reinterpret_cast<const char*>(begin + from), cut[i + k] - from), out);
      }
    }
  }
  for (size_t i = fast; i < cuts; ++i) {
    const uint32_t from = begin_of(i);
    out = encode_slowly(std::string_view(reinterpret_cast<const char*>(begin + from), cut[i] - from), out);
  }
  return out;
}

size_t EncodeState::encode(std::string_view text, uint32_t* out) {
  uint32_t* const first = out;
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  while (begin < end) {
    const size_t cuts = find_cuts(level_, tables_.scanner, begin, end, cuts_.data(), cuts_.size());
    out = encode_block(begin, end, cuts, out);
    begin += cuts_[cuts - 1];
  }
  return static_cast<size_t>(out - first);
}

void EncodeState::encode(std::string_view text, std::vector<uint32_t>& ids) {
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  while (begin < end) {
    const size_t cuts = find_cuts(level_, tables_.scanner, begin, end, cuts_.data(), cuts_.size());
    const size_t bytes = cuts_[cuts - 1];
    if (block_ids_.size() < bytes + kSlack) block_ids_.resize(bytes + kSlack);
    const uint32_t* last = encode_block(begin, end, cuts, block_ids_.data());
    ids.insert(ids.end(), static_cast<const uint32_t*>(block_ids_.data()), last);
    begin += bytes;
  }
  if (block_ids_.size() > (size_t{1} << 22)) std::vector<uint32_t>().swap(block_ids_);
}

size_t EncodeState::count(std::string_view text) {
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  size_t count = 0;
  while (begin < end) {
    const size_t cuts = find_cuts(level_, tables_.scanner, begin, end, cuts_.data(), cuts_.size());
    const size_t bytes = cuts_[cuts - 1];
    if (block_ids_.size() < bytes + kSlack) block_ids_.resize(bytes + kSlack);
    count += static_cast<size_t>(encode_block(begin, end, cuts, block_ids_.data()) - block_ids_.data());
    begin += bytes;
  }
  if (block_ids_.size() > (size_t{1} << 22)) std::vector<uint32_t>().swap(block_ids_);
  return count;
}

}  // namespace ftok
