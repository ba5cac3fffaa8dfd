#include "pipeline/job/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "core/error.h"
#include "core/run_on_threads.h"
#include "core/signals.h"
#include "core/temporary_files.h"
#include "crawl/access_refused.h"
#include "pipeline/job/attempt.h"
#include "pipeline/job/bundles.h"
#include "pipeline/run.h"
#include "pipeline/run/candidates.h"
#include "shards/manifest.h"
#include "shards/removal.h"

namespace ftok {
namespace fs = std::filesystem;

std::string keys_name(uint64_t task) { return fmt::format("parts/{:06}.keys", task); }
std::string extracted_inputs_name(uint64_t task) { return fmt::format("work/{:06}.inputs.jsonl", task); }
std::string candidates_name(uint64_t task, uint64_t input) {
  return fmt::format("work/{:06}/{:06}.candidates", task, input);
}
std::string inputs_name(uint64_t task) { return fmt::format("parts/{:06}.inputs.jsonl", task); }
std::string tokens_name(uint64_t task) { return fmt::format("work/{:06}.tokens", task); }

TaskShare earlier_share(const TaskContext& context) {
  return share_of_task(context.earlier().parts.size(), context.task(), context.job.tasks("extract"));
}

const FileEntry& file_of(const TaskReceipt& receipt, const std::string& name) {
  for (const FileEntry& file : receipt.files) {
    if (file.name == name) return file;
  }
  throw Error(fmt::format("{} does not list {}", task_receipt_name(receipt.pass, receipt.task), name));
}

std::vector<PackedPart> packed_parts(const Job& job, const TaskReceipt& receipt, const std::string& name) {
  const std::string path = job.file(name);
  if (checksum_of_file(path) != file_of(receipt, name).checksum) {
    throw Error(fmt::format("{} is damaged: do task {} of the pass {} again", path, receipt.task, receipt.pass));
  }
  return read_packed_parts(path);
}

std::vector<TaskReceipt> receipts_of(const Job& job, std::string_view pass, const std::string& after) {
  std::vector<TaskReceipt> receipts;
  job.refresh(fmt::format("receipts/{}/", pass));
  uint64_t missing = 0;
  std::string first;
  for (uint64_t task = 0; task < job.tasks(pass); ++task) {
    std::string why;
    if (std::optional<TaskReceipt> receipt = job.receipt(pass, task, after, &why)) {
      receipts.push_back(std::move(*receipt));
    } else if (missing++ == 0) {
      first = fmt::format("task {} of the pass {} {}", task, pass, why);
    }
  }
  if (missing > 0) {
    throw Error(fmt::format("{}: {}{}", job.path(), first,
                            missing == 1 ? "" : fmt::format(", and {} more are missing", missing - 1)),
                kTryAgainExitCode);
  }
  return receipts;
}

std::vector<FileEntry> files_of(const TaskReceipt& receipt) {
  std::vector<FileEntry> files = receipt.files;
  for (const SlicedFileEntry& sliced : receipt.sliced) files.push_back(sliced.file);
  for (const ShardEntry& shard : receipt.shards) {
    files.push_back(shard.shard);
    files.push_back(shard.sidecar);
    files.insert(files.end(), shard.companions.begin(), shard.companions.end());
  }
  return files;
}

std::vector<SlicedFileEntry> first_sliced(const std::vector<TaskReceipt>& receipts) {
  std::vector<SlicedFileEntry> files;
  for (const TaskReceipt& receipt : receipts) files.push_back(receipt.sliced.at(0));
  return files;
}

void publish_receipt(const Job& job, std::string_view pass, uint64_t task, const std::string& after,
                     TaskReceipt& receipt) {
  receipt.job = job.digest();
  receipt.pass = pass;
  receipt.task = task;
  receipt.after = after;
  const std::string name = task_receipt_name(pass, task);
  write_file(job.path_of(name), write_task_receipt(receipt));
  std::vector<std::string> names;
  for (const FileEntry& file : files_of(receipt)) names.push_back(file.name);
  job.publish(names);
  job.publish({name});
}

Extracted extracted(const Job& job) {
  Extracted extracted;
  extracted.receipts = receipts_of(job, "extract", "");
  uint64_t documents = 0;
  for (const TaskReceipt& receipt : extracted.receipts) {
    extracted.earlier_ends.push_back(documents += receipt.number("earlier"));
  }
  Checksum checksum;
  for (const TaskReceipt& receipt : extracted.receipts) {
    extracted.ends.push_back(documents += receipt.number("judged"));
    checksum.update(checksum_of(write_task_receipt(receipt)));
  }
  extracted.digest = checksum.hex();
  return extracted;
}

namespace {

bool is_as_listed(const Job& job, const FileEntry& file) {
  if (job.is_stored() && job.stored_bytes(file.name) != file.bytes) return false;
  const std::string path = job.file(file.name);
  std::error_code code;
  if (fs::file_size(path, code) != file.bytes || code) return false;
  return checksum_of_file(path) == file.checksum;
}

// Whether the receipt's files are what it says. Those in work/ may have been cleaned up.
bool holds(const Job& job, const TaskReceipt& receipt) {
  const bool cleaned = is_cleaned(job, receipt.pass);
  for (const FileEntry& file : files_of(receipt)) {
    if ((!cleaned || !file.name.starts_with("work/")) && !is_as_listed(job, file)) return false;
  }
  if (receipt.pass != "extract" || cleaned) return true;
  for (const PackedPart& part : packed_parts(job, receipt, extracted_inputs_name(receipt.task))) {
    for (const FileEntry& file : part.files) {
      if (!is_as_listed(job, file)) return false;
    }
  }
  return true;
}

TaskReceipt do_pass(const TaskContext& context, const Extracted& before) {
  const std::string& pass = context.options.pass;
  if (pass == "extract") return extract_pass(context);
  if (pass == "group") return group_pass(context, before);
  if (pass == "cluster") return cluster_pass(context, before);
  if (pass == "decide") return decide_pass(context, before);
  if (pass == "resolve") return resolve_pass(context, before);
  if (pass == "commit") return commit_pass(context, before);
  if (pass == "cut") return cut_pass(context, before);
  return finish_pass(context, before);
}

void check_options(const Job& job, const TaskOptions& options) {
  if (const uint64_t tasks = all_tasks(job.manifest(), options.pass); options.task >= tasks) {
    if (tasks == 0) throw UsageError(fmt::format("the pass {} of {} has no tasks", options.pass, job.path()));
    throw UsageError(
        fmt::format("task {}: the pass {} of {} has tasks 0 to {}", options.task, options.pass, job.path(), tasks - 1));
  }
  if (options.pass == kPasses[0] && !job.manifest().corpus.empty()) {
    throw UsageError(
        fmt::format("{} is a corpus of a job: its inputs are extracted by the tasks of that one", job.path()));
  }
}

// The first input of an extracted task that was given up.
std::string first_quarantined(const Job& job, const TaskReceipt& receipt) {
  if (receipt.number("quarantined") == 0 || receipt.pass != "extract" || is_cleaned(job, "extract")) return "";
  for (const PackedPart& part : packed_parts(job, receipt, extracted_inputs_name(receipt.task))) {
    const Result<InputReport> report = parse_input_report(part.report);
    if (report && !report->quarantined.empty()) return fmt::format("{}: {}", report->input, report->quarantined);
  }
  return "";
}

TaskResult result_of(const Job& job, const TaskReceipt& receipt, bool was_done) {
  if (receipt.pass != "extract") return {was_done, 0, ""};
  return {was_done, receipt.number("quarantined"), first_quarantined(job, receipt)};
}

// Whether documents were removed from the job, as its receipts of removals or its manifest say.
bool was_removed_from(const Job& job) {
  const std::vector<std::string> signs = signs_of_removals();
  if (std::any_of(signs.begin(), signs.end(), [&](const std::string& name) { return job.has(name); })) return true;
  if (!job.has(kManifestName)) return false;
  const Result<Manifest> manifest = parse_manifest(read_file(job.file(kManifestName)));
  return manifest && manifest->removals > 0;
}

// Whether what the task left in the corpora of the job is there too.
bool corpora_hold(const Job& job, const TaskOptions& options) {
  if (options.pass != kPasses[0]) return true;
  const std::vector<Job> all = job.with_corpora();
  return std::all_of(all.begin() + 1, all.end(), [&](const Job& corpus) {
    corpus.refresh_file(task_receipt_name(options.pass, options.task));
    const std::optional<TaskReceipt> done = corpus.receipt(options.pass, options.task, "");
    return done && holds(corpus, *done);
  });
}

bool may_heal(const Error& error) { return error.exit_code() == 1 || error.exit_code() == kTryAgainExitCode; }

// Does the pass. What it cannot read for the fault of an earlier task is to be done again.
TaskReceipt do_pass_or_withdraw(const Job& whole, const TaskContext& context, const Extracted& before) {
  try {
    return do_pass(context, before);
  } catch (const Stopped&) {
    throw;
  } catch (const AccessRefused&) {
    throw;
  } catch (const Error& error) {
    if (!may_heal(error)) throw;
    const std::string said =
        withdraw_damaged(whole, context.job, context.options.pass, context.task(), before.digest, error.what());
    if (said.empty()) throw;
    throw Error(said, kTryAgainExitCode);
  }
}

// `whole`: the job that `job` is a corpus of, or `job` itself.
TaskResult do_task(const Job& whole, const Job& job, const TaskOptions& options, const Plan& plan, const Log& log) {
  const Extracted before = options.pass == "extract" ? Extracted() : extracted(job);
  std::string why;
  job.refresh_file(task_receipt_name(options.pass, options.task));
  const std::optional<TaskReceipt> done = job.receipt(options.pass, options.task, before.digest, &why);
  const bool retries = options.retry && done && done->number("quarantined") > 0 && options.pass == "extract";
  if (done && !retries && holds(job, *done) && corpora_hold(job, options)) return result_of(job, *done, true);
  if (was_removed_from(job)) {
    throw Error(job.path() + ": documents were removed from it (`ftok remove-ids`): its tasks are not done again",
                kConfigurationExitCode);
  }
  Progress progress;
  ProgressDisplay display(progress, log, options.quiet, "");
  const TaskContext context = {job,
                               options,
                               plan,
                               progress,
                               [&](LogLevel level, const std::string& message) { display.log(level, message); },
                               threads_or_all(options.threads)};
  for (const Job& each : job.with_corpora()) keep_marks_of_clean(each);
  for (const std::string& folder : {std::string("work"), std::string("parts"), "receipts/" + options.pass}) {
    make_folder(job.path_of(folder));
    remove_dead_temporaries(job.path_of(folder));
  }
  remove_dead_temporaries(job.path());
  TaskReceipt receipt = do_pass_or_withdraw(whole, context, before);
  publish_receipt(job, options.pass, options.task, before.digest, receipt);
  const bool of_all = options.pass == kPasses[0] && !job.manifest().corpora.empty();
  for (const Job& each : of_all ? job.with_corpora() : std::vector<Job>{job}) {
    put_together(each, options.pass, options.task, before.digest, context.log);
  }
  return result_of(job, receipt, false);
}

// The tasks of a pass are those of the job itself, then those of each corpus.
TaskResult do_task_of_all(const Job& job, const TaskOptions& options, const Plan& plan, const Log& log) {
  const uint64_t place = options.pass == kPasses[0] ? 0 : options.task / job.tasks(options.pass);
  if (place == 0) return do_task(job, job, options, plan, log);
  const Job corpus = job.corpus(job.manifest().corpora.at(place - 1), Job::Check::kAll);
  corpus.check(plan);
  TaskOptions own = options;
  own.task = options.task % job.tasks(options.pass);
  return do_task(job, corpus, own, plan, log);
}

}  // namespace

TaskResult run_task(const Job& job, const TaskOptions& options, const Plan& plan, const Log& log) {
  check_options(job, options);
  job.check(plan);
  AttemptRecord attempt(job, options.pass, options.task);
  try {
    TaskResult result = do_task_of_all(job, options, plan, log);
    attempt.end(result.quarantined > 0 ? kGivenUpExitCode : 0);
    return result;
  } catch (const AccessRefused&) {
    attempt.end(kConfigurationExitCode);
    throw;
  } catch (const Error& error) {
    attempt.end(error.exit_code() == kConfigurationExitCode ? kConfigurationExitCode : kTryAgainExitCode);
    throw;
  }
}

}  // namespace ftok
