#include "pipeline/run/commit.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/signals.h"
#include "pipeline/small_corpus.h"
#include "pipeline/tokenize/join_buckets.h"
#include "shards/split_files.h"

namespace ftok {

// A checkpoint writes the short last shard of each split and the next one takes it up again. After so many completed
// shards that copy is small beside them; until then the tokens of their parts stay in parts/.
constexpr uint64_t kShardsPerCheckpoint = 8;

Committer::Committer(const OutputFolder& folder, std::string corpus, const Plan& plan, const CommitOptions& options,
                     RunState state, Progress& progress, const Log& log)
    : folder_(folder),
      corpus_(std::move(corpus)),
      plan_(plan),
      options_(options),
      progress_(progress),
      maker_(plan, options_, progress),
      parts_in_shards_(state.parts_in_shards),
      judge_(folder, corpus_, plan, log) {
  uint64_t kept = 0;
  for (const CommittedPart& part : state.parts) kept += part.kept;
  move_only_document(folder.path(), kept, plan.validation_per_mille, Split::kValidation, state.shards);
  journal_.emplace(folder.open_journal(state));
  remove_unlisted_shards(folder.path(), state.shards);
  ShardWriterOptions shard_options = plan.shards;
  shard_options.folder = folder.path();
  shards_ = std::make_unique<ShardWriter>(shard_options, std::move(state.shards));
  for (CommittedPart& part : state.parts) {
    const uint64_t number = inputs_.size();
    judge_.replay(number, part.judged);
    count(*parse_input_report(part.report));
    kept_ += part.kept;
    inputs_.push_back({number, std::move(part.report), std::move(part.receipt)});
    if (number >= state.parts_in_shards) add_to_shards(number, part.kept);
  }
}

Committer::~Committer() = default;

void Committer::count(const InputReport& report) {
  tally_.add(report.tally);
  if (report.quarantined.empty()) return;
  if (quarantined_.empty()) first_failure_ = report.quarantined;
  quarantined_.push_back(report.input);
}

void Committer::commit(uint64_t number) {
  CandidateReader reader(folder_.candidates(number));
  if (judge_.admits(reader.report().tally.kept)) return commit_next(reader);
  judge_.gather(reader);
  ++waiting_;
  commit_waiting(judge_.decidable());
}

void Committer::commit_waiting() { commit_waiting(waiting_); }

void Committer::commit_waiting(size_t inputs) {
  for (; inputs > 0; --inputs, --waiting_) {
    CandidateReader reader(folder_.candidates(parts()));
    commit_next(reader);
  }
}

void Committer::commit_next(CandidateReader& reader) {
  const uint64_t number = parts();
  PartWriter writer(maker_.part_options(folder_.parts(), judge_.keys_per_document()), number);
  judge_.begin_part();
  // The two run beside each other: they share nothing but constants.
  const PartDecisions decisions = {[this](const Document& document) { return judge_.judge(document); },
                                   [this](const Document&, std::string_view key) { return split(key); }};
  const InputReport report = maker_.make(reader, decisions, writer);
  const PartReceipt receipt = writer.commit(folder_.binding_digest(), write_input_report(report));
  const std::string text = write_part_receipt(receipt);
  CommittedPart part{receipt.judged, receipt.kept(), {}, receipt.report};
  part.receipt = {fmt::format("parts/{:06}.receipt", number), text.size(), checksum_of(text)};
  journal_->add_part(number, part);
  remove_file(folder_.candidates(number));
  count(report);
  inputs_.push_back({number, std::move(part.report), std::move(part.receipt)});
  add_to_shards(number, receipt.kept());
  if (corpus_.empty()) ++progress_.inputs_committed;
}

Split Committer::split(std::string_view split_key) {
  // So that there is at least one document to validate on; which one comes first in a shuffle is known at its end.
  const bool first = kept_++ == 0 && plan_.validation_per_mille > 0 && !plan_.shuffle;
  const bool validates = first || is_validation(split_key, plan_.validation_per_mille);
  return validates ? Split::kValidation : Split::kTrain;
}

void Committer::add_to_shards(uint64_t part, uint64_t kept) {
  if (plan_.stops() || plan_.shuffle) return;
  if (kept > 0) {
    PartTokens tokens(part_paths(folder_.parts(), part).tokens);
    std::string_view id;
    Split split{};
    std::vector<uint32_t> ids;
    while (tokens.next(id, split, ids)) shards_->add(split, id, ids);
  }
  if (shards_->shards_completed() - shards_completed_at_checkpoint_ >= kShardsPerCheckpoint) checkpoint();
}

void Committer::shuffle() {
  if (!plan_.shuffle || plan_.stops() || parts_in_shards_ == inputs_.size()) return;
  const std::string prefix = folder_.work_path() + "/bucket";
  make_folder(folder_.work_path());
  BucketSizes sizes;
  {
    BucketWriter buckets(prefix, token_bytes_for(plan_.shards.vocabulary_size), {});
    TokensRow row;
    std::vector<uint32_t> ids;
    for (uint64_t part = 0; part < inputs_.size(); ++part) {
      if (stop_requested()) throw Stopped();
      PartTokens tokens(part_paths(folder_.parts(), part).tokens);
      while (tokens.next(row)) {
        row.decode(ids);
        buckets.add(row.key, row.id, ids);
      }
    }
    sizes = buckets.flush();
  }
  const int64_t per_mille = plan_.validation_per_mille;
  bool is_first = true;
  std::vector<uint32_t> ids;
  join_buckets(sizes, {prefix, options_.threads, options_.memory, 0}, [&](const BucketRow& row) {
    row.decode(ids);
    const bool validates = (is_first && per_mille > 0) || is_validation(row.id, per_mille);
    shards_->add(validates ? Split::kValidation : Split::kTrain, row.id, ids);
    is_first = false;
  });
}

// All parts so far are in shards from now on.
void Committer::checkpoint() {
  const std::vector<ShardEntry> changed = shards_->checkpoint();
  shards_completed_at_checkpoint_ = shards_->shards_completed();
  journal_->add_checkpoint(changed, inputs_.size());
  for (; parts_in_shards_ < inputs_.size(); ++parts_in_shards_) {
    remove_file(part_paths(folder_.parts(), parts_in_shards_).tokens);
  }
}

void Committer::write_final_manifest() {
  Manifest manifest = manifest_of(plan_, folder_.binding_digest(), tally_, corpus_);
  manifest.inputs = inputs_;
  manifest.parts_in_shards = inputs_.size();
  manifest.shards = final_shards_;
  ShardWriterOptions shards = plan_.shards;
  shards.folder = folder_.path();
  manifest.split_files = write_split_files(shards, final_shards_);
  write_file(folder_.manifest(), write_manifest(manifest));
}

void Committer::finish() {
  checkpoint();
  final_shards_ = shards_->shards();
  only_document_trains_ =
      move_only_document(folder_.path(), kept_, plan_.validation_per_mille, Split::kTrain, final_shards_);
  write_final_manifest();
  remove_unlisted_shards(folder_.path(), final_shards_);
  folder_.finish();
}

void Committer::warn_of_small_corpus(const std::string& output, const Log& log) const {
  if (plan_.stops() || (corpus_.empty() && !plan_.corpora.empty())) return;  // there are no shards
  ftok::warn_of_small_corpus(output, tally_, only_document_trains_, plan_.shards.format->name(), final_shards_, log);
}

std::vector<std::string> Committer::shard_names() const {
  std::vector<std::string> names;
  for (const ShardEntry& entry : final_shards_) names.push_back(entry.shard.name);
  return names;
}

}  // namespace ftok
