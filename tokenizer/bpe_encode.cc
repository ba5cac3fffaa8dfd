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
      scanner(vocabulary.pattern, vocabulary.own_pattern),
      n_vocab(vocabulary.token_count()),
      serial(serial_of_next.fetch_add(1)) {
  for (const SpecialToken& special : vocabulary.specials) n_vocab = std::max(n_vocab, special.id + 1);
}

EncodeState::EncodeState(const EncodingTables& tables)
    : tables_(tables), level_(vector_level()), lookup_(PretokenLookup::of(level_)), cuts_(kCutsMax), batches_(kWaitingMax + 1) {}

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

void EncodeState::run_jobs() {
  tables_.merger.run_jobs(jobs_.data(), jobs_.size());
  for (size_t i = 0; i < jobs_.size(); ++i) {
    made_.push_back({job_pretokens_[i], made_ids_.size(), jobs_[i].count});
    made_ids_.insert(made_ids_.end(), jobs_[i].symbols, jobs_[i].symbols + jobs_[i].count);
  }
}

// Makes the ids of what find() did not find: as tokens, or by merging, the short ones together.
void EncodeState::make_missing() {
  made_.clear();
  made_ids_.clear();
  jobs_.clear();
  job_pretokens_.clear();
  for (const Missing& one : missing_) tables_.tokens.prefetch(one.key());
  for (const Missing& one : missing_) tables_.tokens.prefetch_bytes(one.key());
  for (const Missing& one : missing_) {
    const std::string_view piece = one.piece();
    const size_t first = made_ids_.size();
    if (tables_.vocabulary.whole_pretoken_first) {
      const bool has_whole_key = piece.size() <= PretokenCache::kBytesMax;
      const uint32_t id = has_whole_key ? tables_.tokens.find(piece, one.key()) : tables_.tokens.find(piece);
      if (id != kNoToken) {
        made_ids_.push_back(id);
        made_.push_back({one, first, 1});
        continue;
      }
    }
    jobs_.emplace_back();
    if (tables_.merger.start_job(piece, jobs_.back())) {
      job_pretokens_.push_back(one);
    } else {
      jobs_.pop_back();
      tables_.merger.merge(piece, scratch_, made_ids_);
      made_.push_back({one, first, made_ids_.size() - first});
    }
  }
  run_jobs();
  made_ids_.resize(made_ids_.size() + PretokenCache::kReadableIds);
  for (const Made& made : made_) {
    const uint32_t*& ids = made.missing.batch->ids[made.missing.pretoken];
    ids = made_ids_.data() + made.place;
    if (made.count <= PretokenCache::kIdsMax) {
      made_ids_[made.place] |= static_cast<uint32_t>(made.count) << 24;
    } else {
      has_large_ = true;
      ids = nullptr;
    }
  }
}

// Puts what was made into the cache; true when its table moved.
bool EncodeState::keep_made() {
  bool has_moved = false;
  for (const Made& made : made_) {
    const std::string_view piece = made.missing.piece();
    if (piece.size() > PretokenCache::kBytesMax || made.count > PretokenCache::kIdsMax) continue;
    has_moved |= cache_.insert(made.missing.key(), piece, {made_ids_.data() + made.place, made.count});
  }
  return has_moved;
}

const EncodeState::Made* EncodeState::find_large(const PretokenBatch& batch, size_t pretoken) const {
  return &*std::find_if(made_.begin(), made_.end(), [&](const Made& made) {
    return made.missing.batch == &batch && made.missing.pretoken == pretoken;
  });
}

uint32_t* EncodeState::copy(const PretokenBatch& batch, uint32_t* out) const {
  if (!has_large_) [[likely]] return lookup_.copy(batch, out);
  for (size_t k = batch.taken; k < batch.count; ++k) {
    const uint32_t* ids = batch.ids[k];
    size_t n = 0;
    if (ids != nullptr) {
      n = ids[0] >> 24;
    } else {
      const Made* made = find_large(batch, k);
      ids = made_ids_.data() + made->place;
      n = made->count;
    }
    std::memcpy(out, ids, n * sizeof(uint32_t));
    out[0] &= PretokenCache::kIdMask;
    out += n;
  }
  return out;
}

