#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/signals.h"
#include "pipeline/job/shuffled_streams.h"
#include "pipeline/job/streams.h"
#include "shards/part.h"

namespace ftok {
namespace {

// The documents of one commit task after the other, in the order of the inputs.
class StreamsInOrder : public Streams {
 public:
  StreamsInOrder(const TaskContext& context, const Extracted& extracted)
      : Streams(context), commits_(receipts_of(context.job, "commit", extracted.digest)) {
    std::vector<Counts> all;
    const TaskReceipt* first = nullptr;  // that kept a document
    for (const TaskReceipt& receipt : commits_) {
      Counts& counts = all.emplace_back();
      counts.documents[0] = receipt.number("train_documents");
      counts.documents[1] = receipt.number("val_documents");
      counts.tokens[0] = receipt.number("train_tokens");
      counts.tokens[1] = receipt.number("val_tokens");
      if (first == nullptr && counts.documents[0] + counts.documents[1] > 0) first = &receipt;
    }
    set_units(std::move(all), static_cast<Split>(first == nullptr ? 0 : first->number("first_split")),
              first == nullptr ? 0 : first->number("first_tokens"));
  }

 private:
  void for_each_document(size_t task, Split wanted, uint64_t begin, uint64_t end, uint64_t& at,
                         const Visit& visit) override {
    const std::string path = context_.job.path_of(tokens_name(task));
    std::vector<PackedPart> parts = packed_parts(context_.job, commits_[task], inputs_name(task));
    const size_t first = first_of_all(task, parts);
    FileStretch stretch, needed = {UINT64_MAX, 0};
    uint64_t after = at;
    for (const PackedPart& part : parts) {  // what lies between the first and the last that has some of it
      const uint64_t bytes = part.bytes.at("tokens"), size = length(part.documents, part.tokens, wanted);
      if (after + size > begin && after < end) {
        needed.begin = std::min(needed.begin, stretch.begin);
        needed.bytes = stretch.begin + bytes - needed.begin;
      }
      after += size;
      stretch.begin += bytes;
    }
    if (needed.bytes > 0) {
      context_.job.need(tokens_name(task), file_of(commits_[task], tokens_name(task)).bytes, needed.begin,
                        needed.bytes);
    }
    stretch.begin = 0;
    for (size_t number = 0; number < parts.size(); ++number) {
      if (stop_requested()) throw Stopped();
      const PackedPart& part = parts[number];
      stretch.bytes = part.bytes.at("tokens");
      const uint64_t size = length(part.documents, part.tokens, wanted);
      if (at >= end) return;
      if (at + size <= begin) {
        at += size;
      } else if (!visit_part(PartTokens(path, stretch), number == first, wanted, visit)) {
        return;
      }
      stretch.begin += stretch.bytes;
    }
  }

  // The part of the task that holds the first document of all, which moves to its split; none: SIZE_MAX.
  size_t first_of_all(size_t task, std::vector<PackedPart>& parts) const {
    if (task != first_unit_) return SIZE_MAX;
    for (size_t number = 0; number < parts.size(); ++number) {
      if (parts[number].kept() == 0) continue;
      move_first(parts[number].documents, parts[number].tokens);
      return number;
    }
    return SIZE_MAX;
  }

  bool visit_part(PartTokens tokens, bool holds_first, Split wanted, const Visit& visit) const {
    std::string_view id;
    Split split{};
    std::vector<uint32_t> ids;
    for (bool is_first = holds_first; tokens.next(id, split, ids); is_first = false) {
      if (is_first) split = split_of_first();
      if (split == wanted && !visit(id, ids)) return false;
    }
    return true;
  }

  std::vector<TaskReceipt> commits_;
};

std::unique_ptr<Streams> streams_of(const TaskContext& context, const Extracted& extracted) {
  if (context.plan.shuffle) return std::make_unique<ShuffledStreams>(context, extracted);
  return std::make_unique<StreamsInOrder>(context, extracted);
}

}  // namespace

TaskReceipt cut_pass(const TaskContext& context, const Extracted& extracted) {
  if (context.plan.stops()) {
    receipts_of(context.job, "commit", extracted.digest);
    return {};
  }
  const std::unique_ptr<Streams> streams = streams_of(context, extracted);
  const uint64_t shard_tokens = context.plan.shards.shard_tokens;
  uint64_t shards[2], all = 0;
  for (const Split split : kSplits) {
    shards[static_cast<size_t>(split)] = (streams->tokens(split) + shard_tokens - 1) / shard_tokens;
    all += shards[static_cast<size_t>(split)];
  }
  const TaskShare share = share_of_task(all, context.task(), context.job.tasks("cut"));
  TaskReceipt receipt;
  uint64_t before = 0;  // shards of the splits before
  for (const Split split : kSplits) {
    const uint64_t count = shards[static_cast<size_t>(split)];
    const uint64_t first = std::clamp(share.begin, before, before + count) - before;
    const uint64_t end = std::clamp(share.end, before, before + count) - before;
    if (first < end) {
      for (ShardEntry& entry : streams->cut(split, first, end)) receipt.shards.push_back(std::move(entry));
    }
    before += count;
  }
  receipt.numbers["shards"] = receipt.shards.size();
  return receipt;
}

}  // namespace ftok
