#include "tokenizer/encode/bpe_encode.h"

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "core/error.h"
#include "text/unicode.h"
#include "tokenizer/piece_form.h"

namespace ftok {
namespace {

std::atomic<uint64_t> serial_of_next{1};

// Buffers beyond this are given back after use.
constexpr size_t kKeptWordsMax = size_t{1} << 22;

// The added tokens that are looked for before normalisation, or after it; the latter's texts are normalised too.
std::vector<SpecialToken> looked_for(const Vocabulary& vocabulary, bool normalized) {
  std::vector<SpecialToken> out;
  for (const SpecialToken& special : vocabulary.specials) {
    if (special.normalized != normalized) continue;
    out.push_back(special);
    if (normalized) out.back().text = normalized_text(vocabulary, special.text);
  }
  return out;
}

// One that has each byte: what the byte-level tables are made of where they encode nothing.
const Vocabulary& bytes_alone() {
  static const Vocabulary vocabulary = [] {
    Vocabulary made;
    for (int b = 0; b < 256; ++b) {
      made.bytes.push_back(static_cast<char>(b));
      made.offsets.push_back(static_cast<uint32_t>(made.bytes.size()));
    }
    return made;
  }();
  return vocabulary;
}

const Vocabulary& byte_level(const Vocabulary& vocabulary) {
  return vocabulary.pieces != nullptr ? bytes_alone() : vocabulary;
}

}  // namespace

std::string normalized_text(const Vocabulary& vocabulary, std::string_view text) {
  if (vocabulary.pieces != nullptr && vocabulary.pieces->is_normalizer) return spaced(*vocabulary.pieces, text, true);
  if (!vocabulary.normalize_nfc || !is_valid_utf8(text)) return std::string(text);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  if (U_SUCCESS(status)) {
    nfc->normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink, nullptr, status);
  }
  if (U_FAILURE(status)) throw Error(fmt::format("cannot normalise text: {}", u_errorName(status)));
  return out;
}

EncodingTables::EncodingTables(Vocabulary loaded)
    : vocabulary(std::move(loaded)),
      pieces(vocabulary.pieces != nullptr ? std::make_unique<const PieceBpe>(vocabulary) : nullptr),
      tokens(byte_level(vocabulary)),
      decode_table(vocabulary),
      merger(byte_level(vocabulary)),
      specials(looked_for(vocabulary, false)),
      normalized_specials(looked_for(vocabulary, true)),
      scanner(vocabulary.pattern, vocabulary.own_pattern),
      n_vocab(vocabulary.token_count()),
      serial(serial_of_next.fetch_add(1)) {
  for (const SpecialToken& special : vocabulary.specials) n_vocab = std::max(n_vocab, special.id + 1);
}

EncodeState::EncodeState(const EncodingTables& tables)
    : tables_(tables),
      level_(vector_level()),
      lookup_(PretokenLookup::of(level_)),
      cuts_(kCutsMax),
      jobs_(PretokenHoles::kMax) {}

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

// Texts repeat their new words soon: of holes that are the same pretoken only the first is made.
void EncodeState::find_repeated() {
  constexpr size_t kSlots = 512;
  static_assert(PretokenHoles::kMax < 255);
  uint8_t slots[kSlots] = {};  // of holes, plus one
  for (size_t i = 0; i < holes_.count; ++i) {
    const PretokenHole& hole = holes_.holes[i];
    size_t slot = hole.key.hash() % kSlots;
    const auto is_same = [&](const PretokenHole& other) {
      return other.key == hole.key && (!hole.key.is_long() || other.piece() == hole.piece());
    };
    cache_.prefetch_other(hole.key);
    while (slots[slot] != 0 && !is_same(holes_.holes[slots[slot] - 1])) slot = (slot + 1) % kSlots;
    if (slots[slot] == 0) slots[slot] = static_cast<uint8_t>(i + 1);
    first_of_[i] = slots[slot] - 1;
  }
}

// Makes the ids of the holes: as tokens, or by merging, the short ones together.
void EncodeState::make_holes() {
  find_repeated();
  made_ids_.clear();
  size_t jobs = 0;
  const TokenTable& tokens = tables_.tokens;
  uint8_t candidates[PretokenHoles::kMax];  // that are perhaps tokens
  size_t candidate_count = 0;
  for (size_t i = 0; tables_.vocabulary.whole_pretoken_first && i < holes_.count; ++i) {
    const PretokenHole& hole = holes_.holes[i];
    const bool has_whole_key = hole.size <= PretokenCache::kBytesMax;
    candidates[candidate_count] = static_cast<uint8_t>(i);
    candidate_count += first_of_[i] == i && (!has_whole_key || tokens.may_find(hole.key)) ? 1 : 0;
  }
  for (size_t c = 0; c < candidate_count; ++c) tokens.prefetch(holes_.holes[candidates[c]].key);
  for (size_t c = 0; c < candidate_count; ++c) tokens.prefetch_bytes(holes_.holes[candidates[c]].key);
  for (size_t c = 0; c < candidate_count; ++c) {
    PretokenHole& hole = holes_.holes[candidates[c]];
    const bool has_whole_key = hole.size <= PretokenCache::kBytesMax;
    const uint32_t id = has_whole_key ? tokens.find(hole.piece(), hole.key) : tokens.find(hole.piece());
    if (id == kNoToken) continue;
    hole.place = static_cast<uint32_t>(made_ids_.size());
    hole.count = 1;
    made_ids_.push_back(id);
  }
  for (size_t i = 0; i < holes_.count; ++i) {
    PretokenHole& hole = holes_.holes[i];
    if (first_of_[i] != i || hole.count != 0) continue;
    const std::string_view piece = hole.piece();
    if (tables_.merger.start_job(piece, jobs_[jobs])) {
      job_holes_[jobs++] = static_cast<uint8_t>(i);
    } else {
      hole.place = static_cast<uint32_t>(made_ids_.size());
      tables_.merger.merge(piece, scratch_, made_ids_);
      hole.count = static_cast<uint32_t>(made_ids_.size()) - hole.place;
    }
  }
  tables_.merger.run_jobs(jobs_.data(), jobs);
  for (size_t j = 0; j < jobs; ++j) {
    PretokenHole& hole = holes_.holes[job_holes_[j]];
    hole.place = static_cast<uint32_t>(made_ids_.size());
    hole.count = jobs_[j].count;
    made_ids_.insert(made_ids_.end(), jobs_[j].symbols, jobs_[j].symbols + jobs_[j].count);
  }
}

