// What training keeps of the adjacent pairs of symbols: how often each is there and where (PairCounts), and which one
// is the next to be merged (PairQueue). Neither is thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/hash_seed.h"

namespace ftok {

// A pair as one number: pairs in order of these are in order of the left, then the right symbol.
constexpr uint64_t pair_key(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }
constexpr uint32_t left_of(uint64_t key) { return static_cast<uint32_t>(key >> 32); }
constexpr uint32_t right_of(uint64_t key) { return static_cast<uint32_t>(key); }

// Open addressing, 24 bytes per slot. A pair whose count has fallen below the minimum is forgotten when the table
// grows.
class PairCounts {
 public:
  struct Pair {
    uint64_t key;
    uint64_t count;
    uint64_t places;  // where its list of places begins
  };

  explicit PairCounts(uint64_t count_min) : count_min_(count_min), slots_(size_t{1} << 12, Pair{kNone, 0, 0}) {}

  // The pair, or null. The pointer lives until the next insert().
  Pair* find(uint64_t key) {
    const size_t mask = slots_.size() - 1;
    for (size_t slot = hash(key) & mask;; slot = (slot + 1) & mask) {
      if (slots_[slot].key == key) return &slots_[slot];
      if (slots_[slot].key == kNone) return nullptr;
    }
  }
  // A pair that is not there yet.
  Pair& insert(uint64_t key) {
    if ((size_ + 1) * 8 > slots_.size() * 5) grow();
    ++size_;
    Pair& pair = empty_slot(slots_, key);
    pair.key = key;
    return pair;
  }
  void prefetch(uint64_t key) const { __builtin_prefetch(&slots_[hash(key) & (slots_.size() - 1)], 1); }

  size_t size() const { return size_; }
  size_t memory_bytes() const { return slots_.capacity() * sizeof(Pair); }

  // Calls visit(pair) for each; it may change count and places.
  template <typename Visit>
  void for_each(const Visit& visit) {
    for (Pair& pair : slots_) {
      if (pair.key != kNone) visit(pair);
    }
  }
  // The most slots in a row that are taken: no search looks at more. For tests.
  size_t longest_run() const {
    return longest_run_of(slots_.size(), [this](size_t slot) { return slots_[slot].key != kNone; });
  }
  // Forgets all that have a count below the minimum.
  void prune() { rebuild(slots_.size()); }

 private:
  static constexpr uint64_t kNone = UINT64_MAX;

  size_t hash(uint64_t key) const { return seeded_mix(key, 0, first_secret_, second_secret_); }
  Pair& empty_slot(std::vector<Pair>& slots, uint64_t key) {
    size_t slot = hash(key) & (slots.size() - 1);
    while (slots[slot].key != kNone) slot = (slot + 1) & (slots.size() - 1);
    return slots[slot];
  }
  void grow() {
    size_t alive = 0;
    for (const Pair& pair : slots_) alive += pair.key != kNone && pair.count >= count_min_;
    rebuild(alive * 4 > slots_.size() ? slots_.size() * 2 : slots_.size());
  }
  void rebuild(size_t capacity) {
    std::vector<Pair> made(capacity, Pair{kNone, 0, 0});
    size_ = 0;
    for (const Pair& pair : slots_) {
      if (pair.key == kNone || pair.count < count_min_) continue;
      empty_slot(made, pair.key) = pair;
      ++size_;
    }
    slots_.swap(made);
  }

  uint64_t first_secret_ = hash_seed()[0], second_secret_ = hash_seed()[1];
  uint64_t count_min_;
  std::vector<Pair> slots_;
  size_t size_ = 0;
};

// Gives pairs in falling order of their counts. Among equal counts the smaller key comes first; or, where `tokens` is
// set, the pair whose left token has the greater bytes, then the right one.
//
// Counts only fall and a new pair is at most as frequent as the one whose merge made it, so pairs wait unsorted in
// buckets by count (exact below 256, then with eight leading bits), and only the bucket being emptied is a heap.
class PairQueue {
 public:
  struct Candidate {
    uint64_t count;
    uint64_t key;
  };

  explicit PairQueue(const std::vector<std::string>* tokens) : worse_{tokens} {}

  // `count` is above 0 and, once pop() was called, at most that of the last one popped.
  void push(Candidate candidate) {
    const size_t bucket = bucket_of(candidate.count);
    buckets_[bucket].push_back(candidate);
    if (bucket == current_) std::push_heap(buckets_[bucket].begin(), buckets_[bucket].end(), worse_);
  }

  // The first one, taken out; false when there is none.
  bool pop(Candidate& first) {
    if (current_ == kNotStarted) descend(kBuckets);
    while (buckets_[current_].empty()) {
      if (current_ == 0) return false;
      descend(current_);
    }
    std::vector<Candidate>& bucket = buckets_[current_];
    std::pop_heap(bucket.begin(), bucket.end(), worse_);
    first = bucket.back();
    bucket.pop_back();
    return true;
  }

 private:
  static constexpr size_t kBuckets = 58 * 128;
  static constexpr size_t kNotStarted = SIZE_MAX;

  struct Worse {
    const std::vector<std::string>* tokens;
    bool operator()(const Candidate& a, const Candidate& b) const {
      if (a.count != b.count) return a.count < b.count;
      if (tokens == nullptr) return a.key > b.key;
      const int order = (*tokens)[left_of(a.key)].compare((*tokens)[left_of(b.key)]);
      return order != 0 ? order < 0 : (*tokens)[right_of(a.key)] < (*tokens)[right_of(b.key)];
    }
  };

  static size_t bucket_of(uint64_t count) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(count)) - 8);
    return static_cast<size_t>(shift) * 128 + static_cast<size_t>(count >> shift);
  }
  // Goes on to the highest bucket below `from` that is not empty (or to bucket 0, which always is).
  void descend(size_t from) {
    if (current_ != kNotStarted) std::vector<Candidate>().swap(buckets_[current_]);
    current_ = from - 1;
    while (current_ > 0 && buckets_[current_].empty()) --current_;
    std::make_heap(buckets_[current_].begin(), buckets_[current_].end(), worse_);
  }

  Worse worse_;
  std::vector<std::vector<Candidate>> buckets_ = std::vector<std::vector<Candidate>>(kBuckets);
  size_t current_ = kNotStarted;
};

}  // namespace ftok
