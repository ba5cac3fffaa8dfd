#include "pipeline/output_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "core/error.h"
#include "core/recipe.h"
#include "core/shown.h"
#include "pipeline/inputs.h"
#include "pipeline/no_texts.h"
#include "pipeline/run/candidates.h"
#include "shards/checksum.h"
#include "shards/job_manifest.h"
#include "shards/part.h"
#include "shards/removal.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

constexpr ptrdiff_t kPartDigits = 6;  // of a number in the names of a part

constexpr std::string_view kVersionLine = "folder_version = ";

// Of the folder that a binding belongs to; 0 for one that has no version: before 2.
int version_of(std::string_view binding) {
  int version = 0;
  if (!binding.starts_with(kVersionLine)) return 0;
  binding.remove_prefix(kVersionLine.size());
  std::from_chars(binding.data(), binding.data() + binding.size(), version);
  return version;
}

std::string version_text(int version) {
  return version == 0 ? "ftok 0.1.0 (folder version 1)" : fmt::format("a later ftok (folder version {})", version);
}

InputReport report_of(const std::string& json, const std::string& path, size_t number) {
  Result<InputReport> report = parse_input_report(json);
  if (!report.ok()) {
    throw Error(fmt::format("{}: the report of input {} cannot be read: {}", path, number + 1, report.damage().detail));
  }
  return std::move(*report);
}

// Whether the input could not be read, was empty, or had no text.
bool gave_nothing(const InputReport& report) {
  return !report.quarantined.empty() || report.tally.records == 0 || has_no_texts(report.tally);
}

// A folder without a binding holds nothing of ours: names that a run would write, or remove, belong to someone.
void refuse_what_others_hold(const std::string& path) {
  std::string theirs;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    const bool would_be_ours = name == kManifestName || name == kJournalName || name == "parts" || name == "work";
    if (would_be_ours && (theirs.empty() || name < theirs)) theirs = name;
  }
  for (const std::string& name : shard_files_in(path)) {
    if (theirs.empty()) theirs = name;
  }
  for (const ShardFormat* format : shard_formats()) {
    for (const Split split : kSplits) {
      for (const std::string& name : format->split_files(split)) {
        if (theirs.empty() && fs::exists(fs::path(path) / name)) theirs = name;
      }
    }
  }
  if (theirs.empty()) return;
  throw UsageError(
      fmt::format("{} holds {}, which no run of this folder wrote; name another folder", path, escape_bytes(theirs)));
}

// The name in `digests.vocabulary: "NAME DIGEST"`, from `at` on.
std::string vocabulary_in(const std::string& difference, size_t at) {
  const size_t begin = difference.find('"', at), end = difference.find(' ', begin);
  return begin == std::string::npos || end == std::string::npos ? "" : difference.substr(begin + 1, end - begin - 1);
}

// A binding leaves out shards of the format that there was first (bound_recipe).
std::string with_shard_format(std::string binding) {
  constexpr std::string_view kSection = "\n[shards]\n";
  const size_t section = binding.find(kSection);
  if (section == std::string::npos) return binding;
  const std::string_view shards = std::string_view(binding).substr(section, binding.find("\n[", section + 1) - section);
  if (shards.find("\nformat = ") == std::string_view::npos)
    binding.insert(section + kSection.size(), "format = \"llmc\"\n");
  return binding;
}

// The inputs of a finished folder of `ftok tokenize` as arguments: all of them where they are few.
std::string inputs_as_arguments(const std::string& path) {
  constexpr size_t kNamedMax = 3;
  std::string text;
  const Manifest manifest = read_manifest(path + "/" + kManifestName);
  for (const Manifest::Input& input : manifest.inputs) {
    const Result<InputReport> report = parse_input_report(input.report);
    if (manifest.inputs.size() > kNamedMax || !report.ok()) return "FILE...";
    text += fmt::format("{}'{}'", text.empty() ? "" : " ", report->input);
  }
  return text;
}

// What to do instead of going on in a finished folder of another recipe. A run's kept texts are there: another
// vocabulary needs no second run; shards of another format are converted.
std::string other_recipe_advice(const std::string& path, const std::string& bound, const std::string& difference) {
  std::error_code code;
  const std::string other = "use another folder", texts = path + "/parts/000000.text.";
  if (!fs::exists(path + "/" + kManifestName, code)) return other;
  constexpr std::string_view kFormat = "shards.format: ", kNot = ", not ";
  if (difference.starts_with(kFormat)) {
    std::string format = difference.substr(difference.find(kNot) + kNot.size());
    std::erase(format, '"');
    return fmt::format("its shards in that format: ftok shards convert --to {} {} NEW", format, path);
  }
  const std::string wanted = vocabulary_in(difference, difference.find(kNot));
  if (!difference.starts_with("digests.vocabulary: ") || wanted.empty()) return other;
  if (fs::exists(texts + "jsonl.zst", code) || fs::exists(texts + "parquet", code)) {
    return fmt::format("its texts in that vocabulary: ftok tokenize '{}/parts/*.text.*' --vocab {} -o NEW", path,
                       wanted);
  }
  if (bound.find("\n[tokenize]\n") == std::string::npos) return other;
  return fmt::format("its inputs in that vocabulary: ftok tokenize {} --vocab {} -o NEW, with the flags given here",
                     inputs_as_arguments(path), wanted);
}

