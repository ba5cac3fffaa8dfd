#include <algorithm>
#include <cassert>
#include <tuple>

#include "dedup/passes.h"

namespace ftok {
namespace {

constexpr uint64_t kNone = UINT64_MAX;  // no document

}  // namespace

RangeDecider::RangeDecider(const DeduplicatorOptions& options, const KeyLayout& layout, uint64_t begin, uint64_t end)
    : lists_(options.verifies() || options.ranks()),
      minhash_(options.minhash),
      begin_(begin),
      url_slot_(layout.urls ? layout.url_slot() : kSlotsMax),
      same_text_(end - begin, kNone),
      same_url_(layout.urls ? end - begin : 0, kNone),
      nearest_(lists_ ? 0 : end - begin, kNone),
      shared_(end - begin, 0),
      bucket_hits_(layout.buckets, 0) {}

void RangeDecider::add(std::span<const KeyEdge> edges) {
  for (const KeyEdge& edge : edges) {
    const uint64_t row = document_of(edge.place) - begin_;
    assert(row < shared_.size() && edge.first != document_of(edge.place));
    const uint64_t slot = slot_of(edge.place);
    if (slot == 0) {
      same_text_[row] = edge.first;
      continue;
    }
    if (slot == url_slot_) {
      same_url_[row] = edge.first;
      continue;
    }
    ++bucket_hits_[slot - 1];
    ++shared_[row];
    if (lists_) {
      near_.push_back({row, edge.first});
    } else {
      nearest_[row] = std::min(nearest_[row], edge.first);
    }
  }
}

void RangeDecider::for_each(const std::function<void(const Repeat&)>& visit) {
  const auto by_document = [](const KeyEdge& a, const KeyEdge& b) {
    return a.place != b.place ? a.place < b.place : a.first < b.first;
  };
  std::sort(near_.begin(), near_.end(), by_document);
  near_.erase(std::unique(near_.begin(), near_.end()), near_.end());
  size_t near = 0;
  for (uint64_t row = 0; row < shared_.size(); ++row) {
    const size_t near_begin = near;
    while (near < near_.size() && near_[near].place == row) ++near;
    if (same_text_[row] != kNone) visit({begin_ + row, same_text_[row], shared_[row], Alike::kText});
    if (!same_url_.empty() && same_url_[row] != kNone) {
      visit({begin_ + row, same_url_[row], shared_[row], Alike::kUrl});
    }
    if (lists_) {
      for (size_t i = near_begin; i < near; ++i) visit({begin_ + row, near_[i].first, shared_[row], Alike::kBuckets});
    } else if (shared_[row] > 0) {
      visit({begin_ + row, nearest_[row], shared_[row], Alike::kBuckets});
    }
  }
}

DeduplicatorStatistics RangeDecider::statistics() const {
  DeduplicatorStatistics statistics;
  statistics.documents = shared_.size();
  statistics.bucket_hits = bucket_hits_;
  statistics.shared_buckets.resize(bucket_hits_.size() + 1);
  if (minhash_) {
    for (const uint16_t shared : shared_) ++statistics.shared_buckets[shared];
  }
  return statistics;
}

void order_by_rank(std::span<Repeat> repeats) {
  std::sort(repeats.begin(), repeats.end(), [](const Repeat& a, const Repeat& b) {
    return std::tuple(a.alike, a.rank, a.first) < std::tuple(b.alike, b.rank, b.first);
  });
}

Verdict verdict_of(std::span<const Repeat> repeats, const DeduplicatorOptions& options, const KeyLayout& layout,
                   DeduplicatorStatistics& statistics) {
  bool shares = false;
  for (const Repeat& repeat : repeats) {
    if (repeat.alike == Alike::kText) {
      if (!repeat.agrees) continue;
      ++statistics.exact;
      return exact_verdict(repeat.first);
    }
    if (repeat.alike == Alike::kUrl) {
      ++statistics.url;
      return url_verdict(repeat.first);
    }
    if (repeat.alike == Alike::kCluster) {
      if (!options.keeps_one()) continue;
      ++statistics.minhash;
      return cluster_verdict(repeat.first, repeat.shared);
    }
    if (options.keeps_one()) continue;  // its cluster decides
    shares = true;
    if (options.verifies() && repeat.similarity < options.verify_jaccard) continue;
    ++statistics.minhash;
    return near_verdict(repeat.first, repeat.shared, layout.buckets, options.verifies() ? &repeat.similarity : nullptr);
  }
  statistics.unverified += shares ? 1 : 0;
  return Verdict::keep();
}

}  // namespace ftok
