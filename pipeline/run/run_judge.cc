#include "pipeline/run/run_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/signals.h"
#include "dedup/signatures.h"

namespace ftok {

RunJudge::RunJudge(const OutputFolder& folder, const std::string& corpus, const Plan& plan, const Log& log)
    : folder_(folder),
      plan_(plan),
      earlier_(plan.earlier_of(corpus)),
      log_(log),
      keys_(plan.dedup, plan.key_layout),
      index_(std::make_unique<Deduplicator>(plan.dedup, plan.key_layout)) {
  if (plan.dedup.waits()) go_to_disk();
  for (size_t part = 0; part < earlier_.parts.size(); ++part) {
    add_part(earlier_.parts[part], earlier_.ends[part] - earlier_.begin(part));
  }
}

std::string RunJudge::scratch() const { return folder_.work_path() + "/keys"; }

void RunJudge::go_to_disk() {
  const std::string why =
      plan_.dedup.waits()
          ? fmt::format("{}: documents are judged once all inputs are there",
                        plan_.dedup.ranks() ? "dedup.keep = " + plan_.dedup.keeper.keep
                                            : "dedup.clusters = " + plan_.dedup.clusters)
          : fmt::format("the deduplication index does not fit dedup.memory = {} after {} documents: from here on",
                        bytes_text(static_cast<double>(plan_.dedup.memory)), judged_);
  log_(LogLevel::kInfo, fmt::format("{}, in sorted passes in {}", why, scratch()));
  index_.reset();
  sorted_ = std::make_unique<SortedKeys>(plan_.dedup, plan_.key_layout, scratch());
  for (size_t part = 0; part < parts_.size(); ++part) gather_part(part);
}

void RunJudge::gather_part(size_t part) {
  if (stop_requested()) throw Stopped();
  sorted_->begin_input();
  const uint64_t end = part + 1 < parts_.size() ? first_document_[part + 1] : judged_;
  if (end == first_document_[part]) return;  // it may have no keys file
  const bool comes_first = part < earlier_.parts.size();
  const PartKeys keys(parts_[part].path, PartKeys::Check::kChecksum, parts_[part].stretch);
  keys.for_each([&](uint64_t, std::string_view, std::span<const uint64_t> row) {
    comes_first ? sorted_->add_first(row) : sorted_->add(row);
  });
}

void RunJudge::replay(uint64_t part, uint64_t judged) { add_part({part_paths(folder_.parts(), part).keys}, judged); }

void RunJudge::add_part(KeysPart part, uint64_t judged) {
  const bool fits = admits(judged);
  first_document_.push_back(judged_);
  parts_.push_back(std::move(part));
  ++begun_;
  uint64_t number = judged_;
  judged_ += judged;
  if (sorted_ != nullptr) {
    gather_part(parts_.size() - 1);
  } else if (fits && keys_.active() && judged > 0) {
    const PartKeys keys(parts_.back().path, PartKeys::Check::kChecksum, parts_.back().stretch);
    keys.for_each([&](uint64_t, std::string_view, std::span<const uint64_t> row) { index_->replay(row, number++); });
  }
}

bool RunJudge::admits(uint64_t documents) {
  if (!keys_.active()) return true;
  if (sorted_ != nullptr) return false;
  index_->begin_input();
  if (index_->fits(documents)) return true;
  go_to_disk();
  return false;
}

// The keys file of a part of this run.
std::string RunJudge::own_keys(size_t part) const {
  return part_paths(folder_.parts(), part - earlier_.parts.size()).keys;
}

void RunJudge::gather(CandidateReader& reader) {
  PartOptions options;
  options.keys_per_document = keys_.keys_per_document();
  PartPaths paths;
  paths.keys = fmt::format("{}/{:06}.keys", scratch(), parts_.size());
  PartWriter writer(options, paths);
  writer.begin_part();
  first_document_.push_back(sorted_->documents());
  parts_.push_back({paths.keys});
  sorted_->begin_input();
  Candidate candidate;
  while (reader.next(candidate)) {
    if (stop_requested()) throw Stopped();
    if (!candidate.is_document) continue;
    const std::vector<uint64_t> keys = keys_.keys(candidate.document);
    writer.add_judged(candidate.document.id, keys);
    sorted_->add(keys);
  }
  writer.end_part(0, "{}");
  writer.commit_files();
}

size_t RunJudge::decidable() const {
  size_t part = begun_;
  const auto end = [&] { return part + 1 < parts_.size() ? first_document_[part + 1] : sorted_->documents(); };
  while (part < parts_.size() && end() <= sorted_->decidable()) ++part;
  return part - begun_;
}

// The part that was in progress has its own keys file.
void RunJudge::forget_gathered() {
  const size_t part = begun_ - 1;
  if (begun_ == 0 || !parts_[part].path.starts_with(scratch())) return;
  remove_file(parts_[part].path);
  parts_[part].path = own_keys(part);
}

void RunJudge::begin_part() {
  forget_gathered();
  if (sorted_ == nullptr) {
    parts_.push_back({own_keys(parts_.size())});
    first_document_.push_back(judged_);
    ids_.clear();
  }
  ++begun_;
}

Judgement RunJudge::judge(const Document& document) {
  Judgement judgement;
  if (sorted_ == nullptr) ids_.push_back(document.id);
  if (keys_.active()) {
    judgement.keys = keys_.keys(document);
    judgement.verdict = sorted_ ? verdict(judgement.keys) : index_->judge(judgement.keys, judged_);
  }
  if (sorted_ && plan_.dedup.joins()) {
    const ClusterFinder::Cluster cluster = sorted_->cluster_of(judged_);
    judgement.cluster = {cluster.first == judged_ ? document.id : row(cluster.first).id, cluster.size};
  }
  ++judged_;
  if (!judgement.verdict.kept()) judgement.duplicate_of = row(static_cast<uint64_t>(judgement.verdict.value)).id;
  return judgement;
}

Verdict RunJudge::verdict(std::span<const uint64_t> all_keys) {
  const KeyLayout& layout = plan_.key_layout;
  const KeyParts keys = layout.parts_of(all_keys);
  std::vector<Repeat> repeats;
  for (Repeat repeat : sorted_->repeats_of(judged_)) {
    if (repeat.alike == Alike::kText || plan_.dedup.verifies() || layout.ranked) {
      const Row first = row(repeat.first);
      repeat.agrees = first.check == keys.check;
      repeat.rank = first.rank;
      if (repeat.alike == Alike::kBuckets && plan_.dedup.verifies()) {
        repeat.similarity = signature_similarity(first.signature, keys.signature, layout.signature_hashes);
      }
    }
    repeats.push_back(repeat);
  }
  if (layout.ranked) order_by_rank(repeats);
  if (plan_.dedup.keeps_one()) {
    const ClusterFinder::Cluster cluster = sorted_->cluster_of(judged_);
    if (cluster.first != judged_) {
      repeats.push_back({judged_, cluster.first, static_cast<uint32_t>(cluster.size), Alike::kCluster});
    }
  }
  return verdict_of(repeats, plan_.dedup, layout, statistics_);
}

RunJudge::Row RunJudge::row(uint64_t document) const {
  Row row;
  if (sorted_ == nullptr && document >= first_document_.back()) {
    row.id = ids_[document - first_document_.back()];
    return row;
  }
  const auto after = std::upper_bound(first_document_.begin(), first_document_.end(), document);
  const auto part = static_cast<size_t>(after - first_document_.begin()) - 1;
  const PartKeys file(parts_[part].path, PartKeys::Check::kSizesOnly, parts_[part].stretch);
  std::vector<uint64_t> keys;
  row.id = file.id_and_keys(document - first_document_[part], keys);
  if (keys.size() != plan_.key_layout.keys()) return row;  // only where nothing is compared
  const KeyParts parts = plan_.key_layout.parts_of(std::span<const uint64_t>(keys));
  row.check = parts.check;
  row.rank = part < earlier_.parts.size() ? 0 : plan_.key_layout.rank_of(keys);
  row.signature.assign(parts.signature.begin(), parts.signature.end());
  return row;
}

std::string RunJudge::summary(uint64_t documents_expected) const {
  if (!keys_.active()) return "deduplication is off";
  if (plan_.dedup.waits()) return "deduplication in sorted passes on disk";
  const uint64_t bytes = keys_.predict_bytes(documents_expected);
  const bool fits = bytes <= static_cast<uint64_t>(plan_.dedup.memory);
  return fmt::format("deduplication index: at most {} for the {} documents expected; ceiling dedup.memory = {}{}",
                     bytes_text(static_cast<double>(bytes)), documents_expected,
                     bytes_text(static_cast<double>(plan_.dedup.memory)),
                     fits ? "" : "; what does not fit is compared in sorted passes on disk");
}

}  // namespace ftok
