#include "dedup/deduplicator.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cassert>

#include "core/error.h"
#include "dedup/exact.h"
#include "dedup/url_key.h"

namespace ftok {

void DeduplicatorOptions::visit(OptionVisitor& visitor) {
  visitor.choice(
      "scope", scope, {"file", "crawl", "run", "off"},
      "documents are compared within an input file, a crawl (FineWeb, section 3.4), the whole run, or not at all");
  visitor.field("exact", exact, "drop documents whose text is the same as an earlier one's");
  visitor.field("minhash", minhash, "drop documents that share a MinHash bucket with an earlier one");
  visitor.choice(
      "url", url, {"off", "exact", "canonical"},
      "drop documents with the URL of an earlier one, as the record has it, or as the page names its canonical "
      "one (scheme and fragment apart)");
  visitor.field(
      "verify_jaccard", verify_jaccard,
      "above 0: a shared bucket drops only where the similarity estimated from the signatures reaches this; needs "
      "minhash.keep_signature");
  visitor.choice(
      "clusters", clusters, {"off", "sizes", "one"},
      "join documents that share a text or a bucket, directly or through others: sizes says of each how large its "
      "cluster is, one keeps one document of each (FineWeb)");
  keeper.visit(visitor);
  visitor.field("memory", memory,
                "most bytes the index in memory may take; where it does not fit, documents are compared in sorted "
                "passes on disk");
}

void DeduplicatorStatistics::write_fields(JsonWriter& json) const {
  json.field("documents", documents).field("exact", exact).field("url", url).field("minhash", minhash);
  json.field("unverified", unverified);
  json.field("without_shingles", without_shingles).key("bucket_hits").begin_array();
  for (const uint64_t hits : bucket_hits) json.value(hits);
  json.end_array().key("shared_buckets").begin_array();
  for (const uint64_t shared : shared_buckets) json.value(shared);
  json.end_array().field("index_keys", index_keys).field("index_bytes", index_bytes);
}

void DeduplicatorStatistics::add(const DeduplicatorStatistics& other) {
  documents += other.documents;
  exact += other.exact;
  url += other.url;
  minhash += other.minhash;
  unverified += other.unverified;
  without_shingles += other.without_shingles;
  bucket_hits.resize(std::max(bucket_hits.size(), other.bucket_hits.size()));
  for (size_t i = 0; i < other.bucket_hits.size(); ++i) bucket_hits[i] += other.bucket_hits[i];
  shared_buckets.resize(std::max(shared_buckets.size(), other.shared_buckets.size()));
  for (size_t i = 0; i < other.shared_buckets.size(); ++i) shared_buckets[i] += other.shared_buckets[i];
  index_keys += other.index_keys;
  index_bytes += other.index_bytes;
}

Verdict exact_verdict(uint64_t first) { return Verdict::drop("dedup.exact", static_cast<double>(first)); }

Verdict url_verdict(uint64_t first) { return Verdict::drop("dedup.url", static_cast<double>(first)); }

Verdict cluster_verdict(uint64_t first, uint64_t size) {
  return Verdict::drop("dedup.minhash", static_cast<double>(first), 0, fmt::format("one of a cluster of {}", size));
}

Verdict near_verdict(uint64_t first, size_t shared, size_t buckets, const double* similarity) {
  std::string detail = fmt::format("{} of {} buckets shared", shared, buckets);
  if (similarity != nullptr) detail += fmt::format(", similarity about {:.2f}", *similarity);
  return Verdict::drop("dedup.minhash", static_cast<double>(first), 0, std::move(detail));
}

Deduplicator::Deduplicator(DeduplicatorOptions options, KeyLayout layout)
    : options_(std::move(options)),
      layout_(layout),
      index_(static_cast<uint64_t>(std::max<int64_t>(options_.memory, 0))),
      signatures_(verifies() ? layout.signature_hashes : 0) {
  if (options_.memory <= 0) throw UsageError(fmt::format("dedup.memory: {} is not above 0", options_.memory));
  if (!(options_.verify_jaccard >= 0 && options_.verify_jaccard <= 1)) {
    throw UsageError(fmt::format("dedup.verify_jaccard: {} is not in 0..1", options_.verify_jaccard));
  }
  if (verifies() && active() && layout_.signature_hashes == 0) {
    throw UsageError("dedup.verify_jaccard needs minhash.keep_signature = true");
  }
  if (options_.joins() && verifies()) {
    throw UsageError(
        "dedup.clusters: not together with dedup.verify_jaccard, which compares a document with the first of each "
        "bucket "
        "alone");
  }
  options_.keeper.check();
  layout_.ranked = options_.ranks();
  layout_.urls = options_.urls();
  statistics_.bucket_hits.resize(layout_.buckets);
  statistics_.shared_buckets.resize(layout_.buckets + 1);
}

uint64_t Deduplicator::index_keys_per_document() const {
  return (options_.exact ? 1 : 0) + (options_.minhash ? layout_.buckets : 0) + (layout_.urls ? 1 : 0);
}

uint64_t Deduplicator::predict_bytes(uint64_t documents) const {
  if (!active()) return 0;
  return FirstSeenIndex::predict_bytes(documents * index_keys_per_document()) + stored_bytes(documents);
}

bool Deduplicator::fits(uint64_t documents) const {
  if (!active()) return true;
  if (documents >= FirstSeenIndex::kNone - statistics_.documents) return false;  // that have a number here
  const uint64_t index = FirstSeenIndex::predict_bytes(index_.size() + documents * index_keys_per_document());
  return std::max(index, index_.bytes()) + stored_bytes(signatures_stored_ + documents) <=
         static_cast<uint64_t>(options_.memory);
}

void Deduplicator::begin_input() {
  if (options_.scope != "file") return;
  index_.clear();
  signatures_.clear();
  checks_.clear();
  signatures_stored_ = 0;
}

std::vector<uint64_t> Deduplicator::keys(const Document& document) const {
  if (!active()) return {};
  std::vector<uint64_t> keys = document.dedup_keys;
  if (keys.empty()) keys = {content_key(document.text), content_check(document.text)};  // no minhash stage
  expect_layout(keys, layout_.of_text());
  if (layout_.urls) {
    keys.insert(keys.begin() + static_cast<std::ptrdiff_t>(layout_.url_slot()),
                url_key(document, options_.url == "canonical"));
  }
  if (layout_.ranked) keys.insert(keys.end() - 1, rank_of(document, options_.keeper));
  if (options_.scope != "crawl" || document.dump.empty()) return keys;
  const uint64_t crawl = XXH3_64bits(document.dump.data(), document.dump.size());
  for (uint64_t& key : std::span(keys).first(layout_.compared_keys())) {
    if (key != 0) key = std::max<uint64_t>(XXH3_64bits_withSeed(&key, sizeof key, crawl), 1);
  }
  return keys;
}

void Deduplicator::make_room() {
  const uint64_t memory = static_cast<uint64_t>(options_.memory);
  const uint64_t beside = stored_bytes(signatures_stored_ + 1);
  index_.set_bytes_max(memory - std::min(memory, beside));
  if (index_.bytes() + beside <= memory && index_.reserve(index_keys_per_document())) return;
  throw Error(fmt::format(
      "dedup.memory: the index is full: {} documents and {} keys in {} bytes, of {} allowed. What was done "
      "is kept; run again "
      "with a larger dedup.memory to continue",
      statistics_.documents, index_.size(), index_.bytes() + stored_bytes(signatures_stored_), options_.memory));
}

// Keys come from files, which another version may have written.
void Deduplicator::expect_layout(std::span<const uint64_t> keys, const KeyLayout& layout) const {
  if (keys.size() == layout.keys()) return;
  throw Error(
      fmt::format("a document has {} keys where this recipe has {}: made with another version of ftok; start "
                  "again with a new output folder",
                  keys.size(), layout.keys()));
}

Deduplicator::Near Deduplicator::look_up_buckets(const KeyParts<const uint64_t>& keys, uint32_t own) {
  Near near;
  bool has_buckets = false;
  for (size_t bucket = 0; bucket < keys.buckets.size(); ++bucket) {
    const uint64_t key = keys.buckets[bucket];
    if (key == 0) continue;
    has_buckets = true;
    const uint32_t first = index_.insert(key, own);
    if (first == FirstSeenIndex::kNone || first == own) continue;
    statistics_.bucket_hits[bucket] += 1;
    ++near.shared;
    if (first >= near.number) continue;
    const double similarity = verifies() ? signatures_.similarity(first, keys.signature) : 1;
    if (similarity < options_.verify_jaccard) continue;
    near.number = first;
    near.similarity = similarity;
  }
  statistics_.shared_buckets[near.shared] += 1;
  if (!has_buckets) statistics_.without_shingles += 1;
  return near;
}

Verdict Deduplicator::judge(std::span<const uint64_t> all_keys, uint64_t number) {
  if (!active()) return Verdict::keep();
  assert(!options_.waits());
  expect_layout(all_keys, layout_);
  const KeyParts keys = layout_.parts_of(all_keys);
  if (number >= FirstSeenIndex::kNone) {
    throw Error(fmt::format("deduplication takes at most {} documents per run", FirstSeenIndex::kNone));
  }
  make_room();
  for (const uint64_t key : all_keys.first(layout_.compared_keys())) {
    if (key != 0) index_.prefetch(key);
  }
  const uint32_t own = static_cast<uint32_t>(number);
  statistics_.documents += 1;
  uint32_t same_text = FirstSeenIndex::kNone;
  const std::span<const uint64_t> check(&keys.check, 1);
  if (options_.exact && keys.content != 0) same_text = index_.insert(keys.content, own);
  if (same_text != FirstSeenIndex::kNone && !checks_.equals(same_text, check)) same_text = FirstSeenIndex::kNone;
  uint32_t same_url = FirstSeenIndex::kNone;
  if (layout_.urls && all_keys[layout_.url_slot()] != 0) same_url = index_.insert(all_keys[layout_.url_slot()], own);
  Near near;
  if (options_.minhash) near = look_up_buckets(keys, own);
  signatures_.add(number, keys.signature);
  if (options_.exact) checks_.add(number, check);
  ++signatures_stored_;
  if (same_text != FirstSeenIndex::kNone) {
    statistics_.exact += 1;
    return exact_verdict(same_text);
  }
  if (same_url != FirstSeenIndex::kNone && same_url != own) {
    statistics_.url += 1;
    return url_verdict(same_url);
  }
  if (near.number == FirstSeenIndex::kNone) {
    statistics_.unverified += near.shared > 0 ? 1 : 0;
    return Verdict::keep();
  }
  statistics_.minhash += 1;
  return near_verdict(near.number, near.shared, layout_.buckets, verifies() ? &near.similarity : nullptr);
}

DeduplicatorStatistics Deduplicator::statistics() const {
  DeduplicatorStatistics statistics = statistics_;
  statistics.index_keys = index_.size();
  statistics.index_bytes = index_.bytes() + stored_bytes(signatures_stored_);
  return statistics;
}

}  // namespace ftok
