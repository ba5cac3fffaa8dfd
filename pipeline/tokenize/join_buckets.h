// The second half of a shuffle: bucket after bucket, each sorted, in bounded memory.
#pragma once

#include <functional>
#include <string>

#include "pipeline/tokenize/buckets.h"

namespace ftok {

struct JoinOptions {
  std::string prefix;  // of the buckets' files
  size_t threads = 1;
  uint64_t memory = uint64_t{1} << 30;  // half of it for the buckets that are being sorted
  uint64_t skip = 0;                    // documents at the beginning that are not wanted
};

// Calls emit(row) for each document of the buckets, but for the first `skip`, in the order of the shuffle: serially. A
// bucket that does not fit into memory is spread over files beside it first, which are gone afterwards. Parallel
// inside, in the current TBB arena. Throws Stopped when a stop was asked for.
void join_buckets(const BucketSizes& sizes, const JoinOptions& options,
                  const std::function<void(const BucketRow&)>& emit);

}  // namespace ftok
