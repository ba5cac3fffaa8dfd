#include "pipeline/output_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/recipe.h"
#include "pipeline/plan.h"
#include "shards/checksum.h"
#include "shards/manifest.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

InputReport report_of(const PartReceipt& receipt, const std::string& path) {
  Result<InputReport> report = parse_input_report(receipt.report);
  if (!report.ok()) throw Error(fmt::format("{}: its report cannot be read: {}", path, report.damage().detail));
  return std::move(*report);
}

}  // namespace

OutputFolder::OutputFolder(const std::string& path, const std::string& binding) : path_(path) {
  if (fs::exists(path) && !fs::is_directory(path))
    throw UsageError("--output: " + path + " is a file, expected a folder");
  const std::string binding_path = path + "/" + kBindingName;
  if (fs::exists(path) && !fs::exists(binding_path) && fs::exists(path + "/manifest.json")) {
    throw UsageError("--output: " + path + " holds a manifest.json that is not of a run");
  }
  make_folder(path);
  lock_ = std::make_unique<FolderLock>(path);
  bind(binding);
  remove_temporaries(path);
  for (const char* folder : {"/parts", "/work"}) {
    make_folder(path + folder);
    remove_temporaries(path + folder);
  }
}

// A folder whose layout is not this program's. Version 0.1.0, the only one before, did not write the line.
void OutputFolder::refuse_old_folder() const {
  const bool finished = fs::exists(manifest()) && !fs::exists(path_ + "/work");
  throw UsageError(
      fmt::format("--output: {} holds {}; use another folder", path_,
                  finished ? "a finished run of ftok 0.1.0: it can be verified, read and trained on, but not added to"
                           : "an unfinished run of ftok 0.1.0, which another version does not continue"));
}

void OutputFolder::bind(const std::string& binding) {
  binding_digest_ = checksum_of(binding);
  const std::string path = path_ + "/" + kBindingName;
  if (!fs::exists(path)) {
    write_file(path, binding);
    return;
  }
  const std::string bound = read_file(path, 64 << 20);
  if (bound == binding) return;
  if (!bound.starts_with(kFolderFormatLine)) refuse_old_folder();
  throw UsageError(fmt::format("--output: {} was made with another recipe: {}; use another folder", path_,
                               recipe_difference(bound, binding)));
}

std::string OutputFolder::candidates(uint64_t number) const {
  return fmt::format("{}/work/{:06}.candidates", path_, number);
}

void OutputFolder::remove_part(uint64_t number) const {
  const PartPaths paths = part_paths(parts(), number);
  for (const std::string& path : {paths.receipt, paths.text, paths.rejects, paths.tokens, paths.keys}) {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
}

std::vector<PartReceipt> OutputFolder::take_parts(const std::vector<std::string>& inputs) {
  std::vector<PartReceipt> receipts;
  size_t whole = 0;  // parts up to the last one whose input was not given up
  while (true) {
    const std::string path = part_paths(parts(), receipts.size()).receipt;
    if (!fs::exists(path)) break;
    receipts.push_back(read_part_receipt(path));
    const size_t number = receipts.size() - 1;
    const InputReport report = report_of(receipts.back(), path);
    if (number >= inputs.size()) {
      throw UsageError(
          fmt::format("--input: {} holds {} as input {}, the list ends before it; inputs may be appended, not removed",
                      path_, report.input, number + 1));
    }
    if (report.input != inputs[number]) {
      throw UsageError(fmt::format("--input: input {} of {} was {}, not {}; inputs may be appended, not reordered",
                                   number + 1, path_, report.input, inputs[number]));
    }
    if (report.quarantined.empty()) whole = receipts.size();
  }
  for (size_t number = whole; number < receipts.size(); ++number) remove_part(number);
  receipts.resize(whole);
  return receipts;
}

std::vector<bool> OutputFolder::candidates_ready(const std::vector<std::string>& inputs, size_t first) const {
  std::vector<bool> ready(inputs.size(), false);
  for (size_t number = first; number < inputs.size(); ++number) {
    const std::string path = candidates(number);
    if (!fs::exists(path)) continue;
    bool usable = false;
    try {
      const CandidateReader reader(path);
      usable = reader.report().input == inputs[number] && reader.report().quarantined.empty();
    } catch (const Error&) {
      usable = false;  // damaged on disk since: read the input again
    }
    if (usable) {
      ready[number] = true;
    } else {
      fs::remove(path);
    }
  }
  return ready;
}

void OutputFolder::remove_work() {
  std::error_code ignored;
  fs::remove_all(path_ + "/work", ignored);
}

}  // namespace ftok
