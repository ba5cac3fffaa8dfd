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
#include "pipeline/no_texts.h"
#include "pipeline/progress.h"
#include "pipeline/run/committers.h"
#include "pipeline/run/extractor.h"
#include "pipeline/run/process_cost.h"
#include "pipeline/run/schedule.h"
#include "pipeline/run_batch.h"

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
  std::string bind(const std::string& text) const;
  CommitOptions commit_options();
  bool is_ready(const std::vector<std::unique_ptr<CandidateFolder>>& folders, size_t number) const;
  void begin_commits(const Committers& committers);
  std::vector<bool> candidates_ready(const std::vector<std::unique_ptr<OutputFolder>>& folders,
                                     const Committers& committers) const;
  bool commit_if_ready(const std::vector<std::unique_ptr<OutputFolder>>& folders, Committers& committers,
                       size_t number) const;
  template <typename Folder>
  std::vector<std::unique_ptr<Folder>> open_folders() const {
    return ftok::open_folders<Folder>(options_.output, plan_, [this](const std::string& text) { return bind(text); });
  }
  void refuse_of_nothing(const std::vector<std::unique_ptr<OutputFolder>>& folders, const Committers& committers) const;
  void note_sizes();
  uint64_t documents_expected() const;
  RunResult result(const Committers& committers) const;

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

// What the folder is bound to. Where a later document may be kept, or stand, before an earlier one, that is the list of
// inputs too: a longer one would change what is committed.
std::string Runner::bind(const std::string& text) const {
  std::string binding = run_binding(text);
  if (!plan_.waits_for_all()) return binding;
  Checksum checksum;
  for (const std::string& input : options_.inputs) checksum.update(shown_input(input) + "\n");
  return binding + fmt::format("\n[inputs]\nlist = \"{} {}\"\n", options_.inputs.size(), checksum.hex());
}

CommitOptions Runner::commit_options() {
  const size_t live_max = std::clamp<size_t>(options_.memory / 2 / kItemBytes, 2, std::max<size_t>(2, 2 * threads_));
  return {.rejects = options_.rejects,
          .text = options_.text,
          .live_max = live_max,
          .threads = threads_,
          .memory = options_.memory,
          .budget = &budget_,
          .late_stage_ns = late_ns_.data(),
          .dedup_ns = &dedup_ns_,
          .encode_ns = &encode_ns_};
}

void Runner::begin_commits(const Committers& committers) {
  for (const std::string& note : plan_.notes) log_(LogLevel::kWarning, note);
  progress_.inputs_total = options_.inputs.size();
  progress_.inputs_committed = committers.parts();
  note_sizes();
  warn_of_repeated_inputs(options_.inputs, log_);
  if (committers.parts() > 0) {
    log_(LogLevel::kInfo, fmt::format("{}: {} of {} inputs are committed, continuing", options_.output,
                                      committers.parts(), options_.inputs.size()));
  }
  log_(LogLevel::kInfo, committers.dedup_summary(documents_expected()));
}

// Which inputs that are still to be committed have their candidates on disk and were not given up.
std::vector<bool> Runner::candidates_ready(const std::vector<std::unique_ptr<OutputFolder>>& folders,
                                           const Committers& committers) const {
  std::vector<bool> ready(options_.inputs.size(), false);
  for (size_t number = committers.parts(); number < options_.inputs.size(); ++number) {
    ready[number] = true;
    for (size_t place = 0; place < folders.size() && ready[number]; ++place) {
      ready[number] = committers.has(number, place) ||
                      holds_candidates_of(folders[place]->candidates(number), options_.inputs[number]);
    }
  }
  return ready;
}

RunResult Runner::run() {
  const std::vector<std::unique_ptr<OutputFolder>> folders = open_folders<OutputFolder>();
  Committers committers(folders, options_.inputs,
                        plan_.waits_for_all() ? OutputFolder::GivenUp::kStay : OutputFolder::GivenUp::kTryAgain, plan_,
                        commit_options(), progress_, log_);
  begin_commits(committers);
  display_.show_in(options_.output + "/" + kProgressName);
  const std::vector<bool> ready = candidates_ready(folders, committers);
  std::vector<size_t> missing;
  for (size_t number = committers.parts(); number < options_.inputs.size(); ++number) {
    if (!ready[number]) missing.push_back(number);
  }
  InOrder order(options_.inputs.size(), committers.parts(), ready);
  const auto commit = [&](size_t number) { committers.commit(number); };
  run_on_threads(threads_, [&] {
    order.commit_ready(commit);
    extractor_.run(missing, places_in(folders), [&](size_t number) {
      ++progress_.inputs_read;
      order.finished(number, commit);
    });
    committers.commit_waiting();
    committers.shuffle();
  });
  display_.hide();
  finish_stages(plan_.late_stages, log_);
  refuse_of_nothing(folders, committers);
  committers.finish();
  committers.warn_of_small_corpus(log_);
  return result(committers);
}

bool Runner::is_ready(const std::vector<std::unique_ptr<CandidateFolder>>& folders, size_t number) const {
  for (const auto& folder : folders) {
    if (!folder->has_part(number) && !holds_candidates_of(folder->candidates(number), options_.inputs[number]))
      return false;
  }
  return true;
}

