#include "pipeline/tokenize/join_buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/file.h"
#include "core/ordered_pipeline.h"
#include "core/signals.h"

namespace ftok {
namespace {

constexpr uint64_t kBucketBytesMin = uint64_t{1} << 20;

// A bucket with its rows in the order of the shuffle.
struct SortedBucket {
  size_t number = 0;
  std::unique_ptr<BucketReader> reader;
  std::vector<BucketRow> rows;  // as they lie there
  struct Place {
    ShuffleKey key;
    size_t row = 0;
  };
  std::vector<Place> order;
};

void load_sorted(const std::string& path, uint64_t bytes, SortedBucket& bucket) {
  bucket.reader = std::make_unique<BucketReader>(path, bytes);
  for (BucketRow row; bucket.reader->next(row);) {
    bucket.order.push_back({row.key, bucket.rows.size()});
    bucket.rows.push_back(row);
  }
  std::sort(bucket.order.begin(), bucket.order.end(),
            [&rows = bucket.rows](const SortedBucket::Place& a, const SortedBucket::Place& b) {
              if (a.key != b.key) return a.key < b.key;
              return rows[a.row].id != rows[b.row].id ? rows[a.row].id < rows[b.row].id : a.row < b.row;
            });
}

class BucketJoiner {
 public:
  BucketJoiner(const BucketSizes& sizes, const JoinOptions& options, const std::function<void(const BucketRow&)>& emit)
      : sizes_(sizes),
        options_(options),
        emit_(emit),
        live_max_(std::clamp<size_t>(options.threads + 1, 2, 4)),
        bucket_bytes_max_(std::max(options.memory / (2 * live_max_), kBucketBytesMin)) {}

  void join() {
    ordered_pipeline<SortedBucket>(
        live_max_, [this] { return next(); },
        [this](SortedBucket& bucket) {
          const uint64_t bytes = sizes_.bytes[bucket.number];
          if (bytes <= bucket_bytes_max_) load_sorted(bucket_path(options_.prefix, bucket.number), bytes, bucket);
        },
        [this](SortedBucket& bucket) {
          if (bucket.reader != nullptr) {
            emit(bucket);
          } else {
            split(bucket_path(options_.prefix, bucket.number), sizes_.bytes[bucket.number], 1);
          }
        });
  }

 private:
  std::unique_ptr<SortedBucket> next() {
    if (stop_requested()) throw Stopped();
    while (number_ < kBuckets &&
           (sizes_.documents[number_] == 0 || before_ + sizes_.documents[number_] <= options_.skip)) {
      before_ += sizes_.documents[number_++];
    }
    if (number_ >= kBuckets) return nullptr;
    if (!started_) done_ = before_;
    started_ = true;
    auto bucket = std::make_unique<SortedBucket>();
    before_ += sizes_.documents[number_];
    bucket->number = number_++;
    return bucket;
  }

  void emit(const SortedBucket& bucket) {
    for (const SortedBucket::Place& place : bucket.order) {
      if (done_++ >= options_.skip) emit_(bucket.rows[place.row]);
    }
  }

  // A bucket that is too large to be sorted in memory, spread once more by the next byte of the key.
  void split(const std::string& path, uint64_t bytes, size_t level) {
    SortedBucket whole;
    if (bytes <= bucket_bytes_max_ || level >= sizeof(ShuffleKey)) {  // at the last level all keys are one
      load_sorted(path, bytes, whole);
      emit(whole);
      return;
    }
    const std::string prefix = fmt::format("{}.{}", path, level);
    BucketSizes sizes;
    {
      BucketWriter writer(prefix, 4, {}, level);
      BucketReader reader(path, bytes);
      for (BucketRow row; reader.next(row);) writer.add_row(row.key, row.row);
      sizes = writer.flush();
    }
    for (size_t i = 0; i < kBuckets; ++i) {
      if (sizes.bytes[i] > 0) this->split(bucket_path(prefix, i), sizes.bytes[i], level + 1);
      remove_file(bucket_path(prefix, i));
    }
  }

  const BucketSizes& sizes_;
  const JoinOptions& options_;
  const std::function<void(const BucketRow&)>& emit_;
  const size_t live_max_;
  const uint64_t bucket_bytes_max_;
  size_t number_ = 0;
  uint64_t before_ = 0;  // documents of the buckets before number_
  uint64_t done_ = 0;
  bool started_ = false;
};

}  // namespace

void join_buckets(const BucketSizes& sizes, const JoinOptions& options,
                  const std::function<void(const BucketRow&)>& emit) {
  BucketJoiner(sizes, options, emit).join();
}

}  // namespace ftok
