#include "dedup/deduplicator.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cassert>

#include "core/error.h"
#include "dedup/exact.h"

namespace ftok {

void DeduplicatorOptions::visit(OptionVisitor& visitor) {
  visitor.choice("scope", scope, {"file", "crawl", "run", "off"},
                 "documents are compared within an input file, a crawl (FineWeb, section 3.4), the whole run, or not at all");
  visitor.field("exact", exact, "drop documents whose text is the same as an earlier one's");
  visitor.field("minhash", minhash, "drop documents that share a MinHash bucket with an earlier one");
  visitor.field("memory", memory, "most bytes the index may take; a run that needs more stops and can be resumed with more");
}

void DeduplicatorStatistics::write_fields(JsonWriter& json) const {
  json.field("documents", documents).field("exact", exact).field("minhash", minhash);
  json.field("without_shingles", without_shingles).key("bucket_hits").begin_array();
  for (const uint64_t hits : bucket_hits) json.value(hits);
  json.end_array().key("shared_buckets").begin_array();
  for (const uint64_t shared : shared_buckets) json.value(shared);
  json.end_array().field("index_keys", index_keys).field("index_bytes", index_bytes);
}

Deduplicator::Deduplicator(DeduplicatorOptions options, size_t keys_per_document)
    : options_(std::move(options)), keys_per_document_(std::max<size_t>(keys_per_document, 1)),
      index_(static_cast<uint64_t>(std::max<int64_t>(options_.memory, 0))) {
  if (options_.memory <= 0) throw UsageError(fmt::format("dedup.memory: {} is not above 0", options_.memory));
  statistics_.bucket_hits.resize(keys_per_document_ - 1);
  statistics_.shared_buckets.resize(keys_per_document_);
}

uint64_t Deduplicator::index_keys_per_document() const {
  return (options_.exact ? 1 : 0) + (options_.minhash ? keys_per_document_ - 1 : 0);
}

uint64_t Deduplicator::predict_bytes(uint64_t documents) const {
  return active() ? FirstSeenIndex::predict_bytes(documents * index_keys_per_document()) : 0;
}

void Deduplicator::begin_input() {
  if (options_.scope == "file") index_.clear();
}

std::vector<uint64_t> Deduplicator::keys(const Document& document) const {
  if (!active()) return {};
  std::vector<uint64_t> keys = document.bucket_keys;
  if (keys.empty()) keys.push_back(content_key(document.text));  // no minhash stage
  assert(keys.size() == keys_per_document_);
  if (options_.scope != "crawl" || document.dump.empty()) return keys;
  const uint64_t crawl = XXH3_64bits(document.dump.data(), document.dump.size());
  for (uint64_t& key : keys) {
    if (key != 0) key = std::max<uint64_t>(XXH3_64bits_withSeed(&key, sizeof key, crawl), 1);
  }
  return keys;
}

Verdict Deduplicator::judge(std::span<const uint64_t> keys, uint64_t number) {
  if (!active()) return Verdict::keep();
  assert(keys.size() == keys_per_document_);
  if (number >= FirstSeenIndex::kNone) {
    throw Error(fmt::format("deduplication takes at most {} documents a run", FirstSeenIndex::kNone));
  }
  if (!index_.reserve(index_keys_per_document())) {
    throw Error(fmt::format(
        "dedup.memory: the index is full: {} documents and {} keys in {} bytes, of {} allowed. What was done is kept; run again "
        "with a larger dedup.memory to go on", statistics_.documents, index_.size(), index_.bytes(), options_.memory));
  }
  for (const uint64_t key : keys) {
    if (key != 0) index_.prefetch(key);
  }
  const uint32_t own = static_cast<uint32_t>(number);
  statistics_.documents += 1;
  uint32_t same_text = FirstSeenIndex::kNone;
  if (options_.exact && keys[0] != 0) same_text = index_.insert(keys[0], own);
  uint32_t near = FirstSeenIndex::kNone;  // the earliest: kNone is above all numbers
  size_t shared = 0;
  bool has_buckets = false;
  for (size_t bucket = 0; options_.minhash && bucket + 1 < keys.size(); ++bucket) {
    const uint64_t key = keys[bucket + 1];
    if (key == 0) continue;
    has_buckets = true;
    const uint32_t first = index_.insert(key, own);
    if (first == FirstSeenIndex::kNone) continue;
    near = std::min(near, first);
    statistics_.bucket_hits[bucket] += 1;
    ++shared;
  }
  statistics_.shared_buckets[shared] += 1;
  if (!has_buckets) statistics_.without_shingles += 1;
  if (same_text != FirstSeenIndex::kNone) {
    statistics_.exact += 1;
    return Verdict::drop("dedup.exact", same_text);
  }
  if (near == FirstSeenIndex::kNone) return Verdict::keep();
  statistics_.minhash += 1;
  return Verdict::drop("dedup.minhash", near, 0, fmt::format("{} of {} buckets shared", shared, keys.size() - 1));
}

DeduplicatorStatistics Deduplicator::statistics() const {
  DeduplicatorStatistics statistics = statistics_;
  statistics.index_keys = index_.size();
  statistics.index_bytes = index_.bytes();
  return statistics;
}

}  // namespace ftok
