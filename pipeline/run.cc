#include "pipeline/run.h"

#include <fmt/format.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/happens_before.h"
#include "pipeline/inputs.h"
#include "pipeline/progress.h"
#include "pipeline/read_input.h"
#include "pipeline/run/candidates.h"
#include "pipeline/run/commit.h"
#include "pipeline/run/process_cost.h"
#include "pipeline/run/schedule.h"
#include "pipeline/signals.h"

namespace ftok {
namespace {

namespace tbb = oneapi::tbb;

// A page of the largest size allowed, its tree and its text, with room: what one item in flight is budgeted at.
constexpr uint64_t kItemBytes = uint64_t{48} << 20;

// How many inputs are read at a time, and how many items of each are in flight.
struct Width {
  size_t lanes;
  size_t live_max;
};

Width width_of(size_t threads, uint64_t memory, size_t inputs) {
  const size_t live = std::clamp<size_t>(memory / kItemBytes, 2, 4 * threads + 2);
  const size_t lanes = std::clamp<size_t>(std::min(threads, live / 4), 1, std::max<size_t>(inputs, 1));
  return {lanes, std::max<size_t>(2, live / lanes)};
}

class Runner {
 public:
  Runner(const RunOptions& options, const Plan& plan, const Log& log)
      : options_(options),
        plan_(plan),
        display_(progress_, log, options.quiet, options.progress_json),
        log_([this](LogLevel level, const std::string& message) { display_.log(level, message); }),
        threads_(options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency())),
        stage_ns_(plan.stages.size()),
        late_ns_(plan.late_stages.size()) {}

  RunResult run();

 private:
  void lane(Schedule& schedule, Committer& committer);
  void read(size_t input, Schedule& schedule, Committer& committer);
  void give_up(size_t input, const std::string& why);
  void note_sizes();
  uint64_t documents_expected() const;
  RunResult result(const Committer& committer) const;

  const RunOptions& options_;
  const Plan& plan_;
  Progress progress_;
  ProgressDisplay display_;
  Log log_;
  size_t threads_;
  std::vector<std::atomic<uint64_t>> stage_ns_, late_ns_;
  std::atomic<uint64_t> source_ns_{0}, dedup_ns_{0}, encode_ns_{0};
  std::atomic<uint64_t> given_up_{0};
  std::atomic<bool> abandon_{false};
  ReadInputOptions read_options_;
  OutputFolder* folder_ = nullptr;
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

void Runner::give_up(size_t input, const std::string& why) {
  log_(LogLevel::kError,
       fmt::format("{}: given up after {} attempts: {}", options_.inputs[input], Schedule::kAttempts, why));
  InputReport report;
  report.input = options_.inputs[input];
  report.quarantined = why;
  CandidateWriter(folder_->candidates(input)).finish(report);
  if (++given_up_ > options_.failed_inputs_max) {
    throw Error(fmt::format("{} inputs failed, more than --max-failed-inputs {}; the last: {}", given_up_.load(),
                            options_.failed_inputs_max, why));
  }
}

void Runner::read(size_t input, Schedule& schedule, Committer& committer) {
  const auto commit = [&](size_t number) { committer.commit(number); };
  try {
    read_input(options_.inputs[input], folder_->candidates(input), plan_, read_options_, log_);
  } catch (const InputError& error) {
    if (schedule.failed(input)) {
      log_(LogLevel::kWarning, fmt::format("{}: will be tried again: {}", options_.inputs[input], error.what()));
      return;
    }
    give_up(input, error.what());
  }
  ++progress_.inputs_read;
  schedule.finished(input, commit);
}

void Runner::lane(Schedule& schedule, Committer& committer) {
  try {
    while (const std::optional<size_t> input = schedule.take()) {
      if (abandon_ || stop_requested()) throw Stopped();
      read(*input, schedule, committer);
    }
  } catch (...) {
    abandon_ = true;
    throw;
  }
}

RunResult Runner::run() {
  OutputFolder folder(options_.output, plan_.binding);
  folder_ = &folder;
  std::vector<PartReceipt> parts = folder.take_parts(options_.inputs);
  for (const std::string& note : plan_.notes) log_(LogLevel::kWarning, note);
  const size_t first = parts.size();
  const Width width = width_of(threads_, options_.memory, options_.inputs.size() - first);
  read_options_ = {.rejects = options_.rejects,
                   .live_max = width.live_max,
                   .fetch = options_.fetch,
                   .stage_ns = stage_ns_.data(),
                   .source_ns = &source_ns_,
                   .progress = &progress_,
                   .abandon = &abandon_};
  CommitOptions commit_options{options_.rejects, options_.text, std::max<size_t>(2, 2 * threads_),
                               late_ns_.data(),  &dedup_ns_,    &encode_ns_};
  progress_.inputs_total = options_.inputs.size();
  progress_.inputs_committed = first;
  note_sizes();
  if (first > 0)
    log_(LogLevel::kInfo,
         fmt::format("{}: {} of {} inputs are committed, going on", options_.output, first, options_.inputs.size()));
  Committer committer(folder, plan_, commit_options, std::move(parts), progress_);
  log_(LogLevel::kInfo, committer.dedup_summary(documents_expected()));
  Schedule schedule(options_.inputs.size(), first, folder.candidates_ready(options_.inputs, first));
  const auto commit = [&](size_t number) { committer.commit(number); };
  const tbb::global_control workers(tbb::global_control::max_allowed_parallelism, threads_);  // also above the cores
  tbb::task_arena arena(static_cast<int>(threads_), 1);
  static const char lanes_started = 0;  // static: the closure below is read only after it
  happens_before(&lanes_started);
  const auto one_lane = [&] {
    happens_after(&lanes_started);
    const HappensBefore done(&committer);
    lane(schedule, committer);
  };
  const HappensAfter all_done(&committer);
  arena.execute([&] {
    schedule.commit_ready(commit);
    tbb::task_group lanes;
    for (size_t i = 1; i < width.lanes; ++i) lanes.run(one_lane);
    lanes.run_and_wait(one_lane);
  });
  happens_after(&committer);
  committer.finish();
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

}  // namespace

RunResult run(const RunOptions& options, const Plan& plan, const Log& log) {
  const RunResult result = Runner(options, plan, log).run();
  if (!result.quarantined.empty() && result.quarantined.size() == options.inputs.size()) {
    throw Error(
        fmt::format("no input could be read; the first, {}: {}", result.quarantined.front(), result.first_failure));
  }
  return result;
}

}  // namespace ftok
