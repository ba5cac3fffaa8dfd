#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/signals.h"
#include "pipeline/job/task.h"
#include "shards/part.h"
#include "shards/writer.h"

namespace ftok {
namespace {

constexpr int64_t kAllValidate = 1000;  // per mille

// The stream of tokens of each split, as the receipts of `commit` give it.
class Streams {
 public:
  explicit Streams(const TaskContext& context, const Extracted& extracted)
      : context_(context),
        end_of_text_(context.plan.shards.placement == EndOfText::kNone ? 0 : 1),
        commits_(receipts_of(context.job, "commit", extracted.digest)) {
    for (const TaskReceipt& receipt : commits_) {
      Counts& counts = counts_.emplace_back();
      counts.documents[0] = receipt.number("train_documents");
      counts.documents[1] = receipt.number("val_documents");
      counts.tokens[0] = receipt.number("train_tokens");
      counts.tokens[1] = receipt.number("val_tokens");
      const uint64_t kept = counts.documents[0] + counts.documents[1];
      if (kept_ == 0 && kept > 0) first_task_ = receipt.task;
      kept_ += kept;
    }
    if (kept_ > 0) move_first(counts_[first_task_].documents, counts_[first_task_].tokens);
  }

  uint64_t tokens(Split split) const {
    uint64_t tokens = 0;
    for (const Counts& counts : counts_) tokens += length(counts.documents, counts.tokens, split);
    return tokens;
  }

  // The shards [first, end) of a split.
  std::vector<ShardEntry> cut(Split split, uint64_t first, uint64_t end) {
    ShardWriterOptions options = context_.plan.shards;
    options.folder = context_.job.path();
    const uint64_t begin = first * options.shard_tokens;
    std::optional<ShardWriter> writer;
    uint64_t at = 0;  // in the stream: where the next document begins
    for (uint64_t task = 0; task < commits_.size() && (!writer || !writer->is_full(split)); ++task) {
      const uint64_t bytes = length(counts_[task].documents, counts_[task].tokens, split);
      if (at + bytes <= begin) {
        at += bytes;
        continue;
      }
      for_each_document(task, split, begin, at, [&](std::string_view id, std::span<const uint32_t> tokens) {
        const uint64_t size = tokens.size() + end_of_text_;
        if (at + size > begin) {
          if (!writer) writer.emplace(options, ShardRange{split, first, end, begin - at});
          writer->add(split, id, tokens);
        }
        at += size;
        return !writer || !writer->is_full(split);
      });
    }
    return writer ? writer->checkpoint() : std::vector<ShardEntry>();
  }

 private:
  struct Counts {
    uint64_t documents[2] = {0, 0}, tokens[2] = {0, 0};
  };

  // The first document of all that are kept is for validation, the only one for training, whatever its id says
  // (shards/split.h, small_corpus.h).
  Split split_of_first() const {
    const auto by_id = static_cast<Split>(commits_[first_task_].number("first_split"));
    if (context_.plan.validation_per_mille <= 0) return by_id;
    return kept_ == 1 && context_.plan.validation_per_mille < kAllValidate ? Split::kTrain : Split::kValidation;
  }
  void move_first(uint64_t (&documents)[2], uint64_t (&tokens)[2]) const {
    const size_t from = commits_[first_task_].number("first_split"), to = static_cast<size_t>(split_of_first());
    const uint64_t first_tokens = commits_[first_task_].number("first_tokens");
    documents[from] -= 1;
    documents[to] += 1;
    tokens[from] -= first_tokens;
    tokens[to] += first_tokens;
  }
  uint64_t length(const uint64_t (&documents)[2], const uint64_t (&tokens)[2], Split split) const {
    return tokens[static_cast<size_t>(split)] + documents[static_cast<size_t>(split)] * end_of_text_;
  }

  // Calls visit(id, tokens) for the split's documents of a task, but for inputs that end at or before `begin`, which
  // are added to `at`. Ends when `visit` returns false.
  template <typename Visit>
  void for_each_document(uint64_t task, Split wanted, uint64_t begin, uint64_t& at, Visit&& visit) {
    const std::string path = context_.job.path_of(tokens_name(task));
    FileStretch stretch;
    bool first = task == first_task_;  // whether the next document is the first of all
    for (PackedPart& part : packed_parts(context_.job, commits_[task], inputs_name(task))) {
      if (stop_requested()) throw Stopped();
      stretch.bytes = part.bytes.at("tokens");
      const bool holds_first = first && part.kept() > 0;
      if (holds_first) move_first(part.documents, part.tokens);
      const uint64_t size = length(part.documents, part.tokens, wanted);
      if (at + size <= begin) {
        at += size;
      } else {
        PartTokens tokens(path, stretch);
        std::string_view id;
        Split split{};
        std::vector<uint32_t> ids;
        for (bool is_first = holds_first; tokens.next(id, split, ids); is_first = false) {
          if (is_first) split = split_of_first();
          if (split == wanted && !visit(id, std::span<const uint32_t>(ids))) return;
        }
      }
      first = first && part.kept() == 0;
      stretch.begin += stretch.bytes;
    }
  }

  const TaskContext& context_;
  uint64_t end_of_text_;
  std::vector<TaskReceipt> commits_;
  std::vector<Counts> counts_;        // by task
  uint64_t kept_ = 0;                 // documents
  uint64_t first_task_ = UINT64_MAX;  // that kept one
};

}  // namespace

TaskReceipt cut_pass(const TaskContext& context, const Extracted& extracted) {
  Streams streams(context, extracted);
  const uint64_t shard_tokens = context.plan.shards.shard_tokens;
  uint64_t shards[2], all = 0;
  for (const Split split : kSplits) {
    shards[static_cast<size_t>(split)] = (streams.tokens(split) + shard_tokens - 1) / shard_tokens;
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
      for (ShardEntry& entry : streams.cut(split, first, end)) receipt.shards.push_back(std::move(entry));
    }
    before += count;
  }
  receipt.numbers["shards"] = receipt.shards.size();
  return receipt;
}

}  // namespace ftok
