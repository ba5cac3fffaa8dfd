#include "pipeline/mix/feed.h"

#include "core/signals.h"
#include "shards/bytes.h"
#include "shards/split.h"

namespace ftok {
namespace {

class ShardFeed : public Feed {
 public:
  ShardFeed(ShardSource source, const FeedOptions& options) : source_(std::move(source)), options_(options) {}

  void for_each(Fed fed_with, const std::function<void(const FedDocument&)>& visit) const override {
    FedDocument fed;
    for (const Split split : kSplits) {
      ShardSource::Cursor documents(
          source_, split,
          fed_with == Fed::kWithTokens ? ShardSource::Checksums::kCompared : ShardSource::Checksums::kUnread);
      for (; documents.next(); ++fed.number) {
        if (stop_requested()) throw Stopped();
        fed.id = documents.id();
        fed.place = documents.place();
        if (fed_with == Fed::kWithTokens) fed.tokens = documents.read().tokens;
        fed.size = fed_with == Fed::kWithTokens ? fed.tokens.size() : documents.tokens();
        // What a source held out stays held out.
        fed.validates = split == Split::kValidation || is_validation(fed.id, options_.validation_per_mille);
        if (fed.size > 0) visit(fed);
      }
    }
  }

  const ShardSource* shards() const override { return &source_; }

 private:
  ShardSource source_;
  FeedOptions options_;
};

}  // namespace

std::unique_ptr<Feed> make_shard_feed(ShardSource source, const FeedOptions& options) {
  return std::make_unique<ShardFeed>(std::move(source), options);
}

ShuffleKey mix_key(uint64_t source, uint64_t number, uint64_t pass, uint64_t copy) {
  const uint64_t parts[] = {number, pass, copy};  // little-endian
  return shuffle_key({reinterpret_cast<const char*>(parts), sizeof parts}, source);
}

uint64_t mix_source_key(std::string_view name, uint64_t seed) { return shuffle_key(name, seed).low; }

}  // namespace ftok
