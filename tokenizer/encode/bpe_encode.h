// The tables of an Encoding, and the hot path: text to cuts to ids.
//
// A text is encoded in blocks: first the cuts of a block (pretoken_cuts.h), then each pretoken is looked up in the
// thread's cache (pretoken_cache.h) and its ids copied; what is not there is made by the token table or by merging, and
// kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/encode/bpe_merge.h"
#include "tokenizer/encode/decode_table.h"
#include "tokenizer/encode/piece_bpe.h"
#include "tokenizer/encode/pretoken_cache.h"
#include "tokenizer/encode/pretoken_lookup.h"
#include "tokenizer/encode/token_table.h"
#include "tokenizer/pretokens/pretoken_cuts.h"
#include "tokenizer/pretokens/special_tokens.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

// `text` as the vocabulary's normalizer has it: in NFC, with the spaces of `pieces`, or as it is.
std::string normalized_text(const Vocabulary& vocabulary, std::string_view text);

// Const after construction, so thread-safe.
struct EncodingTables {
  explicit EncodingTables(Vocabulary loaded);

  Vocabulary vocabulary;
  std::unique_ptr<const PieceBpe> pieces;  // with Vocabulary::pieces: what encodes, instead of tokens, merger, scanner
  TokenTable tokens;
  DecodeTable decode_table;
  Merger merger;
  SpecialFinder specials;             // looked for in the text as it is
  SpecialFinder normalized_specials;  // looked for in what lies between those, once it is normalised
  CutScanner scanner;
  uint32_t n_vocab = 0;
  uint64_t serial = 0;  // tells this encoding from all others of the process
};

// What one thread needs to encode with one encoding: 2 MiB, growing with the distinct pretokens of the texts to at most
// 48 (pretoken_cache.h) and what the longest pretoken needs. Not thread-safe.
class EncodeState {
 public:
  explicit EncodeState(const EncodingTables& tables);

  // The calling thread's own state for `tables`; each thread keeps those of the last few encodings it used.
  static EncodeState& of_thread(const EncodingTables& tables);

  // Writes the ids of `text`, cut by the vocabulary's pattern, to `out`, which has room for text.size() + kSlack of
  // them; returns how many. The end of `text` is the end of the text.
  size_t encode(std::string_view text, uint32_t* out);

  // The same, appended.
  void encode(std::string_view text, std::vector<uint32_t>& ids);

  // The same until `ids` has at least `ids_max` more than before, at the end of a block; returns how many bytes of
  // `text` they stand for.
  size_t encode_some(std::string_view text, size_t ids_max, std::vector<uint32_t>& ids);

  // How many ids `text` has.
  size_t count(std::string_view text);

  // Appends the ids of `piece` as one pretoken, not cached.
  void encode_pretoken(std::string_view piece, std::vector<uint32_t>& ids);

  size_t cache_bytes() const { return cache_.memory_bytes(); }

  // Bytes in which cuts were looked for. For tests.
  uint64_t bytes_cut() const { return bytes_cut_; }

  static constexpr size_t kSlack = PretokenCache::kReadableIds;  // ids that may be written beyond the last

  // Texts of one call are at most this long; longer ones throw Error.
  static constexpr uint64_t kTextBytesMax = UINT32_MAX;

 private:
  static constexpr size_t kCutsMax = 4096;
  static constexpr size_t kLargeBytesMin = 1 << 16;  // pretokens from this size on are encoded alone

  template <typename Take, typename TakeLarge>
  size_t for_each_block(std::string_view text, Take&& take, TakeLarge&& take_large);
  template <typename IsEnough>
  size_t append_blocks(std::string_view text, std::vector<uint32_t>& ids, IsEnough&& is_enough);
  size_t first_large(size_t cuts) const;
  void trim_buffers();
  uint32_t* encode_block(const unsigned char* begin, const unsigned char* end, size_t cuts, uint32_t* out);
  std::span<const uint32_t> block_ids(const unsigned char* begin, const unsigned char* end, size_t cuts);
  void find_repeated();
  void make_holes();
  uint32_t* fill_holes(uint32_t* out);
  bool keep_made();

  const EncodingTables& tables_;
  const VectorLevel level_;
  const PretokenLookup& lookup_;
  PretokenCache cache_;
  MergeScratch scratch_;
  std::vector<uint32_t> cuts_;
  uint64_t bytes_cut_ = 0;
  PretokenBatch batches_[2];
  PretokenHoles holes_;
  uint8_t first_of_[PretokenHoles::kMax];  // for each hole the first of the same pretoken
  std::vector<uint32_t> made_ids_;
  std::vector<MergeJob> jobs_;
  uint8_t job_holes_[PretokenHoles::kMax];
  std::vector<uint32_t> block_ids_;
};

}  // namespace ftok