// Whether a folder is not there, or holds nothing but half-written files.
bool is_bare(const std::string& path) {
  if (!fs::exists(path)) return true;
  const fs::directory_iterator all(path);
  return std::all_of(begin(all), end(all), [](const auto& entry) { return is_temporary(entry.path().string()); });
}

}  // namespace

std::string run_binding(const std::string& binding) {
  return fmt::format("{}{}\n{}", kVersionLine, kRunFolderVersion, binding);
}

CandidateFolder::CandidateFolder(const std::string& path, const std::string& binding)
    : CandidateFolder(path, binding, Bound::kMustBeThis) {}

CandidateFolder::CandidateFolder(const std::string& path, const std::string& binding, Bound bound)
    : path_(path), binding_(binding), binding_digest_(checksum_of(binding)) {
  if (fs::exists(path) && !fs::is_directory(path)) throw UsageError(path + " is a file, expected a folder");
  if (fs::exists(path + "/" + kJobName)) {
    throw UsageError(path + " holds a job, whose tasks write there (`ftok task`); name another folder");
  }
  if (has_removals(path)) {
    throw UsageError(
        path + ": documents were removed from it (`ftok remove-ids`), so it cannot be continued; name another folder");
  }
  if (fs::exists(path) && !fs::exists(path + "/" + kBindingName)) refuse_what_others_hold(path);
  make_folder(path);
  if (bound == Bound::kMustBeThis) {
    bind();
  } else {
    write_binding_unless_there();
  }
}

void CandidateFolder::write_binding_unless_there() const {
  if (fs::exists(binding_path())) return;
  AtomicFile file(binding_path());
  file.write(binding_);
  file.commit_unless_there();
}

void CandidateFolder::bind() const {
  write_binding_unless_there();
  if (const std::string bound = read_binding(); bound != binding_) refuse(bound);
}

std::string CandidateFolder::read_binding() const { return read_file(binding_path(), 64 << 20); }

void CandidateFolder::refuse(const std::string& bound) const {
  if (version_of(bound) != version_of(binding_)) {
    throw UsageError(
        fmt::format("{} was made by {}, this is ftok {} (folder version {}): use another "
                    "folder, or finish it with {}",
                    path_, version_text(version_of(bound)), FTOK_VERSION, version_of(binding_),
                    version_of(bound) == 0 ? "ftok 0.1.0" : "that version"));
  }
  const std::string difference = recipe_difference(with_shard_format(bound), with_shard_format(binding_));
  throw UsageError(fmt::format("{} was made with another recipe: {}; {}", path_, difference,
                               other_recipe_advice(path_, bound, difference)));
}

void CandidateFolder::join() const {
  open_work();
  write_file(shared_path(), "");
  bind();
}

void CandidateFolder::open_work() const {
  make_folder(work_path());
  remove_dead_temporaries(work_path());
}

std::string CandidateFolder::candidates(uint64_t number) const {
  return fmt::format("{}/{:06}.candidates", work_path(), number);
}

bool CandidateFolder::has_part(uint64_t number) const { return fs::exists(part_paths(parts_path(), number).receipt); }

OutputFolder::OutputFolder(const std::string& path, const std::string& binding)
    : CandidateFolder(path, binding, Bound::kMayBeAnother) {
  lock_ = lock_unless_refused();
  bind_anew();
  remove_temporaries(path);
  make_folder(parts());
  remove_temporaries(parts());
  for (const char* folder : {"/train", "/val"}) remove_temporaries(path + folder);
  open_work();
}

// A folder that is not ours is refused as such, whoever holds its lock.
std::unique_ptr<FolderLock> OutputFolder::lock_unless_refused() const {
  if (const std::string bound = read_binding(); bound != binding() && !parts_given_up(bound)) refuse(bound);
  return std::make_unique<FolderLock>(path());
}

// Takes the folder over from another recipe that has committed nothing in it.
void OutputFolder::bind_anew() const {
  const std::string bound = read_binding();
  if (bound == binding()) return;
  const std::optional<size_t> given_up = parts_given_up(bound);
  if (!given_up) refuse(bound);
  write_file(binding_path(), binding());
  // Whoever joins says so before it reads the binding: it has read the new one, or is seen here.
  if (fs::exists(shared_path())) {
    write_file(binding_path(), bound);
    refuse(bound);
  }
  remove_parts_given_up(*given_up);
}

void OutputFolder::remove_parts_given_up(size_t parts) const {
  remove_file(journal());
  remove_file(manifest());
  for (size_t number = parts; number-- > 0;) remove_part(number);
}

