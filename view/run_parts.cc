#include "view/run_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "pipeline/input_report.h"
#include "pipeline/progress.h"
#include "shards/manifest.h"
#include "shards/part.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTextsMark = ".text.", kRejectsMark = ".rejects.";
constexpr uint64_t kProgressBytesMax = 1 << 20;

bool is_there(const std::string& path) {
  std::error_code code;
  return fs::exists(path, code);
}

// The files of a part, JSON Lines or Parquet.
void find_files(const std::string& parts, uint64_t number, RunPart& part) {
  for (const TextFormat format : {TextFormat::kJsonl, TextFormat::kParquet}) {
    const PartPaths paths = part_paths(parts, number, format);
    if (part.texts.empty() && is_there(paths.text)) part.texts = paths.text;
    if (part.rejects.empty() && is_there(paths.rejects)) part.rejects = paths.rejects;
  }
}

RunPart part_of(const std::string& parts, uint64_t number, const std::string& report) {
  RunPart part;
  if (const Result<InputReport> parsed = parse_input_report(report)) {
    part.input = parsed->input;
    part.tally = parsed->tally;
  }
  find_files(parts, number, part);
  return part;
}

// A job's files stand for as many inputs as a task had; nobody but who reads them knows how many documents they hold.
std::vector<RunPart> parts_by_name(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::vector<RunPart> parts;
  std::string last;
  for (const std::string& name : names) {
    const bool is_texts = name.find(kTextsMark) != std::string::npos;
    if (!is_texts && name.find(kRejectsMark) == std::string::npos) continue;
    const std::string stem = name.substr(0, name.find('.'));
    if (parts.empty() || stem != last) parts.emplace_back();
    last = stem;
    (is_texts ? parts.back().texts : parts.back().rejects) = folder + "/" + name;
  }
  return parts;
}

void sum_up(RunFacts& facts) {
  for (const RunPart& part : facts.parts) {
    facts.has_texts = facts.has_texts || !part.texts.empty();
    facts.has_rejects = facts.has_rejects || !part.rejects.empty();
    if (!facts.is_done && part.tally) facts.tally.add(*part.tally);
  }
}

// The recipe in binding.toml: behind the version, before what is no key of it.
std::string recipe_of_binding(const std::string& path) {
  if (!is_there(path)) return "";
  std::string text = read_file(path, uint64_t{16} << 20);
  const size_t end = std::min(text.find("\nrejects = "), text.size());
  text.resize(std::min(end + 1, text.size()));
  const size_t begin = text.find('\n');
  return begin == std::string::npos ? "" : text.substr(begin + 1);
}

}  // namespace

std::optional<uint64_t> RunPart::rows(bool is_kept, const std::string& reason) const {
  if ((is_kept ? texts : rejects).empty()) return 0;
  if (!tally) return std::nullopt;
  if (is_kept) return tally->kept;
  uint64_t count = 0;
  for (const auto& [name, dropped] : tally->dropped) count += reason.empty() || reason == name ? dropped : 0;
  return count;
}

RunFacts RunFolder::finished() const {
  const Manifest manifest = read_manifest(path_ + "/" + kManifestName);
  RunFacts facts;
  facts.is_done = true;
  facts.recipe = manifest.recipe;
  facts.vocabulary = manifest.vocabulary.name;
  facts.notes = manifest.notes;
  facts.inputs = manifest.inputs.size();
  facts.shards = manifest.shards.size();
  if (const Result<Tally> tally = parse_tally(manifest.totals)) facts.tally = *tally;
  if (manifest.job.empty()) {
    for (const Manifest::Input& input : manifest.inputs)
      facts.parts.push_back(part_of(path_ + "/parts", input.part, input.report));
  } else {
    facts.parts = parts_by_name(path_ + "/parts");
  }
  sum_up(facts);
  return facts;
}

RunFacts RunFolder::in_progress(const RunFacts* before) const {
  RunFacts facts;
  facts.recipe = recipe_of_binding(path_ + "/" + kBindingName);
  if (before != nullptr) facts.parts = before->parts;  // receipts never change
  const std::string parts = path_ + "/parts";
  for (uint64_t number = facts.parts.size(); is_there(part_paths(parts, number).receipt); ++number)
    facts.parts.push_back(part_of(parts, number, read_part_receipt(part_paths(parts, number).receipt).report));
  if (facts.parts.empty()) facts.parts = parts_by_name(parts);
  sum_up(facts);
  return facts;
}

std::shared_ptr<const RunFacts> RunFolder::facts() const {
  const std::lock_guard lock(mutex_);
  if (facts_ && facts_->is_done) return facts_;
  if (is_there(path_ + "/" + kManifestName)) {
    facts_ = std::make_shared<const RunFacts>(finished());
  } else {
    const bool goes_on = facts_ && !facts_->parts.empty() && facts_->parts.front().tally;
    facts_ = std::make_shared<const RunFacts>(in_progress(goes_on ? facts_.get() : nullptr));
  }
  return facts_;
}

std::string RunFolder::progress(double& age_seconds) const {
  const std::string path = path_ + "/" + kProgressName;
  std::error_code code;
  const fs::file_time_type written = fs::last_write_time(path, code);
  if (code || fs::file_size(path, code) > kProgressBytesMax || code) return "";
  age_seconds = std::chrono::duration<double>(fs::file_time_type::clock::now() - written).count();
  return read_file(path, kProgressBytesMax);
}

}  // namespace ftok
