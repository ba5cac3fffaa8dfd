#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>

#include "core/run_on_threads.h"
#include "core/shown.h"
#include "core/signals.h"
#include "crawl/http_stage.h"
#include "pipeline/input_names.h"
#include "pipeline/inputs.h"
#include "pipeline/progress.h"
#include "pipeline/read_input.h"
#include "pipeline/run/candidates.h"
#include "pipeline/run/commit.h"
#include "pipeline/run/local_executor.h"
#include "pipeline/run/process_cost.h"
#include "pipeline/run/schedule.h"

namespace ftok {
namespace {

// What one item that waits is budgeted at: a record that is not large (read_input.cc), or a text. What items take while
// they are worked on is the other half of --memory (MemoryBudget).
constexpr uint64_t kItemBytes = uint64_t{24} << 20;

// How many inputs are read at a time, and how many items of each are in flight.
struct Width {
  size_t lanes;
  size_t live_max;
};

Width width_of(size_t threads, uint64_t memory, size_t inputs) {
  const size_t live = std::clamp<size_t>(memory / 2 / kItemBytes, 2, 4 * threads + 2);
  const size_t lanes = std::clamp<size_t>(std::min(threads, live / 4), 1, std::max<size_t>(inputs, 1));
  return {lanes, std::max<size_t>(2, live / lanes)};
}

bool is_extracted(const CandidateFolder& folder, uint64_t number, const std::string& input) {
  const std::optional<InputReport> report = folder.report_of_candidates(number);
  return report && report->quarantined.empty() && is_what_was_read(*report, input);
}

class Runner {
 public:
  Runner(const RunOptions& options, const Plan& plan, const Log& log)
      : options_(options),
        plan_(plan),
        display_(progress_, log, options.quiet, options.progress_json),
        log_([this](LogLevel level, const std::string& message) { display_.log(level, message); }),
        threads_(threads_or_all(options.threads)),
        budget_(options.memory / 2),
        stage_ns_(plan.stages.size()),
        late_ns_(plan.late_stages.size()),
        names_(input_names(options.inputs)) {}

  RunResult run();
  ExtractedShare extract(Share share);
  RunResult commit();

 private:
  LocalExecutor executor(size_t tasks);
  Task task(const CandidateFolder& folder, size_t number);
  void give_up(const CandidateFolder& folder, size_t number, const std::string& why);
  CommitOptions commit_options();
  void begin_commits(const Committer& committer);
  void note_sizes();
  uint64_t documents_expected() const;
  RunResult result(const Committer& committer) const;

