#include "tokenizer/bpe_encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "core/error.h"

namespace ftok {
namespace {

std::atomic<uint64_t> serial_of_next{1};

// Buffers beyond this are given back after use.
constexpr size_t kKeptWordsMax = size_t{1} << 22;

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
}

EncodeState::EncodeState(const EncodingTables& tables)
    : tables_(tables), level_(vector_level()), lookup_(PretokenLookup::of(level_)), cuts_(kCutsMax) {}

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
  if (tables_.vocabulary.whole_pretoken_first) {
    const uint32_t id = tables_.tokens.find(piece);
    if (id != kNoToken) {
      ids.push_back(id);
      return;
    }
  }
  tables_.merger.merge(piece, scratch_, ids);
}

// The ids from `first` on in made_ids_ are those of a pretoken of the batch.
void EncodeState::add_made(size_t first, uint8_t pretoken) {
  made_.push_back({first, made_ids_.size() - first, pretoken});
}

void EncodeState::run_jobs() {
  tables_.merger.run_jobs(jobs_.data(), jobs_.size());
  for (size_t i = 0; i < jobs_.size(); ++i) {
    const size_t first = made_ids_.size();
    made_ids_.insert(made_ids_.end(), jobs_[i].symbols, jobs_[i].symbols + jobs_[i].count);
    add_made(first, job_pretokens_[i]);
  }
}

// Makes the ids of what find() did not find: as tokens, or by merging, the short ones together.
void EncodeState::make_missing(PretokenBatch& batch) {
  made_.clear();
  made_ids_.clear();
  jobs_.clear();
  job_pretokens_.clear();
  has_large_ = false;
  for (size_t i = 0; i < batch.missing_count; ++i) tables_.tokens.prefetch(batch.keys[batch.missing[i]]);
  for (size_t i = 0; i < batch.missing_count; ++i) {
    const uint8_t k = batch.missing[i];
    const PretokenKey key = batch.keys[k];
    const std::string_view piece = batch.piece(k);
    const size_t first = made_ids_.size();
    const bool has_whole_key = piece.size() <= PretokenCache::kBytesMax;
    if (tables_.vocabulary.whole_pretoken_first) {
      const uint32_t id = has_whole_key ? tables_.tokens.find(piece, key) : tables_.tokens.find(piece);
      if (id != kNoToken) {
        made_ids_.push_back(id);
        add_made(first, k);
        continue;
      }
    }
    jobs_.emplace_back();
    if (tables_.merger.start_job(piece, jobs_.back())) {
      job_pretokens_.push_back(k);
    } else {
      jobs_.pop_back();
      tables_.merger.merge(piece, scratch_, made_ids_);
      add_made(first, k);
    }
  }
  run_jobs();
  made_ids_.resize(made_ids_.size() + PretokenCache::kReadableIds);
  for (const Made& made : made_) {
    batch.ids[made.pretoken] = made_ids_.data() + made.place;
    if (made.count <= PretokenCache::kIdsMax) {
      made_ids_[made.place] |= static_cast<uint32_t>(made.count) << 24;
    } else {
      has_large_ = true;
      batch.ids[made.pretoken] = nullptr;
    }
  }
}

// Puts what was made into the cache; true when its table moved.
bool EncodeState::keep_made(const PretokenBatch& batch) {
  bool has_moved = false;
  for (const Made& made : made_) {
    const std::string_view piece = batch.piece(made.pretoken);
    if (piece.size() > PretokenCache::kBytesMax || made.count > PretokenCache::kIdsMax) continue;
    has_moved |= cache_.insert(batch.keys[made.pretoken], piece, {made_ids_.data() + made.place, made.count});
  }
  return has_moved;
}

// PretokenLookup::copy for a batch in which some pretoken has more ids than a tag can tell.
uint32_t* EncodeState::copy_with_large(const PretokenBatch& batch, uint32_t* out) const {
  for (size_t k = 0; k < batch.count; ++k) {
    const uint32_t* ids = batch.ids[k];
    size_t n = 0;
    if (ids != nullptr) {
      n = ids[0] >> 24;
    } else {
      const auto made = std::find_if(made_.begin(), made_.end(), [&](const Made& m) { return m.pretoken == k; });
      ids = made_ids_.data() + made->place;
      n = made->count;
    }
    std::memcpy(out, ids, n * sizeof(uint32_t));
    out[0] &= PretokenCache::kIdMask;
    out += n;
  }
  return out;
}

