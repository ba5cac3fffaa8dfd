#include "dedup/clusters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>

#include "core/error.h"

namespace ftok {
namespace {

std::vector<Clusters::SizeCount> counted(const std::map<uint64_t, uint64_t>& counts) {
  std::vector<Clusters::SizeCount> sizes;
  for (const auto& [size, clusters] : counts) sizes.push_back({size, clusters});
  return sizes;
}

}  // namespace

// The root of every tree is its smallest document: joining two trees hangs the larger root under the smaller one. So
// the representative needs no second field, and the result does not depend on the order of the joins.
void Clusters::add(std::span<const uint64_t> keys) {
  if (parents_.size() >= FirstSeenIndex::kNone) throw Error("clusters take at most 4294967295 documents");
  const uint32_t own = static_cast<uint32_t>(parents_.size());
  parents_.push_back(own);
  if (!first_.reserve(keys.size())) throw Error("the index of the clusters is full");
  const auto root_of = [&](uint32_t document) {
    while (parents_[document] != document) {
      parents_[document] = parents_[parents_[document]];  // path halving: keeps the trees flat
      document = parents_[document];
    }
    return document;
  };
  for (const uint64_t key : keys) {
    if (key == 0) continue;
    const uint32_t first = first_.insert(key, own);
    if (first == FirstSeenIndex::kNone) continue;
    const uint32_t a = root_of(first), b = root_of(own);
    parents_[std::max(a, b)] = std::min(a, b);
  }
}

uint32_t Clusters::representative(uint32_t document) const {
  assert(document < parents_.size());
  while (parents_[document] != document) document = parents_[document];
  return document;
}

std::vector<Clusters::SizeCount> Clusters::sizes() const {
  std::vector<uint32_t> members(parents_.size(), 0);
  for (uint32_t document = 0; document < parents_.size(); ++document) ++members[representative(document)];
  std::map<uint64_t, uint64_t> counts;
  for (const uint32_t size : members) {
    if (size > 0) ++counts[size];
  }
  return counted(counts);
}

ClusterFinder::ClusterFinder(uint64_t documents) {
  if (documents > FirstSeenIndex::kNone) {
    throw Error(
        fmt::format("dedup.clusters takes at most {} documents, these are {}", FirstSeenIndex::kNone, documents));
  }
  parents_.resize(documents);
  std::iota(parents_.begin(), parents_.end(), 0);
}

uint32_t ClusterFinder::root_of(uint32_t document) {
  while (parents_[document] != document) {
    parents_[document] = parents_[parents_[document]];
    document = parents_[document];
  }
  return document;
}

void ClusterFinder::add(std::span<const KeyEdge> edges, const KeyLayout& layout) {
  for (const KeyEdge& edge : edges) {
    if (layout.urls && slot_of(edge.place) == layout.url_slot()) continue;
    const uint32_t a = root_of(static_cast<uint32_t>(document_of(edge.place)));
    const uint32_t b = root_of(static_cast<uint32_t>(edge.first));
    parents_[std::max(a, b)] = std::min(a, b);
  }
}

void ClusterFinder::finish(const DocumentRanks* ranks) {
  sizes_.assign(parents_.size(), 0);
  firsts_.resize(parents_.size());
  for (uint32_t document = 0; document < parents_.size(); ++document) {
    const uint32_t root = parents_[document] = root_of(document);
    if (sizes_[root]++ == 0 || (ranks != nullptr && ranks->before(document, firsts_[root]))) firsts_[root] = document;
  }
}

ClusterFinder::Cluster ClusterFinder::of(uint64_t document) const {
  const uint32_t root = parents_[document];
  return {firsts_[root], sizes_[root]};
}

std::vector<Clusters::SizeCount> bucket_sizes(std::vector<uint64_t> keys) {
  std::sort(keys.begin(), keys.end());
  std::map<uint64_t, uint64_t> counts;
  for (size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
    while (end < keys.size() && keys[end] == keys[begin]) ++end;
    if (keys[begin] != 0) ++counts[end - begin];
  }
  return counted(counts);
}

}  // namespace ftok
