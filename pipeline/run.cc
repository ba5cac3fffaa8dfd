#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "core/run_on_threads.h"
#include "core/shown.h"
#include "core/signals.h"
#include "crawl/http_stage.h"
#include "pipeline/input_names.h"
#include "pipeline/inputs.h"
#include "pipeline/progress.h"
#include "pipeline/run/commit.h"
#include "pipeline/run/extractor.h"
#include "pipeline/run/process_cost.h"
#include "pipeline/run/schedule.h"

namespace ftok {
namespace {

class Runner {
 public:
  Runner(const RunOptions& options, const Plan& plan, const Log& log)
      : options_(options),
        plan_(plan),
        display_(progress_, log, options.quiet, options.progress_json),
        log_([this](LogLevel level, const std::string& message) { display_.log(level, message); }),
        threads_(threads_or_all(options.threads)),
        budget_(options.memory / 2),
        late_ns_(plan.late_stages.size()),
        names_(input_names(options.inputs)),
        extractor_(options.inputs, names_, plan,
                   {threads_, options.memory, &budget_, options.rejects, options.failed_inputs_max, options.fetch},
                   progress_, log_) {}

  RunResult run();
  ExtractedShare extract(Share share);
  RunResult commit();

 private:
  std::string binding() const;
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
  std::vector<std::atomic<uint64_t>> late_ns_;
  std::atomic<uint64_t> dedup_ns_{0}, encode_ns_{0};
  const std::vector<std::string> names_;  // of the inputs, in ids
  Extractor extractor_;
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

CandidatePlaces places_in(const CandidateFolder& folder) {
  return {[&folder](size_t number) { return folder.candidates(number); },
          [&folder](size_t number) { return folder.has_part(number); }};
}

// What the folder is bound to. Where a later document may be kept before an earlier one, that is the list of inputs
// too: a longer one would change what is committed.
std::string Runner::binding() const {
  std::string binding = run_binding(plan_.binding);
  if (!plan_.dedup.ranks()) return binding;
  Checksum checksum;
  for (const std::string& input : options_.inputs) checksum.update(shown_input(input) + "\n");
  return binding + fmt::format("\n[inputs]\nlist = \"{} {}\"\n", options_.inputs.size(), checksum.hex());
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
  warn_of_repeated_inputs(options_.inputs, log_);
  if (committer.parts() > 0) {
    log_(LogLevel::kInfo, fmt::format("{}: {} of {} inputs are committed, continuing", options_.output,
                                      committer.parts(), options_.inputs.size()));
  }
  log_(LogLevel::kInfo, committer.dedup_summary(documents_expected()));
}

RunResult Runner::run() {
  const OutputFolder folder(options_.output, binding());
  Committer committer(folder, plan_, commit_options(),
                      folder.committed(options_.inputs, plan_.dedup.ranks() ? OutputFolder::GivenUp::kStay
                                                                            : OutputFolder::GivenUp::kTryAgain),
                      progress_, log_);
  begin_commits(committer);
  const std::vector<bool> ready = folder.candidates_ready(options_.inputs, committer.parts());
  std::vector<size_t> missing;
  for (size_t number = committer.parts(); number < options_.inputs.size(); ++number) {
    if (!ready[number]) missing.push_back(number);
  }
  InOrder order(options_.inputs.size(), committer.parts(), ready);
  const auto commit = [&](size_t number) { committer.commit(number); };
  run_on_threads(threads_, [&] {
    order.commit_ready(commit);
    extractor_.run(missing, places_in(folder), [&](size_t number) {
      ++progress_.inputs_read;
      order.finished(number, commit);
    });
    committer.commit_waiting();
  });
  committer.finish();
  committer.warn_of_small_corpus(options_.output, log_);
  return result(committer);
}

ExtractedShare Runner::extract(Share share) {
  const CandidateFolder folder(options_.output, binding());
  for (const std::string& note : plan_.notes) log_(LogLevel::kWarning, note);
  ExtractedShare result;
  std::vector<size_t> missing;
  for (size_t number = share.index; number < options_.inputs.size(); number += share.count) {
    ++result.inputs;
    if (folder.has_part(number) || holds_candidates_of(folder.candidates(number), options_.inputs[number])) {
      ++result.there_already;
    } else {
      missing.push_back(number);
    }
  }
  progress_.inputs_total = result.inputs;
  progress_.inputs_committed = result.there_already;
  if (!missing.empty()) folder.open_work();
  run_on_threads(threads_, [&] {
    extractor_.run(missing, places_in(folder), [&](size_t) {
      ++progress_.inputs_read;
      ++progress_.inputs_committed;  // as far as this share is concerned
    });
  });
  for (const size_t number : extractor_.given_up()) result.quarantined.push_back(shown_input(options_.inputs[number]));
  return result;
}

RunResult Runner::commit() {
  const OutputFolder folder(options_.output, binding());
  Committer committer(folder, plan_, commit_options(), folder.committed(options_.inputs, OutputFolder::GivenUp::kStay),
                      progress_, log_);
  begin_commits(committer);
  std::vector<std::string> missing;
  run_on_threads(threads_, [&] {
    for (size_t number = committer.parts(); number < options_.inputs.size(); ++number) {
      const std::string& input = options_.inputs[number];
      if (!missing.empty() && std::filesystem::exists(folder.candidates(number))) continue;  // its turn is not yet
      const std::optional<InputReport> report = report_of_candidates(folder.candidates(number));
      if (report && report->input != shown_input(input)) {
        throw UsageError(fmt::format("{} is of {}, but the list of inputs has {} as input {}",
                                     folder.candidates(number), report->input, shown_input(input), number + 1));
      }
      const bool replaced = report && report->state.is_known && !is_what_was_read(*report, input);
      if (!report || replaced) {
        missing.push_back(shown_input(input));
        continue;
      }
      committer.commit(number);
    }
    if (missing.empty() || !plan_.dedup.ranks()) committer.commit_waiting();
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
  add("read", extractor_.source_ns);
  for (size_t i = 0; i < plan_.stages.size(); ++i) add(std::string(plan_.stages[i]->name()), extractor_.stage_ns[i]);
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
