#include "pipeline/run/commit.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/ordered_pipeline.h"
#include "core/signals.h"
#include "pipeline/run/cpu_clock.h"
#include "pipeline/small_corpus.h"
#include "text/unicode.h"

namespace ftok {

// A candidate on its way through the second half.
struct Committer::Entry {
  Candidate candidate;
  Verdict verdict;
  std::vector<uint64_t> keys;
  std::string duplicate_of;
  uint64_t specials_as_text = 0;
};

// A checkpoint writes the short last shard of each split and the next one takes it up again. After so many completed
// shards that copy is small beside them; until then the tokens of their parts stay in parts/.
constexpr uint64_t kShardsPerCheckpoint = 8;

Committer::Committer(const OutputFolder& folder, const Plan& plan, const CommitOptions& options, RunState state,
                     Progress& progress)
    : folder_(folder),
      plan_(plan),
      options_(options),
      progress_(progress),
      parts_in_shards_(state.parts_in_shards),
      deduplicator_(std::make_unique<Deduplicator>(plan.dedup, plan.key_layout)) {
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
    rebuild_index(number, part.judged);
    count(*parse_input_report(part.report));
    kept_ += part.kept;
    inputs_.push_back({number, std::move(part.report), std::move(part.receipt)});
    if (number >= state.parts_in_shards) add_to_shards(number, part.kept);
  }
}

Committer::~Committer() = default;

void Committer::rebuild_index(uint64_t part, uint64_t judged) {
  first_document_.push_back(judged_);
  if (judged == 0) return;
  const PartKeys keys(part_paths(folder_.parts(), part).keys);
  deduplicator_->begin_input();
  keys.for_each([&](uint64_t, std::string_view, std::span<const uint64_t> row) {
    if (deduplicator_->active()) deduplicator_->replay(row, judged_);
    ++judged_;
  });
}

void Committer::count(const InputReport& report) {
  tally_.add(report.tally);
  if (report.quarantined.empty()) return;
  if (quarantined_.empty()) first_failure_ = report.quarantined;
  quarantined_.push_back(report.input);
}

void Committer::commit(uint64_t number) {
  CandidateReader reader(folder_.candidates(number));
  InputReport report = reader.report();
  PartOptions part_options;
  part_options.folder = folder_.parts();
  part_options.text = options_.text;
  part_options.rejects = options_.rejects != Rejects::kNone;
  part_options.token_bytes = token_bytes_for(plan_.shards.vocabulary_size);
  part_options.keys_per_document = deduplicator_->keys_per_document();
  PartWriter writer(part_options, number);
  const SplitKeys split_keys(report.input);
  first_document_.push_back(judged_);
  ids_.clear();
  deduplicator_->begin_input();
  ordered_pipeline<Entry>(
      options_.live_max,
      [&]() -> std::unique_ptr<Entry> {
        if (stop_requested()) throw Stopped();
        auto entry = std::make_unique<Entry>();
        if (!reader.next(entry->candidate)) return nullptr;
        if (entry->candidate.is_document) judge(*entry);
        return entry;
      },
      [&](Entry& entry) { work(entry); }, [&](Entry& entry) { emit(entry, split_keys, writer, report); });
  const PartReceipt receipt = writer.commit(folder_.binding_digest(), write_input_report(report));
  const std::string text = write_part_receipt(receipt);
  CommittedPart part{receipt.judged, receipt.kept(), {}, receipt.report};
  part.receipt = {fmt::format("parts/{:06}.receipt", number), text.size(), checksum_of(text)};
  journal_->add_part(number, part);
  remove_file(folder_.candidates(number));
  count(report);
  inputs_.push_back({number, std::move(part.report), std::move(part.receipt)});
  add_to_shards(number, receipt.kept());
  ++progress_.inputs_committed;
}

// Runs beside emit(): the two share nothing but constants.
void Committer::judge(Entry& entry) {
  const CpuTimer timer(options_.dedup_ns);
  const Document& document = entry.candidate.document;
  ids_.push_back(document.id);
  if (deduplicator_->active()) {
    entry.keys = deduplicator_->keys(document);
    entry.verdict = deduplicator_->judge(entry.keys, judged_);
  }
  ++judged_;
  if (!entry.verdict.kept()) entry.duplicate_of = id_of(static_cast<uint64_t>(entry.verdict.value));
}

