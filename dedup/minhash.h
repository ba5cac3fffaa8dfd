// MinHash (Broder 1997) in buckets ("bands"): two documents whose shingle sets have Jaccard similarity j share a bucket
// with probability 1 - (1 - j^hashes)^buckets.
//
// Hash i of a shingle x is (a_i x + b_i) mod 2^64, and with FineWeb's compatible hashing that value mod 2^61 - 1
// (datatrove's minhash.py; the wrap at 2^64 comes from its use of unsigned 64-bit arrays). The a_i and b_i are NumPy's:
// RandomState(seed) draws all a in [1, 2^61 - 1), then all b in [0, 2^61 - 1); without compatibility a_i is made odd
// and spread over 64 bits. A document's signature is the least value of each hash over its shingles; a bucket key is a
// 64-bit hash of 8 of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "core/vector_level.h"
#include "dedup/keys.h"
#include "dedup/shingle.h"
#include "document/stage.h"

namespace ftok {

struct MinHashParameters {
  size_t buckets = 14;           // FineWeb, section 3.4
  size_t hashes_per_bucket = 8;  // the same
  uint32_t seed = 1;             // datatrove's default
  bool fineweb = false;          // values mod 2^61 - 1, as FineWeb's

  size_t hashes() const { return buckets * hashes_per_bucket; }
};

// Computes signatures and bucket keys. Const, thread-safe.
class MinHash {
 public:
  // `level` is at most vector_level(); every level gives the same bits.
  explicit MinHash(const MinHashParameters& parameters, VectorLevel level = vector_level());

  const MinHashParameters& parameters() const { return parameters_; }
  VectorLevel level() const { return level_; }

  // Replaces `signature` with hashes() values; all are 2^64 - 1 when there is no shingle.
  void signature(std::span<const uint64_t> shingles, std::vector<uint64_t>& signature) const;

  // The key of each bucket of a signature, never 0; keys.size() == buckets. Which bucket it is goes into the key.
  void bucket_keys(std::span<const uint64_t> signature, std::span<uint64_t> keys) const;

  // a_i and b_i as they are used, for tests.
  std::span<const uint64_t> multipliers() const { return {multipliers_.data(), parameters_.hashes()}; }
  std::span<const uint64_t> addends() const { return {addends_.data(), parameters_.hashes()}; }

 private:
  MinHashParameters parameters_;
  VectorLevel level_;
  std::vector<uint64_t> multipliers_, addends_;  // padded to a whole number of vectors
};

struct MinHashOptions {
  int64_t ngram_words = 5;
  int64_t buckets = 14;
  int64_t hashes_per_bucket = 8;
  int64_t seed = 1;
  std::string hash = "xxhash";
  std::string punctuation = "delete";
  std::string words = "nltk";
  std::string unspaced = "characters";
  bool keep_signature = false;

  static MinHashOptions head() {
    MinHashOptions options;
    options.punctuation = "space";
    options.words = "spacy";
    return options;
  }

  void visit(OptionVisitor& visitor);
  bool operator==(const MinHashOptions&) const = default;
};

// The stage "minhash": fills document.dedup_keys as layout() says and never drops (dedup/deduplicator.h does). A
// bucket key is 0 ("none") when the text has too few words for a shingle. A report gets the number of shingles.
class MinHashStage : public Stage {
 public:
  // Throws UsageError naming the key of an option out of range.
  explicit MinHashStage(MinHashOptions options);

  std::string_view name() const override { return "minhash"; }
  using Stage::process;
  Verdict process(Document& document, Report* report) const override;
  void describe(Provenance& provenance) const override;

  KeyLayout layout() const { return layout_; }
  size_t keys_per_document() const { return layout_.keys(); }

 private:
  ShingleOptions shingles_;
  MinHash minhash_;
  KeyLayout layout_;
};

}  // namespace ftok
