#include "pipeline/mix/feed.h"

#include "core/signals.h"
#include "shards/bytes.h"
#include "shards/split.h"

namespace ftok {
namespace {

class ShardFeed : public Feed {
 public:
  ShardFeed(ShardSource source, const FeedOptions& options) : source_(std::move(source)), options_(options) {}

  void for_each(const std::function<void(const FedDocument&)>& visit) const override {
    FedDocument fed;
    for (const Split split : kSplits) {
      source_.for_each(split, [&](const SourceDocument& document) {
        if (stop_requested()) throw Stopped();
        fed.id = document.id;
        fed.tokens = document.tokens;
        // What a source held out stays held out.
        fed.validates = split == Split::kValidation || is_validation(document.id, options_.validation_per_mille);
        if (!document.tokens.empty()) visit(fed);
        ++fed.number;
      });
    }
  }

 private:
  ShardSource source_;
  FeedOptions options_;
};

}  // namespace

std::unique_ptr<Feed> make_shard_feed(ShardSource source, const FeedOptions& options) {
  return std::make_unique<ShardFeed>(std::move(source), options);
}

ShuffleKey mix_key(uint64_t source, uint64_t number, uint64_t pass, uint64_t copy) {
  std::string bytes;
  for (const uint64_t part : {number, pass, copy}) append_little_endian(bytes, part);
  return shuffle_key(bytes, source);
}

uint64_t mix_source_key(std::string_view name, uint64_t seed) { return shuffle_key(name, seed).low; }

}  // namespace ftok