std::string Committer::id_of(uint64_t document) const {
  if (document >= first_document_.back()) return ids_[document - first_document_.back()];
  const auto after = std::upper_bound(first_document_.begin(), first_document_.end(), document);
  const auto part = static_cast<size_t>(after - first_document_.begin()) - 1;
  const PartKeys keys(part_paths(folder_.parts(), part).keys, PartKeys::Check::kSizesOnly);
  return keys.id(document - first_document_[part]);
}

void Committer::work(Entry& entry) const {
  if (!entry.candidate.is_document || !entry.verdict.kept()) return;
  Document& document = entry.candidate.document;
  Item item;
  item.document = std::move(document);
  run_stages(plan_.late_stages, item, false, options_.late_stage_ns, options_.budget);
  drop_if_empty(item);
  document = std::move(item.document);
  if (!item.verdict.kept()) {
    entry.verdict = std::move(item.verdict);
    return;
  }
  const CpuTimer timer(options_.encode_ns);
  MemoryBudget::Share share(options_.budget);
  share.resize(working_bytes(document));
  document.tokens = plan_.encoding->encode_ordinary(document.text);
  entry.specials_as_text = plan_.encoding->count_specials(document.text);
}

void Committer::emit(Entry& entry, const SplitKeys& split_keys, PartWriter& writer, InputReport& report) {
  if (!entry.candidate.is_document) {
    writer.add_reject(entry.candidate.reject);
    return;
  }
  Document& document = entry.candidate.document;
  writer.add_judged(document.id, entry.keys);
  if (!entry.verdict.kept()) {
    report.tally.drop_kept(entry.verdict);
    if (entry.verdict.kind == Verdict::Kind::kDrop && options_.rejects != Rejects::kNone) {
      writer.add_reject(reject_line(document, entry.verdict, options_.rejects, entry.duplicate_of));
    }
    return;
  }
  const bool first =
      kept_++ == 0 && plan_.validation_per_mille > 0;  // so that there is at least one document to validate on
  const bool validates = first || is_validation(split_keys.of(document.id), plan_.validation_per_mille);
  writer.add_kept(document, validates ? Split::kValidation : Split::kTrain);
  report.tally.tokens += document.tokens.size();
  report.tally.text_bytes += document.text.size();
  report.tally.specials_as_text += entry.specials_as_text;
  ++progress_.kept;
  progress_.tokens += document.tokens.size();
}

void Committer::add_to_shards(uint64_t part, uint64_t kept) {
  if (kept > 0) {
    PartTokens tokens(part_paths(folder_.parts(), part).tokens);
    std::string_view id;
    Split split{};
    std::vector<uint32_t> ids;
    while (tokens.next(id, split, ids)) shards_->add(split, id, ids);
  }
  if (shards_->shards_completed() - shards_completed_at_checkpoint_ >= kShardsPerCheckpoint) checkpoint();
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
  Manifest manifest;
  manifest.software = {{"ftok", FTOK_VERSION}, {"unicode", kUnicodeVersion}};
  manifest.recipe = plan_.recipe;
  manifest.binding = folder_.binding_digest();
  manifest.digests = plan_.digests;
  manifest.notes = plan_.notes;
  manifest.vocabulary = {plan_.vocabulary_name, plan_.vocabulary_digest, plan_.shards.vocabulary_size,
                         plan_.shards.end_of_text};
  describe_shards(plan_.shards, manifest);
  manifest.validation_per_mille = static_cast<uint64_t>(plan_.validation_per_mille);
  manifest.inputs = inputs_;
  manifest.parts_in_shards = inputs_.size();
  manifest.shards = final_shards_;
  JsonWriter totals;
  totals.begin_object();
  tally_.write_fields(totals);
  totals.end_object();
  manifest.totals = totals.take();
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
  ftok::warn_of_small_corpus(output, tally_, only_document_trains_, plan_.shards.format->name(), final_shards_, log);
}

std::vector<std::string> Committer::shard_names() const {
  std::vector<std::string> names;
  for (const ShardEntry& entry : final_shards_) names.push_back(entry.shard.name);
  return names;
}

std::string Committer::dedup_summary(uint64_t documents_expected) const {
  if (!deduplicator_->active()) return "deduplication is off";
  return fmt::format("deduplication index: at most {} for the {} documents expected; ceiling dedup.memory = {}",
                     bytes_text(static_cast<double>(deduplicator_->predict_bytes(documents_expected))),
                     documents_expected, bytes_text(static_cast<double>(plan_.dedup.memory)));
}

}  // namespace ftok