  const RunOptions& options_;
  const Plan& plan_;
  Progress progress_;
  ProgressDisplay display_;
  Log log_;
  size_t threads_;
  MemoryBudget budget_;  // of what is worked on
  std::vector<std::atomic<uint64_t>> stage_ns_, late_ns_;
  std::atomic<uint64_t> source_ns_{0}, dedup_ns_{0}, encode_ns_{0};
  std::mutex given_up_mutex_;
  std::vector<size_t> given_up_;  // numbers of inputs
  std::atomic<bool> abandon_{false};
  ReadInputOptions read_options_;
  const std::vector<std::string> names_;  // of the inputs, in ids
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void Runner::note_sizes() {
  uint64_t total = 0;
  for (const std::string& input : options_.inputs) {
    std::error_code code;
    const uint64_t size = is_address(input) ? 0 : std::filesystem::file_size(input, code);
    if (is_address(input) || code) return;  // the time left is not known then
    total += size;
  }
  progress_.bytes_total = total;
}

// From Common Crawl's figures: a WARC file of 1.1 GB holds about 30,000 pages, of which the FineWeb rules keep about a
// sixth.
uint64_t Runner::documents_expected() const {
  constexpr uint64_t kBytesADocument = 220'000, kDocumentsAnInput = 5'000;
  const uint64_t total = progress_.bytes_total;
  return total > 0 ? total / kBytesADocument + 1'000 : options_.inputs.size() * kDocumentsAnInput;
}

void Runner::give_up(const CandidateFolder& folder, size_t number, const std::string& why) {
  InputReport report;
  report.input = shown_input(options_.inputs[number]);
  report.quarantined = escape_bytes(why);
  CandidateWriter(folder.candidates(number)).finish(report);
  const std::lock_guard lock(given_up_mutex_);
  given_up_.push_back(number);
  if (given_up_.size() > options_.failed_inputs_max) {
    throw Error(fmt::format("{} inputs failed, more than the {} allowed; the last: {}", given_up_.size(),
                            options_.failed_inputs_max, why));
  }
}

// Reading an input. Another process may be doing the same, and may have done so, or even committed the input, since
// this task was made: then there is nothing left to do.
Task Runner::task(const CandidateFolder& folder, size_t number) {
  const std::string& input = options_.inputs[number];
  const std::string path = folder.candidates(number);
  const auto work = [this, &folder, &input, number, path] {
    if (!is_extracted(folder, number, input)) {
      try {
        ReadInputOptions options = read_options_;
        options.name = names_[number];
        read_input(input, path, plan_, options, log_);
      } catch (const TaskFailed& failure) {
        // What cannot be read twice is neither tried again nor given up: the next try would find it empty.
        if (!is_address(input) && !can_be_read_again(input)) throw Error(failure.what());
        throw;
      } catch (const Stopped&) {
        throw;
      } catch (const Error&) {
        if (!folder.has_part(number)) throw;
      }
    }
  };
  const auto give_up_unless_done = [this, &folder, &input, number](const std::string& why) {
    if (!is_extracted(folder, number, input)) give_up(folder, number, why);
  };
  return {number, shown_input(input), path, work, give_up_unless_done};
}

// For so many tasks; also settles how many items of each are in flight.
LocalExecutor Runner::executor(size_t tasks) {
  const Width width = width_of(threads_, options_.memory, tasks);
  read_options_ = {.rejects = options_.rejects,
                   .live_max = width.live_max,
                   .budget = &budget_,
                   .fetch = options_.fetch,
                   .stage_ns = stage_ns_.data(),
                   .source_ns = &source_ns_,
                   .progress = &progress_,
                   .abandon = &abandon_};
  return LocalExecutor(width.lanes, abandon_, log_);
}

CommitOptions Runner::commit_options() {
  const size_t live_max = std::clamp<size_t>(options_.memory / 2 / kItemBytes, 2, std::max<size_t>(2, 2 * threads_));
  return {options_.rejects, options_.text, live_max, &budget_, late_ns_.data(), &dedup_ns_, &encode_ns_};
}

void Runner::begin_commits(const Committer& committer) {
  for (const std::string& note : plan_.notes) log_(LogLevel::kWarning, note);
  progress_.inputs_total = options_.inputs.size();
  progress_.inputs_committed = committer.parts();
  note_sizes();
  if (committer.parts() > 0) {
    log_(LogLevel::kInfo, fmt::format("{}: {} of {} inputs are committed, continuing", options_.output,
                                      committer.parts(), options_.inputs.size()));
  }
  log_(LogLevel::kInfo, committer.dedup_summary(documents_expected()));
}

RunResult Runner::run() {
  const OutputFolder folder(options_.output, run_binding(plan_.binding));
  Committer committer(folder, plan_, commit_options(),
                      folder.committed(options_.inputs, OutputFolder::GivenUp::kTryAgain), progress_);
  begin_commits(committer);
  const std::vector<bool> ready = folder.candidates_ready(options_.inputs, committer.parts());
  std::vector<Task> tasks;
  for (size_t number = committer.parts(); number < options_.inputs.size(); ++number) {
    if (!ready[number]) tasks.push_back(task(folder, number));
  }
  InOrder order(options_.inputs.size(), committer.parts(), ready);
  const auto commit = [&](size_t number) { committer.commit(number); };
  run_on_threads(threads_, [&] {
    order.commit_ready(commit);
    executor(tasks.size()).run(tasks, [&](const Task& done) {
      ++progress_.inputs_read;
      order.finished(done.number, commit);
    });
  });
  committer.finish();
  committer.warn_of_small_corpus(options_.output, log_);
  return result(committer);
}

ExtractedShare Runner::extract(Share share) {
  const CandidateFolder folder(options_.output, run_binding(plan_.binding));
  for (const std::string& note : plan_.notes) log_(LogLevel::kWarning, note);
  ExtractedShare result;
  std::vector<Task> tasks;
  for (size_t number = share.index; number < options_.inputs.size(); number += share.count) {
    ++result.inputs;
    if (folder.has_part(number) || is_extracted(folder, number, options_.inputs[number])) {
      ++result.there_already;
    } else {
      tasks.push_back(task(folder, number));
    }
  }
  progress_.inputs_total = result.inputs;
  progress_.inputs_committed = result.there_already;
  if (!tasks.empty()) folder.open_work();
  run_on_threads(threads_, [&] {
    executor(tasks.size()).run(tasks, [&](const Task&) {
      ++progress_.inputs_read;
      ++progress_.inputs_committed;  // as far as this share is concerned
    });
  });
  std::sort(given_up_.begin(), given_up_.end());
  for (const size_t number : given_up_) result.quarantined.push_back(shown_input(options_.inputs[number]));
  return result;
}

RunResult Runner::commit() {
  const OutputFolder folder(options_.output, run_binding(plan_.binding));
  Committer committer(folder, plan_, commit_options(), folder.committed(options_.inputs, OutputFolder::GivenUp::kStay),
                      progress_);
  begin_commits(committer);
  std::vector<std::string> missing;
  run_on_threads(threads_, [&] {
    for (size_t number = committer.parts(); number < options_.inputs.size(); ++number) {
      const std::string& input = options_.inputs[number];
      if (!missing.empty() && std::filesystem::exists(folder.candidates(number))) continue;  // its turn is not yet
      const std::optional<InputReport> report = folder.report_of_candidates(number);
      if (report && report->input != shown_input(input)) {
        throw UsageError(fmt::format("--input: {} is of {}, the list has {} as input {}", folder.candidates(number),
                                     report->input, shown_input(input), number + 1));
      }
      const bool replaced = report && report->state.is_known && !is_what_was_read(*report, input);
      if (!report || replaced) {
        missing.push_back(shown_input(input));
        continue;
      }
      committer.commit(number);
    }
  });
  if (!missing.empty()) {
    throw Error(fmt::format("{}: {} of {} inputs are committed; {}{} not extracted yet: extract, then commit again",
                            options_.output, committer.parts(), options_.inputs.size(), missing.front(),
                            missing.size() == 1 ? " is" : fmt::format(" and {} others are", missing.size() - 1)),
                kTryAgainExitCode);
  }
  committer.finish();
  committer.warn_of_small_corpus(options_.output, log_);
  return result(committer);
}

RunResult Runner::result(const Committer& committer) const {
  RunResult result;
  result.tally = committer.tally();
  result.shards = committer.shard_names();
  result.quarantined = committer.quarantined();
  result.first_failure = committer.first_failure();
  const auto add = [&](const std::string& name, const std::atomic<uint64_t>& ns) {
    result.stages.push_back({name, 1e-9 * static_cast<double>(ns.load())});
  };
  add("read", source_ns_);
  for (size_t i = 0; i < plan_.stages.size(); ++i) add(std::string(plan_.stages[i]->name()), stage_ns_[i]);
  add("dedup", dedup_ns_);
  for (size_t i = 0; i < plan_.late_stages.size(); ++i) add(std::string(plan_.late_stages[i]->name()), late_ns_[i]);
  add("encode", encode_ns_);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  note_process_cost(result);
  return result;
}

// A run without a single input that could be read has failed.
RunResult checked(RunResult result, const RunOptions& options) {
  if (!result.quarantined.empty() && result.quarantined.size() == options.inputs.size()) {
    throw Error(
        fmt::format("no input could be read; the first, {}: {}", result.quarantined.front(), result.first_failure));
  }
  return result;
}

}  // namespace

uint64_t run_memory_min(const RecipeConfig& recipe) {
  int64_t largest = recipe.input.record_bytes_max;
  for (const RecipeEntry& entry : recipe.entries) {
    if (const auto* http = entry.get<HttpOptions>()) largest = std::max(largest, http->body_bytes_max);
  }
  return static_cast<uint64_t>(std::max<int64_t>(largest, 0)) * kMemoryPerRecordByte;
}

RunResult run(const RunOptions& options, const Plan& plan, const Log& log) {
  return checked(Runner(options, plan, log).run(), options);
}

ExtractedShare extract_share(const RunOptions& options, Share share, const Plan& plan, const Log& log) {
  return Runner(options, plan, log).extract(share);
}

RunResult commit(const RunOptions& options, const Plan& plan, const Log& log) {
  return checked(Runner(options, plan, log).commit(), options);
}

}  // namespace ftok
