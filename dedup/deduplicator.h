// Deduplicator: decides, document by document in commit order, which repeat an earlier one.
//
// First seen: a document is dropped when any earlier document (kept or not) has the same text, or shares a bucket with
// it. Texts are the same where two unrelated hashes agree (exact.h); where the content keys of different texts collide,
// that of the first one stays. The first document of each bucket is found in one FirstSeenIndex, so the outcome depends
// on the order of the documents alone. Where another than the first is to be kept (keeper.h), sorted passes decide
// (passes.h), and this class gives the keys. The same where documents are joined to clusters.
//
// Verified (verify_jaccard above 0): a shared bucket alone drops nothing; the similarity of the two documents,
// estimated from their signatures, must reach the threshold too. Each bucket stands for its first document.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/options.h"
#include "dedup/index.h"
#include "dedup/keeper.h"
#include "dedup/minhash.h"
#include "dedup/signatures.h"
#include "document/document.h"
#include "document/stage_kind.h"

namespace ftok {

struct DeduplicatorOptions {
  std::string scope = "crawl";
  bool exact = true;
  bool minhash = true;
  double verify_jaccard = 0;
  std::string url = "off";
  std::string clusters = "off";
  KeeperOptions keeper;
  int64_t memory = int64_t{4} << 30;

  void visit(OptionVisitor& visitor);
  unsigned more_needs() const { return minhash && scope != "off" ? kBucketKeys : kNoContent; }
  void keep_content() { memory = 0; }  // how much memory there is decides no byte
  bool verifies() const { return verify_jaccard > 0 && minhash; }
  bool ranks() const { return keeper.ranks() && scope != "off"; }
  // Whether documents that share keys are joined to clusters, and whether one of each is kept.
  bool joins() const { return clusters != "off" && scope != "off"; }
  bool keeps_one() const { return clusters == "one" && scope != "off"; }
  // Whether the verdict on a document depends on those after it.
  bool waits() const { return ranks() || joins(); }
  bool urls() const { return url != "off" && scope != "off"; }
};

// What was found so far.
struct DeduplicatorStatistics {
  uint64_t documents = 0;                // judged or replayed
  uint64_t exact = 0;                    // dropped as dedup.exact
  uint64_t url = 0;                      // dropped as dedup.url
  uint64_t minhash = 0;                  // dropped as dedup.minhash
  uint64_t unverified = 0;               // kept although a bucket was shared: not similar enough
  uint64_t without_shingles = 0;         // too short for a bucket: only their content was compared
  std::vector<uint64_t> bucket_hits;     // by bucket: documents whose bucket an earlier one had
  std::vector<uint64_t> shared_buckets;  // by number of shared buckets, 0..buckets: documents
  uint64_t index_keys = 0;               // distinct keys in the index
  uint64_t index_bytes = 0;

  void add(const DeduplicatorStatistics& other);  // of other documents, or of other keys
  // Into an open JSON object, in a stable order.
  void write_fields(JsonWriter& json) const;
};

// The verdicts on a document that repeats document `first`. `similarity`: the estimate where one was asked for.
Verdict exact_verdict(uint64_t first);
Verdict url_verdict(uint64_t first);
Verdict cluster_verdict(uint64_t first, uint64_t size);
Verdict near_verdict(uint64_t first, size_t shared, size_t buckets, const double* similarity);

// Serial: one thread at a time.
class Deduplicator {
 public:
  // `layout`: MinHashStage's; the empty one when there is no such stage: then texts alone are compared. Throws
  // UsageError naming the key of an option that is out of range or asks for a signature that is not kept.
  Deduplicator(DeduplicatorOptions options, KeyLayout layout);
  // Without signatures: the content key, `buckets` bucket keys and the content check.
  Deduplicator(DeduplicatorOptions options, size_t buckets) : Deduplicator(std::move(options), KeyLayout{buckets, 0}) {}

  // False when the scope is "off": then nothing is dropped and there are no keys.
  bool active() const { return options_.scope != "off"; }

  // The bytes the index (and the signatures) take when `documents` documents share no key at all: no more are ever
  // needed for so many.
  uint64_t predict_bytes(uint64_t documents) const;

  // Whether so many more documents can be judged within dedup.memory, whatever their keys are.
  bool fits(uint64_t documents) const;

  // To be called before each input: with the scope "file" all documents before it are forgotten.
  void begin_input();

  // The document's keys as the index knows them: its dedup_keys, with the key of its URL and its rank where the layout
  // has them, made different for each crawl with the scope "crawl". keys_per_document() of them; what a part's keys
  // file holds. 0 stands for a key the document does not have.
  std::vector<uint64_t> keys(const Document& document) const;
  size_t keys_per_document() const { return active() ? layout_.keys() : 0; }

  // Keep, or drop as "dedup.exact", "dedup.url" or "dedup.minhash" with value = the number of the first document it
  // repeats, detail = how many buckets are shared. A document does not repeat itself, though it may have a key twice.
  // `all_keys` are what keys() gives; `number` counts judged documents from 0, one by one, below 2^32 - 1. Throws Error
  // naming dedup.memory when the memory would grow beyond it; nothing is changed then.
  Verdict judge(std::span<const uint64_t> all_keys, uint64_t number);
  Verdict judge(const Document& document, uint64_t number) { return judge(keys(document), number); }

  // Enters a document that was judged in an earlier process, from the keys file.
  void replay(std::span<const uint64_t> keys, uint64_t number) { judge(keys, number); }

  DeduplicatorStatistics statistics() const;

 private:
  // What the buckets say: the earliest first document of a shared bucket (that is similar enough), and how many are
  // shared.
  struct Near {
    uint32_t number = FirstSeenIndex::kNone;
    size_t shared = 0;
    double similarity = 0;  // estimated; only when verified
  };

  uint64_t stored_bytes(uint64_t documents) const {  // beside the index
    return signatures_.predict_bytes(documents) + (options_.exact ? checks_.predict_bytes(documents) : 0);
  }
  bool verifies() const { return options_.verifies(); }
  uint64_t index_keys_per_document() const;
  void make_room();
  void expect_layout(std::span<const uint64_t> keys, const KeyLayout& layout) const;
  Near look_up_buckets(const KeyParts<const uint64_t>& keys, uint32_t own);

  DeduplicatorOptions options_;
  KeyLayout layout_;
  FirstSeenIndex index_;
  SignatureStore signatures_;
  SignatureStore checks_{sizeof(uint64_t)};  // of the contents: a word a document
  uint64_t signatures_stored_ = 0;
  DeduplicatorStatistics statistics_;
};

}  // namespace ftok
