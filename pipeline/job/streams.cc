#include "pipeline/job/streams.h"

#include <optional>

namespace ftok {
namespace {

constexpr int64_t kAllValidate = 1000;  // per mille

}  // namespace

Streams::Streams(const TaskContext& context)
    : context_(context), end_of_text_(context.plan.shards.placement == EndOfText::kNone ? 0 : 1) {}

void Streams::set_units(std::vector<Counts> counts, Split first_split, uint64_t first_tokens) {
  counts_ = std::move(counts);
  first_split_ = first_split;
  first_tokens_ = first_tokens;
  for (size_t unit = 0; unit < counts_.size(); ++unit) {
    const uint64_t kept = counts_[unit].documents[0] + counts_[unit].documents[1];
    if (kept_ == 0 && kept > 0) first_unit_ = unit;
    kept_ += kept;
  }
  if (kept_ > 0) move_first(counts_[first_unit_].documents, counts_[first_unit_].tokens);
}

uint64_t Streams::tokens(Split split) const {
  uint64_t tokens = 0;
  for (const Counts& counts : counts_) tokens += length(counts.documents, counts.tokens, split);
  return tokens;
}

std::vector<ShardEntry> Streams::cut(Split split, uint64_t first, uint64_t end) {
  ShardWriterOptions options = context_.plan.shards;
  options.folder = context_.job.path();
  const uint64_t begin = first * options.shard_tokens;
  std::optional<ShardWriter> writer;
  uint64_t at = 0;  // in the stream: where the next document begins
  for (size_t unit = 0; unit < counts_.size() && (!writer || !writer->is_full(split)); ++unit) {
    const uint64_t size = length(counts_[unit].documents, counts_[unit].tokens, split);
    if (at + size <= begin) {
      at += size;
      continue;
    }
    for_each_document(unit, split, begin, end * options.shard_tokens, at,
                      [&](std::string_view id, std::span<const uint32_t> tokens) {
                        const uint64_t document = tokens.size() + end_of_text_;
                        if (at + document > begin) {
                          if (!writer) writer.emplace(options, ShardRange{split, first, end, begin - at});
                          writer->add(split, id, tokens);
                        }
                        at += document;
                        return !writer || !writer->is_full(split);
                      });
  }
  return writer ? writer->checkpoint() : std::vector<ShardEntry>();
}

Split Streams::split_of_first() const {
  if (context_.plan.validation_per_mille <= 0) return first_split_;
  return kept_ == 1 && context_.plan.validation_per_mille < kAllValidate ? Split::kTrain : Split::kValidation;
}

void Streams::move_first(uint64_t (&documents)[2], uint64_t (&tokens)[2]) const {
  const size_t from = static_cast<size_t>(first_split_), to = static_cast<size_t>(split_of_first());
  documents[from] -= 1;
  documents[to] += 1;
  tokens[from] -= first_tokens_;
  tokens[to] += first_tokens_;
}

}  // namespace ftok
