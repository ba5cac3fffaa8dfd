#include "pipeline/job.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/recipe.h"
#include "core/shown.h"
#include "core/temporary_files.h"
#include "pipeline/inputs.h"
#include "pipeline/output_folder.h"
#include "pipeline/run.h"
#include "shards/manifest.h"
#include "text/unicode.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kRangeBytes = uint64_t{512} << 20;  // of key records, wanted in a range
constexpr uint64_t kKeyBytesAnInputByte = 1000;        // an input's bytes to those of its key records, at most
constexpr uint64_t kInputBytes = uint64_t{1} << 30;    // of an input whose size is not known

[[noreturn]] void refuse(const std::string& what) { throw Error(what, kConfigurationExitCode); }

std::map<std::string, std::string> software() {
  return {{"ftok", FTOK_VERSION}, {"unicode", kUnicodeVersion}, {"program", checksum_of_file("/proc/self/exe")}};
}

std::string_view rejects_name(Rejects rejects) {
  return rejects == Rejects::kNone ? "none" : rejects == Rejects::kIds ? "ids" : "text";
}

// Whether a folder holds nothing but what a plan with this binding left that was killed before it wrote the manifest.
bool is_left_by_plan(const std::string& folder, const std::string& binding) {
  if (!fs::is_directory(folder)) return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const bool is_binding = name == kBindingName && entry.is_regular_file() && read_file(entry.path()) == binding;
    const bool is_unfinished = is_temporary(name) && (name.starts_with(kBindingName) || name.starts_with(kJobName));
    if (!is_binding && !is_unfinished) return false;
  }
  return true;
}

std::vector<JobManifest::Input> inputs_of(const std::vector<std::string>& names) {
  std::vector<JobManifest::Input> inputs;
  for (const std::string& name : names) {
    std::error_code code;
    const uint64_t bytes = is_address(name) ? 0 : fs::file_size(name, code);
    inputs.push_back({escape_bytes(name), is_address(name) || code ? std::nullopt : std::optional(bytes)});
  }
  return inputs;
}

uint64_t ranges_for(const std::vector<JobManifest::Input>& inputs) {
  uint64_t bytes = 0;
  for (const JobManifest::Input& input : inputs) bytes += input.bytes.value_or(kInputBytes);
  return std::clamp<uint64_t>(bytes / kKeyBytesAnInputByte / kRangeBytes + 1, 1, kJobTasksMax);
}

}  // namespace

JobManifest plan_job(const JobOptions& options, RecipeConfig recipe, const Plan& plan) {
  if (options.tasks < 1 || options.tasks > kJobTasksMax) {
    throw UsageError(fmt::format("{} tasks: expected 1 to {}", options.tasks, kJobTasksMax));
  }
  if (options.ranges > kJobTasksMax) {
    throw UsageError(fmt::format("{} ranges of keys: expected 0 to {}", options.ranges, kJobTasksMax));
  }
  for (const std::string& input : options.inputs) {
    if (!is_address(input) && !can_be_read_again(input)) {
      throw UsageError(fmt::format("{} cannot be an input of a job: its tasks may have to read it again", input));
    }
    if (shown_input(input) != escape_bytes(input)) {
      throw UsageError(
          fmt::format("{}: an address with a secret in it cannot be an input of a job, whose manifest "
                      "would show it",
                      shown_input(input)));
    }
  }
  JobManifest manifest;
  manifest.software = software();
  const std::string binding = run_binding(plan.binding);
  manifest.binding = checksum_of(binding);
  manifest.recipe = recipe_text(std::move(recipe), false);
  manifest.folder = fs::current_path().string();
  manifest.vocabulary = options.vocabulary;
  manifest.language_model = options.language_model;
  manifest.against = options.against;
  manifest.rejects = rejects_name(options.rejects);
  manifest.text = options.text;
  manifest.inputs = inputs_of(options.inputs);
  for (const std::string_view pass : kPasses) manifest.tasks[std::string(pass)] = options.tasks;
  manifest.tasks["group"] = options.ranges > 0 ? options.ranges : ranges_for(manifest.inputs);
  manifest.tasks["finish"] = 1;

  const std::string text = write_job_manifest(manifest);
  const std::string path = options.output + "/" + kJobName;
  if (fs::exists(path)) {
    if (read_file(path) == text) return manifest;
    throw UsageError(fmt::format("{} holds another job; name another folder", options.output));
  }
  if (fs::exists(options.output) && !is_left_by_plan(options.output, binding)) {
    throw UsageError(fmt::format("{} is there and is not empty; name another folder", options.output));
  }
  make_folder(options.output);
  remove_dead_temporaries(options.output);
  write_file(options.output + "/" + kBindingName, binding);
  write_file(path, text);
  return manifest;
}

Job::Job(std::string path, Check check) : path_(std::move(path)) {
  const std::string file = path_of(kJobName);
  if (!fs::exists(file))
    refuse(fmt::format("{} holds no job: there is no {} (`ftok plan` makes one)", path_, kJobName));
  const std::string text = read_file(file);
  digest_ = checksum_of(text);
  Result<JobManifest> manifest = parse_job_manifest(text);
  if (!manifest) refuse(fmt::format("{} is not as `ftok plan` wrote it: {}", file, manifest.damage().detail));
  manifest_ = std::move(*manifest);
  if (check == Check::kManifestOnly) return;
  const std::map<std::string, std::string> here = software();
  for (const auto& [name, version] : here) {
    const std::string& planned = manifest_.software[name];
    if (planned != version) {
      refuse(fmt::format("{} was planned by another build of ftok ({} {}, this is {}): use that one for all its tasks",
                         path_, name, planned, version));
    }
  }
  if (!fs::exists(path_of(kBindingName)) || checksum_of_file(path_of(kBindingName)) != manifest_.binding) {
    refuse(fmt::format("{} is not as `ftok plan` wrote it", path_of(kBindingName)));
  }
}

RecipeConfig Job::recipe() const { return parse_recipe(manifest_.recipe, path_of(kJobName)); }

Rejects Job::rejects() const {
  return manifest_.rejects == "none" ? Rejects::kNone : manifest_.rejects == "ids" ? Rejects::kIds : Rejects::kText;
}

void Job::check(const Plan& plan) const {
  const std::string binding = run_binding(plan.binding);
  if (checksum_of(binding) == manifest_.binding) return;
  refuse(fmt::format("{} was planned with something else: {}", path_,
                     recipe_difference(read_file(path_of(kBindingName)), binding)));
}

std::optional<TaskReceipt> Job::receipt(std::string_view pass, uint64_t task, const std::string& after,
                                        std::string* why) const {
  const std::string path = path_of(task_receipt_name(pass, task));
  const auto none = [&](const std::string& what) {
    if (why != nullptr) *why = what;
    return std::nullopt;
  };
  if (!fs::exists(path)) return none("is not done");
  Result<TaskReceipt> receipt = parse_task_receipt(read_file(path));
  if (!receipt) return none(fmt::format("has a damaged receipt ({})", receipt.damage().detail));
  if (receipt->job != digest_ || receipt->pass != pass || receipt->task != task) {
    refuse(fmt::format("{} is the receipt of another job or task: remove it", path));
  }
  if (!after.empty() && receipt->after != after) return none("was done before an input was extracted again");
  return std::move(*receipt);
}

}  // namespace ftok
