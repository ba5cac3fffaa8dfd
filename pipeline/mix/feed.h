// Feed: a source of a mix as documents with their tokens, to be read as often as need be.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/log.h"
#include "core/memory_budget.h"
#include "pipeline/mix.h"
#include "pipeline/mix/text_segments.h"
#include "shards/shard_documents.h"
#include "shards/shuffle_key.h"

namespace ftok {

struct FedDocument {
  uint64_t number = 0;  // in the source
  std::string_view id;
  uint64_t size = 0;                 // tokens, no end-of-text
  std::span<const uint32_t> tokens;  // these; empty where they were not asked for
  uint32_t copies = 1;               // in a pass
  bool validates = false;
  ShardSource::Place place;  // where Feed::shards() are
};

enum class Fed { kWithTokens, kSizesAlone };

class Feed {
 public:
  virtual ~Feed() = default;
  // Calls visit(document) in order. Views live until the next one. Throws Stopped when a stop was asked for.
  virtual void for_each(Fed fed_with, const std::function<void(const FedDocument&)>& visit) const = 0;
  virtual const ShardSource* shards() const { return nullptr; }  // that it reads; null where it reads texts
};

struct FeedOptions {
  const Encoding* encoding = nullptr;
  int64_t validation_per_mille = 0;
  uint64_t seed = 0;
  size_t end_of_text_tokens = 1;  // a document's in shards: 0 or 1
  size_t live_max = 8;
  MemoryBudget* budget = nullptr;  // of what texts are encoded with
};

// Of shards, read where they are.
std::unique_ptr<Feed> make_shard_feed(ShardSource source, const FeedOptions& options);

// Of texts: reads and encodes those that no segment holds yet, and counts in `mixed` what is left out. Parallel inside,
// in the current TBB arena. Throws Error naming the input that cannot be read.
std::unique_ptr<Feed> make_text_feed(const MixSource& source, const std::vector<std::string>& inputs,
                                     const FeedOptions& options, const TextSegmentsOptions& segments,
                                     MixedSource& mixed, const Log& log);

// 128 bits of a source, a document in it, and how often it has come.
ShuffleKey mix_key(uint64_t source, uint64_t number, uint64_t pass, uint64_t copy);
uint64_t mix_source_key(std::string_view name, uint64_t seed);

}  // namespace ftok
