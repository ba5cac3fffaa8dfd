// The shuffle of a mix of shards that fit into memory: a plan of which document comes when, by which they are taken
// from the mapped shards. In place of buckets (tokenize/buckets.h), with the same outcome.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "shards/shard_documents.h"
#include "shards/shuffle_key.h"

namespace ftok {

// A document that comes, once.
struct PlannedDocument {
  ShuffleKey key;  // no two are the same
  ShardSource::Place place;
  uint32_t source = 0;
  uint32_t tokens : 31;  // at most; as many as that holds where there are more
  uint32_t validates : 1;
};
static_assert(sizeof(PlannedDocument) == 32);

struct GatheredDocument {
  std::string_view id;
  std::span<const uint32_t> tokens;  // no end-of-text
  bool validates = false;
};

// Sorts the plan, and calls emit(document) for each in the order of the keys, serially; views live until the next one.
// Parallel inside, in the current TBB arena. Throws Stopped when a stop was asked for.
void gather(std::vector<PlannedDocument>& plan, const std::vector<const ShardSource*>& sources, size_t threads,
            const std::function<void(const GatheredDocument&)>& emit);

}  // namespace ftok