// Writes the ids of the pretokens between `begin` and `begin` + each of the first `cuts` of cuts_ to `out`; returns the end. While
// one batch is looked up, the lines of the cache for the next are on their way from memory. A batch that misses something
// waits, with those behind it, until some more is missing, so that much is made together.
uint32_t* EncodeState::encode_block(const unsigned char* begin, const unsigned char* end, size_t cuts, uint32_t* out) {
  const uint32_t* const cut = cuts_.data();
  const size_t count = (cuts + PretokenBatch::kSize - 1) / PretokenBatch::kSize;
  // Keys read 16 bytes, but not beyond the end of the text.
  size_t all_readable = cuts;
  while (all_readable > 0 && end - begin < static_cast<ptrdiff_t>(cut[all_readable - 1]) + 16) --all_readable;
  const auto readable = [&](size_t i) {
    const size_t first = i * PretokenBatch::kSize;
    return std::min(PretokenBatch::kSize, all_readable - std::min(first, all_readable));
  };
  const auto start = [&](size_t i, size_t slot) {
    const size_t first = i * PretokenBatch::kSize;
    batches_[slot].start(begin, first == 0 ? begin : begin + cut[first - 1], cut + first,
                         std::min(PretokenBatch::kSize, cuts - first));
  };
  size_t waiting[kWaitingMax], waiting_count = 0;  // slots of batches_, in order
  uint64_t waiting_slots = 0;
  size_t slot = 0, next_slot = 0;
  start(0, 0);
  lookup_.prepare(cache_.view(), batches_[0], readable(0));
  for (size_t i = 0; i < count; ++i, slot = next_slot) {
    // The first that is free: two slots in turn, as long as nothing waits.
    next_slot = static_cast<size_t>(__builtin_ctzll(~(waiting_slots | uint64_t{1} << slot)));
    const bool has_next = i + 1 < count;
    PretokenBatch &batch = batches_[slot], &next = batches_[next_slot];
    if (has_next) start(i + 1, next_slot);
    const size_t next_readable = has_next ? readable(i + 1) : 0;
    if (waiting_count == 0) out = lookup_.take(cache_.view(), batch, next, next_readable, out);
    if (has_next) lookup_.prepare(cache_.view(), next, next_readable);
    if (batch.taken == batch.count) [[likely]] continue;
    lookup_.find(cache_.view(), batch);
    if (batch.missing_count == 0 && waiting_count == 0) {
      out = lookup_.copy(batch, out);
      continue;
    }
    for (size_t m = 0; m < batch.missing_count; ++m) missing_.push_back({&batch, batch.missing[m]});
    waiting[waiting_count++] = slot;
    waiting_slots |= uint64_t{1} << slot;
    if (has_next && waiting_count < kWaitingMax && missing_.size() < kMissingMax) continue;
    make_missing();
    for (size_t k = 0; k < waiting_count; ++k) out = copy(batches_[waiting[k]], out);
    if (keep_made() && has_next) {
      start(i + 1, next_slot);
      lookup_.prepare(cache_.view(), next, next_readable);
    }
    missing_.clear();
    has_large_ = false;
    waiting_count = 0;
    waiting_slots = 0;
  }
  return out;
}

// Cuts `text` block by block and calls take(begin, end of the text, cuts) for each, but take_large(piece) for large pretokens, until
// one of them returns false; returns how many bytes that was.
template <typename Take, typename TakeLarge>
size_t EncodeState::for_each_block(std::string_view text, Take&& take, TakeLarge&& take_large) {
  if (text.size() > kTextBytesMax) {
    throw Error(fmt::format("a text of {} bytes: at most {} can be encoded in one call", text.size(), kTextBytesMax));
  }
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  bool goes_on = true;
  while (begin < end && goes_on) {
    size_t cuts = find_cuts(level_, tables_.scanner, begin, end, cuts_.data(), cuts_.size());
    const unsigned char* const from = begin;
    if (cuts_[0] >= kLargeBytesMin) {
      begin += cuts_[0];
      goes_on = take_large({reinterpret_cast<const char*>(from), static_cast<size_t>(begin - from)});
    } else {
      if (cuts_[cuts - 1] >= kLargeBytesMin) cuts = first_large(cuts);
      begin += cuts_[cuts - 1];
      goes_on = take(from, end, cuts);
    }
  }
  scratch_.shrink(kKeptWordsMax);
  return static_cast<size_t>(begin - reinterpret_cast<const unsigned char*>(text.data()));
}

