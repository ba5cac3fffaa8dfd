// The tables of an Encoding, and the hot path: text to cuts to ids.
//
// A text is encoded in blocks: first the cuts of a block (pretoken_cuts.h), then each pretoken is looked up in the thread's
// cache (pretoken_cache.h) and its ids copied; what is not there is made by the token table or by merging, and kept.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/bpe_merge.h"
#include "tokenizer/pretoken_cache.h"
#include "tokenizer/pretoken_cuts.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/token_table.h"
#include "tokenizer/vocabulary.h"

namespace ftok {

// Const after construction, so thread-safe (the primed cache is handed over atomically).
struct EncodingTables {
  explicit EncodingTables(Vocabulary loaded);
  ~EncodingTables();

  Vocabulary vocabulary;
  TokenTable tokens;
  Merger merger;
  SpecialFinder specials;
  CutScanner scanner;
  uint32_t n_vocab = 0;
  std::unordered_map<std::string_view, uint32_t> unmerged;  // tokens that a pretoken may be but merging does not make
  uint64_t serial = 0;  // tells this encoding from all others of the process
  mutable std::atomic<PretokenCache*> primed{nullptr};  // made while loading, for the first thread that encodes
};

// A cache that knows the tokens of the vocabulary that are pretokens of up to 15 bytes.
std::unique_ptr<PretokenCache> make_primed_cache(const EncodingTables& tables);

// What one thread needs to encode with one encoding: about 24 MiB, of which as much is touched as the texts need. Not
// thread-safe.
class EncodeState {
 public:
  explicit EncodeState(const EncodingTables& tables);

  // The calling thread's own state for `tables`; each thread keeps those of the last few encodings it used.
  static EncodeState& of_thread(const EncodingTables& tables);

  // Writes the ids of `text`, cut by the vocabulary's pattern, to `out`, which has room for text.size() + kSlack of them;
  // returns how many. The end of `text` is the end of the text.
  size_t encode(std::string_view text, uint32_t* out);

  // The same, appended.
  void encode(std::string_view text, std::vector<uint32_t>& ids);

  // How many ids `text` has.
  size_t count(std::string_view text);

  // Appends the ids of `piece` as one pretoken, not cached.
  void encode_pretoken(std::string_view piece, std::vector<uint32_t>& ids);

  static constexpr size_t kSlack = 4;  // ids that may be written beyond the last

 private:
  static constexpr size_t kCutsMax = 2048;

  uint32_t* encode_block(const unsigned char* begin, const unsigned char* end, size_t cuts, uint32_t* out);
  struct Batch;
  void make_missing(const unsigned char* begin, const uint32_t* cuts, uint32_t from, const Batch& batch, size_t first,
                    size_t count);
  uint32_t* encode_missing(PretokenCache::Key key, std::string_view piece, uint32_t* out);
  uint32_t* encode_slowly(std::string_view piece, uint32_t* out);
  uint32_t* encode_long(std::string_view piece, uint32_t* out);

  const EncodingTables& tables_;
  const VectorLevel level_;
  std::unique_ptr<PretokenCache> cache_;
  MergeScratch scratch_;
  std::vector<uint32_t> cuts_, piece_ids_;
  std::vector<uint32_t> block_ids_;
};

}  // namespace ftok