// Makes what is missing before `out` and puts it in its places; returns the new end. What lies behind a hole moves,
// once, the last first.
uint32_t* EncodeState::fill_holes(uint32_t* out) {
  make_holes();
  size_t total = 0;
  for (size_t i = 0; i < holes_.count; ++i) total += holes_.holes[first_of_[i]].count;
  uint32_t* from = out;
  uint32_t* to = out + total;
  for (size_t i = holes_.count; i-- > 0;) {
    const PretokenHole& made = holes_.holes[first_of_[i]];
    uint32_t* const begin = holes_.holes[i].at;
    to -= from - begin;
    std::memmove(to, begin, static_cast<size_t>(from - begin) * sizeof(uint32_t));
    to -= made.count;
    std::copy_n(made_ids_.data() + made.place, made.count, to);
    from = begin;
  }
  return out + total;
}

// Puts what was made into the cache; true when its table moved.
bool EncodeState::keep_made() {
  bool has_moved = false;
  for (size_t i = 0; i < holes_.count; ++i) {
    const PretokenHole& hole = holes_.holes[i];
    if (first_of_[i] != i || hole.size > PretokenCache::kBytesMax || hole.count > PretokenCache::kIdsMax) continue;
    has_moved |= cache_.insert(hole.key, hole.piece(), {made_ids_.data() + hole.place, hole.count});
  }
  return has_moved;
}

// Writes the ids of the pretokens between `begin` and `begin` + each of the first `cuts` of cuts_ to `out`; returns the
// end. While one batch is looked up, the lines of the cache for the next are on their way from memory. Holes are filled
// when there are enough, so that much is made together.
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
  const auto start = [&](size_t i) {
    const size_t first = i * PretokenBatch::kSize;
    batches_[i % 2].start(begin, first == 0 ? begin : begin + cut[first - 1], cut + first,
                          std::min(PretokenBatch::kSize, cuts - first));
  };
  holes_.count = 0;
  start(0);
  lookup_.prepare(cache_.view(), batches_[0], readable(0));
  for (size_t i = 0; i < count; ++i) {
    const bool has_next = i + 1 < count;
    PretokenBatch& next = batches_[(i + 1) % 2];
    const size_t next_readable = has_next ? readable(i + 1) : 0;
    if (has_next) start(i + 1);
    out = lookup_.take(cache_.view(), batches_[i % 2], next, next_readable, holes_, out);
    if (has_next) lookup_.prepare(cache_.view(), next, next_readable);
    if (holes_.count == 0 || (has_next && holes_.count < PretokenHoles::kFull)) [[likely]]
      continue;
    out = fill_holes(out);
    if (keep_made() && has_next) {
      start(i + 1);
      lookup_.prepare(cache_.view(), next, next_readable);
    }
    holes_.count = 0;
  }
  return out;
}

// Cuts `text` block by block and calls take(begin, end of the text, cuts) for each, but take_large(piece) for large
// pretokens, until one of them returns false; returns how many bytes that was. Cuts beyond a large pretoken are kept:
// where large and small ones alternate, each is looked for once.
template <typename Take, typename TakeLarge>
size_t EncodeState::for_each_block(std::string_view text, Take&& take, TakeLarge&& take_large) {
  if (text.size() > kTextBytesMax) {
    throw Error(fmt::format("a text of {} bytes: at most {} can be encoded per call", text.size(), kTextBytesMax));
  }
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  size_t cuts = 0;  // known from `begin` on
  bool goes_on = true;
  while (begin < end && goes_on) {
    if (cuts == 0) {
      cuts = find_cuts(level_, tables_.scanner, begin, end, cuts_.data(), cuts_.size());
      bytes_cut_ += cuts_[cuts - 1];
    }
    const bool is_large = cuts_[0] >= kLargeBytesMin;
    const size_t taken = is_large ? 1 : cuts_[cuts - 1] >= kLargeBytesMin ? first_large(cuts) : cuts;
    const uint32_t size = cuts_[taken - 1];
    goes_on = is_large ? take_large({reinterpret_cast<const char*>(begin), size_t{size}}) : take(begin, end, taken);
    begin += size;
    cuts -= taken;
    for (size_t i = 0; i < cuts; ++i) cuts_[i] = cuts_[i + taken] - size;
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
        return !is_enough();
      },
      [&](std::string_view piece) {
        encode_pretoken(piece, ids);
        return !is_enough();
      });
  trim_buffers();
  return bytes;
}

void EncodeState::encode(std::string_view text, std::vector<uint32_t>& ids) {
  append_blocks(text, ids, [] { return false; });
}

size_t EncodeState::encode_some(std::string_view text, size_t ids_max, std::vector<uint32_t>& ids) {
  const size_t before = ids.size();
  return append_blocks(text, ids, [&] { return ids.size() - before >= ids_max; });
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