ExtractedShare Runner::extract(Share share) {
  const std::vector<std::unique_ptr<CandidateFolder>> folders = open_folders<CandidateFolder>();
  for (const std::string& note : plan_.notes) log_(LogLevel::kWarning, note);
  ExtractedShare result;
  std::vector<size_t> missing;
  for (size_t number = share.index; number < options_.inputs.size(); number += share.count) {
    ++result.inputs;
    if (is_ready(folders, number)) {
      ++result.there_already;
    } else {
      missing.push_back(number);
    }
  }
  progress_.inputs_total = result.inputs;
  progress_.inputs_committed = result.there_already;
  for (const auto& folder : folders) {
    if (!missing.empty()) folder->join();
  }
  run_on_threads(threads_, [&] {
    extractor_.run(missing, places_in(folders), [&](size_t) {
      ++progress_.inputs_read;
      ++progress_.inputs_committed;  // as far as this share is concerned
    });
  });
  for (const size_t number : extractor_.given_up()) result.quarantined.push_back(shown_input(options_.inputs[number]));
  return result;
}

// Commits the input where its candidates are all there and are of what it is now; else returns false.
bool Runner::commit_if_ready(const std::vector<std::unique_ptr<OutputFolder>>& folders, Committers& committers,
                             size_t number) const {
  const std::string& input = options_.inputs[number];
  for (size_t place = 0; place < folders.size(); ++place) {
    if (committers.has(number, place)) continue;
    const std::string path = folders[place]->candidates(number);
    const std::optional<InputReport> report = report_of_candidates(path);
    if (report && report->input != shown_input(input)) {
      throw UsageError(fmt::format("{} is of {}, but the list of inputs has {} as input {}", path, report->input,
                                   shown_input(input), number + 1));
    }
    if (!report || (report->state.is_known && !is_what_was_read(*report, input))) return false;
  }
  committers.commit(number);
  return true;
}

// Whether there are candidates of the input, of whatever it was.
bool are_there(const std::vector<std::unique_ptr<OutputFolder>>& folders, const Committers& committers, size_t number) {
  for (size_t place = 0; place < folders.size(); ++place) {
    if (!committers.has(number, place) && !std::filesystem::exists(folders[place]->candidates(number))) return false;
  }
  return true;
}

RunResult Runner::commit() {
  const std::vector<std::unique_ptr<OutputFolder>> folders = open_folders<OutputFolder>();
  Committers committers(folders, options_.inputs, OutputFolder::GivenUp::kStay, plan_, commit_options(), progress_,
                        log_);
  begin_commits(committers);
  std::vector<std::string> missing;
  run_on_threads(threads_, [&] {
    for (size_t number = committers.parts(); number < options_.inputs.size(); ++number) {
      // Behind the first that is missing it is enough to know which others are.
      const bool is_missing =
          missing.empty() ? !commit_if_ready(folders, committers, number) : !are_there(folders, committers, number);
      if (is_missing) missing.push_back(shown_input(options_.inputs[number]));
    }
    if (missing.empty() || !plan_.dedup.waits()) committers.commit_waiting();
    if (missing.empty()) committers.shuffle();
  });
  if (!missing.empty()) {
    throw Error(fmt::format("{}: {} of {} inputs are committed; {}{} not extracted yet: extract, then commit again",
                            options_.output, committers.parts(), options_.inputs.size(), missing.front(),
                            missing.size() == 1 ? " is" : fmt::format(" and {} others are", missing.size() - 1)),
                kTryAgainExitCode);
  }
  finish_stages(plan_.late_stages, log_);
  refuse_of_nothing(folders, committers);
  committers.finish();
  committers.warn_of_small_corpus(log_);
  return result(committers);
}

// A run without a single input that could be read, or a single text in them, has failed: its folder gets no manifest,
// and another recipe, or other inputs, may take it.
void Runner::refuse_of_nothing(const std::vector<std::unique_ptr<OutputFolder>>& folders,
                               const Committers& committers) const {
  const std::vector<std::string>& given_up = committers.quarantined();
  const bool is_nothing_read = !given_up.empty() && given_up.size() == options_.inputs.size();
  const Tally tally = committers.tally();
  if (!is_nothing_read && !has_no_texts(tally)) return;
  for (const auto& folder : folders) folder->remove_work();
  if (is_nothing_read)
    throw Error(fmt::format("no input could be read; the first, {}: {}", given_up.front(), committers.first_failure()));
  refuse_without_texts(tally, kTextKeys);
}

RunResult Runner::result(const Committers& committers) const {
  RunResult result;
  result.tally = committers.tally();
  result.corpora = committers.corpora();
  result.shards = committers.shard_names();
  result.quarantined = committers.quarantined();
  result.first_failure = committers.first_failure();
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

}  // namespace

uint64_t run_memory_min(const RecipeConfig& recipe) {
  int64_t largest = recipe.input.record_bytes_max;
  for (const RecipeEntry& entry : recipe.entries) {
    if (const auto* http = entry.get<HttpOptions>()) largest = std::max(largest, http->body_bytes_max);
  }
  return static_cast<uint64_t>(std::max<int64_t>(largest, 0)) * kMemoryPerRecordByte;
}

RunResult run(const RunOptions& options, const Plan& plan, const Log& log) { return Runner(options, plan, log).run(); }

ExtractedShare extract_share(const RunOptions& options, Share share, const Plan& plan, const Log& log) {
  return Runner(options, plan, log).extract(share);
}

RunResult commit(const RunOptions& options, const Plan& plan, const Log& log) {
  return Runner(options, plan, log).commit();
}

}  // namespace ftok
