// Clusters: documents that share a bucket, directly or through others, are one cluster (transitive closure), of which
// one is kept. This is FineWeb's rule; it looks at all documents before it decides, so it is for finished sets, not for
// a run.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dedup/index.h"
#include "dedup/passes.h"

namespace ftok {

// Union-find over document numbers. Serial. Memory: 4 bytes per document and the index of their keys.
class Clusters {
 public:
  // Enters the next document (0, 1, 2, ...); 0 among its keys is not a key. Throws Error beyond 2^32 - 1 documents.
  void add(std::span<const uint64_t> keys);

  uint64_t documents() const { return parents_.size(); }

  // The smallest number in the document's cluster: the one that is kept.
  uint32_t representative(uint32_t document) const;

  // For each cluster size that occurs, ascending: size and how many clusters have it.
  struct SizeCount {
    uint64_t size = 0, clusters = 0;
    bool operator==(const SizeCount&) const = default;
  };
  std::vector<SizeCount> sizes() const;

 private:
  FirstSeenIndex first_;
  std::vector<uint32_t> parents_;  // never above the document itself
};

// The same from the edges that group_keys() finds (passes.h), in any order. Serial. Memory: 12 bytes per document.
class ClusterFinder {
 public:
  // Throws Error beyond 2^32 - 1 documents.
  explicit ClusterFinder(uint64_t documents);

  // URLs join nothing.
  void add(std::span<const KeyEdge> edges, const KeyLayout& layout);
  // When all edges are there. `ranks`: null where documents have none.
  void finish(const DocumentRanks* ranks);

  // After finish(): the document of a cluster that comes before all others, and how many it has.
  struct Cluster {
    uint64_t first = 0, size = 1;
    bool operator==(const Cluster&) const = default;
  };
  Cluster of(uint64_t document) const;

 private:
  uint32_t root_of(uint32_t document);

  std::vector<uint32_t> parents_;
  std::vector<uint32_t> firsts_, sizes_;  // of each root
};

// How many keys (0 left out) occur once, twice, ...: the sizes of buckets. Sorts `keys`.
std::vector<Clusters::SizeCount> bucket_sizes(std::vector<uint64_t> keys);

}  // namespace ftok
