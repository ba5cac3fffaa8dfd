// SortedKeys: what an index of a run's keys would say (Deduplicator), from sorted runs of them on disk
// (dedup/passes.h): the same verdicts, in bounded memory for any number of documents.
//
// Keys are gathered until a run is full; it is sorted and written. Documents are then judged a run at a time: the
// records of this run and of those before it are brought together, which reads them all once. So with R documents in a
// run, N documents cost N / R readings of their records. Where documents have ranks (dedup/keeper.h) or are joined to
// clusters all must be there first: the records of all runs are brought together.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dedup/clusters.h"
#include "dedup/passes.h"
#include "shards/sliced_file.h"

namespace ftok {

// Serial. Its files are scratch: who begins again gathers all keys again.
class SortedKeys {
 public:
  // `folder`, for the runs, is made; what an earlier process left there is removed. options.memory is what gathering
  // and judging may take; below 24 KiB it is taken for that much.
  SortedKeys(const DeduplicatorOptions& options, const KeyLayout& layout, std::string folder);

  void begin_input();
  // The keys of the next document (Deduplicator::keys). Documents are numbered from 0.
  void add(std::span<const uint64_t> keys);
  uint64_t documents() const { return documents_; }
  // The keys of a document that comes before all others, whatever its rank; before any other.
  void add_first(std::span<const uint64_t> keys);
  // The documents below this number can be judged without ending a run early.
  uint64_t decidable() const { return options_.waits() ? 0 : in_runs(); }

  // The earlier documents that this one may repeat, as RangeDecider gives them. Documents are asked for in ascending
  // order, once they have been added; more may follow, unless documents have ranks. One that is not in a run ends the
  // run that it belongs to.
  std::span<const Repeat> repeats_of(uint64_t document);
  // With options.clusters, of the same document after repeats_of().
  ClusterFinder::Cluster cluster_of(uint64_t document) const { return clusters_->of(document); }

 private:
  struct Run {
    std::unique_ptr<SlicedFile> file;
    uint64_t begin = 0, end = 0;  // its documents
  };

  uint64_t in_runs() const { return runs_.empty() ? 0 : runs_.back().end; }
  void add(std::span<const uint64_t> keys, uint64_t rank);
  void end_run();
  void decide(uint64_t begin, const Run& run);
  void group(const GroupOptions& options, uint64_t begin, uint64_t end, EdgeTable& edges, size_t slice) const;
  void find_clusters(const DocumentRanks* ranks);
  std::vector<KeyRun> slices(size_t number, uint64_t begin, uint64_t end) const;

  DeduplicatorOptions options_;
  KeyLayout layout_;
  std::string folder_;
  size_t run_records_max_, slices_;
  std::vector<Run> runs_;
  std::vector<KeyRecord> records_;  // of the run to come
  std::vector<uint64_t> ranks_;     // the same, where documents have ranks
  std::vector<uint64_t> inputs_;    // with the scope "file": the first document of each
  uint64_t documents_ = 0;
  std::vector<Repeat> repeats_;  // of the documents up to decided_, in order
  size_t next_repeat_ = 0;
  uint64_t decided_ = 0;
  std::unique_ptr<ClusterFinder> clusters_;
};

}  // namespace ftok