// How many parts the recipe `bound` has committed, where these are of inputs that could not be read, or had no text,
// and there is nothing else in the folder; nothing where there is.
std::optional<size_t> OutputFolder::parts_given_up(const std::string& bound) const {
  if (version_of(bound) != kRunFolderVersion || !is_bare(work_path()) || !shard_files_in(path()).empty())
    return std::nullopt;
  RunState state;
  try {
    state = fs::exists(journal()) ? read_journal(journal(), checksum_of(bound)) : finished();
  } catch (const Error&) {
    return std::nullopt;
  }
  if (!state.shards.empty() || !state.position.empty()) return std::nullopt;
  for (size_t number = 0; number < state.parts.size(); ++number) {
    if (!gave_nothing(report_of(state.parts[number].report, path(), number))) return std::nullopt;
  }
  if (!fs::exists(parts())) return state.parts.size();
  for (const auto& entry : fs::directory_iterator(parts())) {
    const std::string name = entry.path().filename().string();
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_of_part = error == std::errc() && end == name.data() + kPartDigits && *end == '.';
    if (!is_temporary(name) && !(is_of_part && number < state.parts.size())) return std::nullopt;
  }
  return state.parts.size();
}

void OutputFolder::remove_part(uint64_t number) const {
  for (const TextFormat format : {TextFormat::kJsonl, TextFormat::kParquet}) {
    const PartPaths paths = part_paths(parts(), number, format);
    for (const std::string& path : {paths.receipt, paths.text, paths.rejects, paths.tokens, paths.keys}) {
      remove_file(path);
    }
  }
}

// What the manifest and the receipts of a finished folder come to.
RunState OutputFolder::finished() const {
  RunState state;
  if (!fs::exists(manifest())) return state;
  Manifest finished = read_manifest(manifest());
  for (Manifest::Input& input : finished.inputs) {
    const PartReceipt receipt = read_part_receipt(part_paths(parts(), input.part).receipt);
    state.parts.push_back({receipt.judged, receipt.kept(), std::move(input.receipt), std::move(input.report)});
  }
  state.shards = std::move(finished.shards);
  state.parts_in_shards = finished.parts_in_shards;
  return state;
}

bool OutputFolder::begins_anew(const std::vector<std::string>& inputs, const RunState& state) const {
  if (state.parts.empty() || !parts_given_up(binding())) return false;
  if (state.parts.size() > inputs.size()) return true;
  for (size_t number = 0; number < state.parts.size(); ++number) {
    const InputReport report = report_of(state.parts[number].report, path(), number);
    if (has_no_texts(report.tally) || report.input != shown_input(inputs[number])) return true;
  }
  return false;
}

RunState OutputFolder::committed(const std::vector<std::string>& inputs, GivenUp given_up) const {
  RunState state = fs::exists(journal()) ? read_journal(journal(), binding_digest()) : finished();
  if (begins_anew(inputs, state)) {
    remove_parts_given_up(state.parts.size());
    return {};
  }
  size_t whole = 0;  // parts up to the last one whose input was not given up
  for (size_t number = 0; number < state.parts.size(); ++number) {
    const InputReport report = report_of(state.parts[number].report, path(), number);
    if (number >= inputs.size()) {
      throw UsageError(
          fmt::format("{} holds {} as input {}, the list ends before it; inputs can be appended, not removed", path(),
                      report.input, number + 1));
    }
    if (report.input != shown_input(inputs[number])) {
      throw UsageError(fmt::format("input {} of {} was {}, not {}; inputs can be appended, not reordered", number + 1,
                                   path(), report.input, shown_input(inputs[number])));
    }
    if (report.quarantined.empty() || given_up == GivenUp::kStay) whole = number + 1;
  }
  state.parts.resize(whole);
  state.parts_in_shards = std::min<uint64_t>(state.parts_in_shards, whole);
  return state;
}

Journal OutputFolder::open_journal(const RunState& state) const {
  Journal opened(journal(), binding_digest(), state);
  remove_file(manifest());
  // Backwards, so that a kill in between leaves no gap; the one behind the last may have been begun.
  uint64_t end = state.parts.size();
  while (has_part(end)) ++end;
  for (uint64_t number = end + 1; number-- > state.parts.size();) remove_part(number);
  for (uint64_t number = 0; number < state.parts_in_shards; ++number) {
    remove_file(part_paths(parts(), number).tokens);
  }
  return opened;
}

void OutputFolder::finish() const {
  remove_work();
  remove_file(journal());
}

void OutputFolder::remove_work() const {
  // A process that still extracts, what others have extracted too, may put a file into it while it is being removed.
  constexpr int kAttempts = 100;
  const std::string work = work_path();
  std::error_code ignored;
  for (int attempt = 0; attempt < kAttempts && fs::exists(work, ignored); ++attempt) {
    std::error_code code;
    fs::remove_all(work, code);
    if (code && attempt + 1 == kAttempts) throw Error("cannot remove " + work + ": " + code.message());
  }
}

}  // namespace ftok
