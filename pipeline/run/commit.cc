#include "pipeline/run/commit.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/ordered_pipeline.h"
#include "pipeline/run/cpu_clock.h"
#include "pipeline/signals.h"
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

Committer::Committer(OutputFolder& folder, const Plan& plan, const CommitOptions& options,
                     std::vector<PartReceipt> parts, Progress& progress)
    : folder_(folder),
      plan_(plan),
      options_(options),
      progress_(progress),
      deduplicator_(std::make_unique<Deduplicator>(plan.dedup, plan.key_layout)) {
  Manifest manifest;
  if (std::filesystem::exists(folder.manifest())) manifest = read_manifest(folder.manifest());
  remove_unlisted_shards(folder.path(), manifest.shards);
  ShardWriterOptions shard_options = plan.shards;
  shard_options.folder = folder.path();
  shards_ = std::make_unique<ShardWriter>(shard_options, manifest.shards);
  shard_entries_ = manifest.shards;
  parts_in_shards_ = std::min<size_t>(manifest.parts_in_shards, parts.size());
  for (PartReceipt& part : parts) {
    rebuild_index(part);
    reports_.push_back(std::move(*parse_input_report(part.report)));
    kept_ += part.kept();
    parts_.push_back(std::move(part));
    if (parts_.size() > parts_in_shards_) add_to_shards(parts_.back());
  }
  parts_in_shards_ = parts_.size();
}

Committer::~Committer() = default;

void Committer::rebuild_index(const PartReceipt& part) {
  first_document_.push_back(judged_);
  if (part.judged == 0) return;
  const PartKeys keys(part_paths(folder_.parts(), part.number).keys);
  deduplicator_->begin_input();
  keys.for_each([&](uint64_t, std::string_view, std::span<const uint64_t> row) {
    if (deduplicator_->active()) deduplicator_->replay(row, judged_);
    ++judged_;
  });
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
      [&](Entry& entry) { work(entry); }, [&](Entry& entry) { emit(entry, writer, report); });
  parts_.push_back(writer.commit(folder_.binding_digest(), write_input_report(report)));
  std::filesystem::remove(folder_.candidates(number));
  reports_.push_back(std::move(report));
  add_to_shards(parts_.back());
  parts_in_shards_ = parts_.size();
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
  run_stages(plan_.late_stages, item, false, options_.late_stage_ns);
  document = std::move(item.document);
  const CpuTimer timer(options_.encode_ns);
  document.tokens = plan_.encoding->encode_ordinary(document.text);
  entry.specials_as_text = plan_.encoding->count_specials(document.text);
}

void Committer::emit(Entry& entry, PartWriter& writer, InputReport& report) {
  if (!entry.candidate.is_document) {
    writer.add_reject(entry.candidate.reject);
    return;
  }
  Document& document = entry.candidate.document;
  writer.add_judged(document.id, entry.keys);
  if (!entry.verdict.kept()) {
    --report.tally.kept;
    ++report.tally.dropped[entry.verdict.reason];
    if (options_.rejects != Rejects::kNone) {
      writer.add_reject(reject_line(document, entry.verdict, options_.rejects, entry.duplicate_of));
    }
    return;
  }
  const bool first = kept_++ == 0;  // so that there is at least one document to validate on
  writer.add_kept(document,
                  first || is_validation(document.id, plan_.validation_per_mille) ? Split::kValidation : Split::kTrain);
  report.tally.tokens += document.tokens.size();
  report.tally.text_bytes += document.text.size();
  report.tally.specials_as_text += entry.specials_as_text;
  ++progress_.kept;
  progress_.tokens += document.tokens.size();
}

void Committer::add_to_shards(const PartReceipt& part) {
  const uint64_t completed = shards_->shards_completed();
  if (part.kept() > 0) {
    PartTokens tokens(part_paths(folder_.parts(), part.number).tokens);
    std::string_view id;
    Split split{};
    std::vector<uint32_t> ids;
    while (tokens.next(id, split, ids)) shards_->add(split, id, ids);
  }
  if (shards_->shards_completed() == completed) return;
  parts_in_shards_ = part.number + 1;
  write_checkpoint();
}

void Committer::write_checkpoint() {
  shard_entries_ = shards_->checkpoint();
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
  for (const PartReceipt& part : parts_) {
    const std::string path = part_paths(folder_.parts(), part.number).receipt;
    FileEntry receipt{std::filesystem::path(path).lexically_relative(folder_.path()).string(), 0, ""};
    receipt.checksum = checksum_of_file(path, &receipt.bytes);
    manifest.inputs.push_back({part.number, part.report, receipt});
  }
  manifest.parts_in_shards = parts_in_shards_;
  manifest.shards = shard_entries_;
  JsonWriter totals;
  totals.begin_object();
  tally().write_fields(totals);
  totals.end_object();
  manifest.totals = totals.take();
  write_file(folder_.manifest(), write_manifest(manifest));
  for (const PartReceipt& part : parts_) {
    if (part.number >= parts_in_shards_) break;
    std::error_code ignored;  // gone already, for most
    std::filesystem::remove(part_paths(folder_.parts(), part.number).tokens, ignored);
  }
}

void Committer::finish() {
  parts_in_shards_ = parts_.size();
  write_checkpoint();
  folder_.remove_work();
}

Tally Committer::tally() const {
  Tally total;
  for (const InputReport& report : reports_) total.add(report.tally);
  return total;
}

std::vector<std::string> Committer::shard_names() const {
  std::vector<std::string> names;
  for (const ShardEntry& entry : shard_entries_) names.push_back(entry.shard.name);
  return names;
}

std::string Committer::dedup_summary(uint64_t documents_expected) const {
  if (!deduplicator_->active()) return "deduplication is off";
  return fmt::format("deduplication index: at most {} for the {} documents expected; ceiling dedup.memory = {}",
                     bytes_text(static_cast<double>(deduplicator_->predict_bytes(documents_expected))),
                     documents_expected, bytes_text(static_cast<double>(plan_.dedup.memory)));
}

std::vector<std::string> Committer::quarantined() const {
  std::vector<std::string> inputs;
  for (const InputReport& report : reports_) {
    if (!report.quarantined.empty()) inputs.push_back(report.input);
  }
  return inputs;
}

std::string Committer::first_failure() const {
  for (const InputReport& report : reports_) {
    if (!report.quarantined.empty()) return report.quarantined;
  }
  return "";
}

}  // namespace ftok