// How many of the cuts come before the first large pretoken.
size_t EncodeState::first_large(size_t cuts) const {
  for (size_t i = 1; i < cuts; ++i) {
    if (cuts_[i] - cuts_[i - 1] >= kLargeBytesMin) return i;
  }
  return cuts;
}

size_t EncodeState::encode(std::string_view text, uint32_t* out) {
  uint32_t* const first = out;
  for_each_block(
      text,
      [&](const unsigned char* begin, const unsigned char* end, size_t cuts) {
        out = encode_block(begin, end, cuts, out);
        return true;
      },
      [&](std::string_view piece) {
        std::vector<uint32_t> ids;
        encode_pretoken(piece, ids);
        out = std::copy(ids.begin(), ids.end(), out);
        return true;
      });
  return static_cast<size_t>(out - first);
}

// The ids of a block, in block_ids_.
std::span<const uint32_t> EncodeState::block_ids(const unsigned char* begin, const unsigned char* end, size_t cuts) {
  const size_t room = cuts_[cuts - 1] + kSlack;
  if (block_ids_.size() < room) block_ids_.resize(room);
  return {block_ids_.data(), encode_block(begin, end, cuts, block_ids_.data())};
}

// Appends the ids of blocks until is_enough(); returns how many bytes of the text they stand for.
template <typename IsEnough>
size_t EncodeState::append_blocks(std::string_view text, std::vector<uint32_t>& ids, IsEnough&& is_enough) {
  const size_t bytes = for_each_block(
      text,
      [&](const unsigned char* begin, const unsigned char* end, size_t cuts) {
        const std::span<const uint32_t> made = block_ids(begin, end, cuts);
        ids.insert(ids.end(), made.begin(), made.end());
        return !is_enough(cuts_[cuts - 1]);
      },
      [&](std::string_view piece) {
        encode_pretoken(piece, ids);
        return !is_enough(piece.size());
      });
  trim_buffers();
  return bytes;
}

void EncodeState::encode(std::string_view text, std::vector<uint32_t>& ids) {
  append_blocks(text, ids, [](size_t) { return false; });
}

size_t EncodeState::encode_some(std::string_view text, size_t ids_max, std::vector<uint32_t>& ids) {
  const size_t before = ids.size();
  return append_blocks(text, ids, [&](size_t) { return ids.size() - before >= ids_max; });
}

void EncodeState::encode_blocks(std::string_view text, std::vector<uint32_t>& ids, std::vector<Block>& blocks) {
  const size_t before = ids.size();
  size_t done = 0;
  append_blocks(text, ids, [&](size_t bytes) {
    done += bytes;
    blocks.push_back({done, ids.size() - before});
    return false;
  });
}

size_t EncodeState::count(std::string_view text) {
  size_t total = 0;
  std::vector<uint32_t> ids;
  for_each_block(
      text,
      [&](const unsigned char* begin, const unsigned char* end, size_t cuts) {
        total += block_ids(begin, end, cuts).size();
        return true;
      },
      [&](std::string_view piece) {
        ids.clear();
        encode_pretoken(piece, ids);
        total += ids.size();
        return true;
      });
  trim_buffers();
  return total;
}

// Gives back what only unusual texts need.
void EncodeState::trim_buffers() {
  if (block_ids_.size() > kKeptWordsMax) std::vector<uint32_t>().swap(block_ids_);
  if (made_ids_.capacity() > kKeptWordsMax) std::vector<uint32_t>().swap(made_ids_);
}

}  // namespace ftok
