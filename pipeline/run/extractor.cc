#include "pipeline/run/extractor.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/shown.h"
#include "core/signals.h"
#include "pipeline/inputs.h"
#include "pipeline/run/candidates.h"
#include "pipeline/run_batch.h"

namespace ftok {
namespace {

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

}  // namespace

std::optional<InputReport> report_of_candidates(const std::string& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    return CandidateReader(path).report();
  } catch (const Error&) {
    return std::nullopt;  // damaged on disk since: the input is read again; or committed and removed just now
  }
}

bool holds_candidates_of(const std::string& path, const std::string& input) {
  const std::optional<InputReport> report = report_of_candidates(path);
  return report && report->quarantined.empty() && is_what_was_read(*report, input);
}

Extractor::Extractor(const std::vector<std::string>& inputs, const std::vector<std::string>& names, const Plan& plan,
                     const ExtractorOptions& options, Progress& progress, Log log)
    : stage_ns(plan.stages.size()),
      inputs_(inputs),
      names_(names),
      plan_(plan),
      options_(options),
      progress_(progress),
      log_(std::move(log)) {}

std::vector<std::string> Extractor::paths(const CandidatePlaces& places, size_t number) const {
  std::vector<std::string> paths;
  for (size_t place = 0; place <= plan_.corpora.size(); ++place) paths.push_back(places.path(number, place));
  return paths;
}

bool Extractor::is_done(const CandidatePlaces& places, size_t number) const {
  const bool is_routed = !plan_.corpora.empty();
  for (size_t place = 0; place <= plan_.corpora.size(); ++place) {
    if (is_routed && places.is_used_up(number, place)) continue;
    if (!holds_candidates_of(places.path(number, place), inputs_[number])) return false;
  }
  return true;
}

bool Extractor::is_used_up(const CandidatePlaces& places, size_t number) const {
  for (size_t place = 0; place <= plan_.corpora.size(); ++place) {
    if (!places.is_used_up(number, place)) return false;
  }
  return true;
}

void Extractor::give_up(const CandidatePlaces& places, size_t number, const std::string& why) {
  InputReport report;
  report.input = shown_input(inputs_[number]);
  report.quarantined = escape_bytes(hide_secrets(why));
  const std::vector<std::string> paths = this->paths(places, number);
  for (size_t place = paths.size(); place-- > 0;) CandidateWriter(paths[place]).finish(report);
  const std::lock_guard lock(given_up_mutex_);
  given_up_.push_back(number);
  if (given_up_.size() > options_.failed_inputs_max) {
    throw Error(fmt::format("{} inputs failed, more than the {} allowed; the last: {}", given_up_.size(),
                            options_.failed_inputs_max, why));
  }
}

// Reading an input. Another process may be doing the same, and may have done so, or even committed the input, since
// this task was made: then there is nothing left to do.
Task Extractor::task(const CandidatePlaces& places, size_t number) {
  const std::string& input = inputs_[number];
  const auto work = [this, &places, &input, number] {
    if (is_done(places, number)) return;
    try {
      ReadInputOptions options = read_options_;
      options.name = names_[number];
      read_input(input, paths(places, number), plan_, options, log_);
    } catch (const TaskFailed& failure) {
      // What cannot be read twice is neither tried again nor given up: the next try would find it empty.
      if (!is_address(input) && !can_be_read_again(input)) throw Error(failure.what());
      throw;
    } catch (const Stopped&) {
      throw;
    } catch (const Error&) {
      if (!is_used_up(places, number)) throw;
    }
  };
  const auto give_up_unless_done = [this, &places, number](const std::string& why) {
    if (!is_done(places, number)) give_up(places, number, why);
  };
  return {number, shown_input(input), places.path(number, 0), work, give_up_unless_done};
}

void Extractor::run(const std::vector<size_t>& numbers, const CandidatePlaces& places,
                    const std::function<void(size_t)>& on_done) {
  std::vector<Task> tasks;
  for (const size_t number : numbers) tasks.push_back(task(places, number));
  const Width width = width_of(options_.threads, options_.memory, tasks.size());
  read_options_ = {.rejects = options_.rejects,
                   .live_max = width.live_max,
                   .budget = options_.budget,
                   .fetch = options_.fetch,
                   .stage_ns = stage_ns.data(),
                   .source_ns = &source_ns,
                   .progress = &progress_,
                   .abandon = &abandon_,
                   .refusal_ends = options_.refusal_ends};
  LocalExecutor(width.lanes, abandon_, log_).run(tasks, [&](const Task& done) { on_done(done.number); });
  finish_stages(plan_.stages, log_);
}

std::vector<size_t> Extractor::given_up() const {
  const std::lock_guard lock(given_up_mutex_);
  std::vector<size_t> numbers = given_up_;
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace ftok
