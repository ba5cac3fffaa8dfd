// Deduplication in sorted passes: what Deduplicator decides in one memory, decided in pieces, on any number of
// machines, with the same verdicts.
//
//   1. Each piece of the input makes the records of its keys and sorts them: a run (key_records.h).
//   2. group_keys: one range of keys, of all runs -> for each document that has a key which an earlier one had, an edge
//      to the first that had it.
//   3. RangeDecider: one range of documents, the edges that lead from them -> the earlier documents that each repeats.
//   4. verdict_of: those of one document -> its verdict.
//
// A document is dropped when any of its keys has a smaller document: of a smaller number, or where documents have ranks
// (keeper.h), of a smaller rank or of the same and a smaller number. "First" and "earlier" below are meant so. The
// minimum of minima is the minimum, so neither the number of runs nor that of ranges enters into what comes out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "dedup/deduplicator.h"
#include "dedup/key_records.h"

namespace ftok {

// A sorted run; its records number documents from 0, which is document `base` of all. Runs stand in the order of their
// documents, which do not overlap.
struct KeyRun {
  std::span<const KeyRecord> records;
  uint64_t base = 0;
};

// The document at `place` has the key, in that slot, that document `first`, an earlier one, was the first to have.
struct KeyEdge {
  uint64_t place = 0;
  uint64_t first = 0;

  bool operator==(const KeyEdge&) const = default;
};

// Edges, apart by the range of documents they lead from; those of a range in the order in which they were added.
class EdgeTable {
 public:
  // `ends`: the end of each range of documents, ascending; the first begins at 0.
  explicit EdgeTable(std::vector<uint64_t> ends);

  void add(KeyEdge edge);
  size_t ranges() const { return ends_.size(); }
  uint64_t size() const { return size_; }

  // The edges of a range, piece by piece.
  void for_each(size_t range, const std::function<void(std::span<const KeyEdge>)>& visit) const;

 private:
  static constexpr size_t kPiece = 256;
  struct Edges {
    std::vector<std::unique_ptr<KeyEdge[]>> pieces;
    size_t in_last = kPiece;
  };

  size_t range_of(uint64_t document) const;

  std::vector<uint64_t> ends_;
  std::vector<uint32_t> first_range_;  // by the upper bits of a document's number: where the search begins
  unsigned shift_ = 0;
  std::vector<Edges> edges_;  // by range
  uint64_t size_ = 0;
};

// The ranks of documents, in pieces.
class DocumentRanks {
 public:
  // Those of the next documents; they outlive this.
  void add(std::span<const uint64_t> ranks);

  bool before(uint64_t one, uint64_t other) const {
    const uint64_t a = of(one), b = of(other);
    return a != b ? a < b : one < other;
  }

 private:
  uint64_t of(uint64_t document) const;

  struct Piece {
    uint64_t begin = 0;
    const uint64_t* ranks = nullptr;
  };
  std::vector<Piece> pieces_;
  uint64_t documents_ = 0;
};

struct GroupOptions {
  // With the scope "file": the first document of each input, ascending. Documents of different inputs are not compared.
  // Empty: all are.
  std::span<const uint64_t> inputs = {};
  // Edges from documents below and from these numbers are left out.
  uint64_t first_document = 0, end_document = kDocumentsMax;
  const DocumentRanks* ranks = nullptr;  // of all documents; null: they have none
  // Records held at a time; only a single key that more documents share is taken apart further, without holding it.
  size_t records_max = size_t{1} << 22;
};

struct GroupCounts {
  uint64_t records = 0;
  uint64_t keys = 0;  // distinct ones; with the scope "file" those of the last input, as an index holds them at the end

  bool operator==(const GroupCounts&) const = default;
};

// All records of the runs, whose keys lie in `begin`..`last` (both included). The edges of a range of documents come in
// the order of their keys, those of one key in the order of the places. Memory: records_max, whatever the runs hold.
GroupCounts group_keys(std::span<const KeyRun> runs, uint64_t begin, uint64_t last, const GroupOptions& options,
                       EdgeTable& edges);

// Why one document may repeat another; verdict_of looks at them in this order. kCluster, which RangeDecider does not
// give: `first` comes before all others of the document's cluster (clusters.h), of `shared` documents.
enum class Alike : uint8_t { kText, kUrl, kBuckets, kCluster };

// A document that another repeats, or may repeat where similarity is asked for.
struct Repeat {
  uint64_t document = 0;
  uint64_t first = 0;             // the earlier one
  uint32_t shared = 0;            // buckets that the document shares with earlier ones, all together
  Alike alike = Alike::kBuckets;  // kText: `first` has the document's content key
  // The caller's; RangeDecider leaves them:
  bool agrees = true;     // where kText: the content checks (exact.h) are the same too
  uint64_t rank = 0;      // of `first`
  double similarity = 1;  // where kBuckets, with verify_jaccard: as estimated

  bool operator==(const Repeat&) const = default;
};

// What the edges say of the documents of one range. Memory: 18 bytes a document, 8 more where URLs are compared; where
// similarity is asked for or documents have ranks, 16 bytes an edge more. Serial.
class RangeDecider {
 public:
  RangeDecider(const DeduplicatorOptions& options, const KeyLayout& layout, uint64_t begin, uint64_t end);

  // Edges from the range's documents, in any order, each once.
  void add(std::span<const KeyEdge> edges);

  // For each document that has any, in order, the earlier ones it may repeat: the first with its content key; that with
  // its URL; then the earliest that was first in a shared bucket, or, where similarity is asked for or documents have
  // ranks, each that was, by number.
  void for_each(const std::function<void(const Repeat&)>& visit);

  // Documents, bucket_hits and shared_buckets of the range.
  DeduplicatorStatistics statistics() const;

 private:
  bool lists_;  // each earlier document
  bool minhash_;
  uint64_t begin_;
  size_t url_slot_;
  std::vector<uint64_t> same_text_, same_url_, nearest_;  // by document; kNone
  std::vector<uint16_t> shared_;
  std::vector<uint64_t> bucket_hits_;
  std::vector<KeyEdge> near_;  // with lists_: (document, first)
};

// Puts what RangeDecider gave of one document into the order in which verdict_of looks at it: by rank, then number.
void order_by_rank(std::span<Repeat> repeats);

// The verdict on a document that repeats these (all its own, as RangeDecider gives them, with their similarity, and in
// the order of their ranks where they have any), or none: that of Deduplicator::judge. Counts it in `statistics` as
// exact, url, minhash or unverified.
Verdict verdict_of(std::span<const Repeat> repeats, const DeduplicatorOptions& options, const KeyLayout& layout,
                   DeduplicatorStatistics& statistics);

}  // namespace ftok