// Looks up the pretokens between `begin` and `begin` + each of the first `cuts` of cuts_, and calls `take` for each batch.
// While one batch is taken, the lines of the cache for the next are on their way from memory.
template <typename Take>
void EncodeState::look_up_block(const unsigned char* begin, const unsigned char* end, size_t cuts, Take&& take) {
  PretokenBatch batches[2];
  const uint32_t* const cut = cuts_.data();
  const auto prepare = [&](size_t first, PretokenBatch& batch) {
    lookup_.prepare(cache_.view(), begin, first == 0 ? begin : begin + cut[first - 1], end, cut + first,
                    std::min(PretokenBatch::kSize, cuts - first), batch);
  };
  prepare(0, batches[0]);
  for (size_t i = 0, turn = 0; i < cuts; i += PretokenBatch::kSize, turn ^= 1) {
    PretokenBatch& batch = batches[turn];
    const size_t next = i + PretokenBatch::kSize;
    if (next < cuts) prepare(next, batches[turn ^ 1]);
    lookup_.find(cache_.view(), batch);
    if (batch.missing_count == 0) [[likely]] {
      take(batch, false);
      continue;
    }
    make_missing(batch);
    take(batch, has_large_);
    if (keep_made(batch) && next < cuts) prepare(next, batches[turn ^ 1]);
  }
}

// Cuts `text` block by block and calls take(begin, end of the text, cuts) for each.
template <typename Take>
void EncodeState::for_each_block(std::string_view text, Take&& take) {
  if (text.size() > kTextBytesMax) {
    throw Error(fmt::format("a text of {} bytes: at most {} can be encoded in one call", text.size(), kTextBytesMax));
  }
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  while (begin < end) {
    const size_t cuts = find_cuts(level_, tables_.scanner, begin, end, cuts_.data(), cuts_.size());
    take(begin, end, cuts);
    begin += cuts_[cuts - 1];
  }
  if (block_ids_.size() > kKeptWordsMax) std::vector<uint32_t>().swap(block_ids_);
  if (made_ids_.capacity() > kKeptWordsMax) std::vector<uint32_t>().swap(made_ids_);
  scratch_.shrink(kKeptWordsMax);
}

size_t EncodeState::encode(std::string_view text, uint32_t* out) {
  uint32_t* const first = out;
  for_each_block(text, [&](const unsigned char* begin, const unsigned char* end, size_t cuts) {
    look_up_block(begin, end, cuts, [&](const PretokenBatch& batch, bool has_large) {
      out = has_large ? copy_with_large(batch, out) : lookup_.copy(batch, out);
    });
  });
  return static_cast<size_t>(out - first);
}

// Room for the ids of a block of `bytes` bytes.
uint32_t* EncodeState::block_room(size_t bytes) {
  if (block_ids_.size() < bytes + kSlack) block_ids_.resize(bytes + kSlack);
  return block_ids_.data();
}

void EncodeState::encode(std::string_view text, std::vector<uint32_t>& ids) {
  for_each_block(text, [&](const unsigned char* begin, const unsigned char* end, size_t cuts) {
    uint32_t* const first = block_room(cuts_[cuts - 1]);
    uint32_t* out = first;
    look_up_block(begin, end, cuts, [&](const PretokenBatch& batch, bool has_large) {
      out = has_large ? copy_with_large(batch, out) : lookup_.copy(batch, out);
    });
    ids.insert(ids.end(), first, out);
  });
}

size_t EncodeState::count(std::string_view text) {
  size_t count = 0;
  for_each_block(text, [&](const unsigned char* begin, const unsigned char* end, size_t cuts) {
    look_up_block(begin, end, cuts, [&](const PretokenBatch& batch, bool has_large) {
      count += has_large ? static_cast<size_t>(copy_with_large(batch, block_room(cuts_[cuts - 1])) - block_ids_.data())
                         : lookup_.count(batch);
    });
  });
  return count;
}

}  // namespace ftok
