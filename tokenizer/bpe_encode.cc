#include "tokenizer/bpe_encode.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ftok {
namespace {

std::atomic<uint64_t> serial_of_next{1};

// Largest stretch of text that is cut at once; cuts are distances of 32 bits.
constexpr size_t kStretchBytesMax = size_t{1} << 31;

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
  primed.store(make_primed_cache(*this).release());
}

EncodingTables::~EncodingTables() { delete primed.load(); }

std::unique_ptr<PretokenCache> make_primed_cache(const EncodingTables& tables) {
  auto cache = std::make_unique<PretokenCache>();
  if (!tables.vocabulary.whole_pretoken_first) return cache;
  // In falling order of id: the most frequent tokens, which have the lowest, stay when a bucket is full.
  for (uint32_t id = tables.vocabulary.token_count(); id-- > 0;) {
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
  if (tables_.vocabulary.whole_pretoken_first && piece.size() <= kTokenBytesMax) {
    const uint32_t id = tables_.tokens.find(piece);
    if (id != kNoToken) {
      ids.push_back(id);
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

// The pretokens between `begin` and `begin` + each of the first `cuts` of cuts_; `end` is where reading must stop.
uint32_t* EncodeState::encode_block(const unsigned char* begin, const unsigned char* end, size_t cuts, uint32_t* out) {
  const auto text = [](const unsigned char* p, size_t size) { return std::string_view(reinterpret_cast<const char*>(p), size); };
  const PretokenCache& cache = *cache_;
  const unsigned char* p = begin;
  const uint32_t* cut = cuts_.data();
  const uint32_t* const cuts_end = cut + cuts;
  for (; cut != cuts_end; ++cut) {
    const unsigned char* const next = begin + *cut;
    const auto size = static_cast<size_t>(next - p);
    if (size > PretokenCache::kShortBytesMax) {
      out = encode_long(text(p, size), out);
      p = next;
      continue;
    }
    PretokenCache::Key key;
    if (end - p >= 16) {
      key = PretokenCache::short_key(p, size);
    } else {
      unsigned char padded[16] = {};
      std::memcpy(padded, p, size);
      key = PretokenCache::short_key(padded, size);
    }
    const PretokenCache::Entry* entry = cache.find(key);
    if (entry == nullptr) {
      out = encode_missing(key, text(p, size), out);
    } else if (const uint32_t n = entry->ids[0] >> 24; n != PretokenCache::kInArena) {
      std::memcpy(out, entry->ids, 4 * sizeof(uint32_t));
      out[0] &= PretokenCache::kIdMask;
      out += n;
    } else {
      const std::span<const uint32_t> ids = cache.arena_ids(*entry, text(p, size));
      if (ids.empty()) {
        out = encode_missing(key, text(p, size), out);
      } else {
        std::memcpy(out, ids.data(), ids.size() * sizeof(uint32_t));
        out += ids.size();
      }
    }
    p = next;
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
