// The first half of a run or of a job's task: candidates of some inputs, several at a time, each into a file of its
// own. Any number of processes may make the same ones at the same time.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "crawl/fetch.h"
#include "pipeline/executor.h"
#include "pipeline/input_report.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/read_input.h"
#include "pipeline/run/local_executor.h"

namespace ftok {

// What one item that waits is budgeted at: a record that is not large (read_input.cc), or a text. What items take while
// they are worked on is the other half of the memory (MemoryBudget).
inline constexpr uint64_t kItemBytes = uint64_t{24} << 20;

struct ExtractorOptions {
  size_t threads = 1;
  uint64_t memory = uint64_t{1} << 30;  // limit on items in flight, in bytes
  MemoryBudget* budget = nullptr;       // for what is worked on: half of it
  Rejects rejects = Rejects::kIds;
  uint64_t failed_inputs_max = UINT64_MAX;
  FetchOptions fetch = fetch_options_of_environment();  // of inputs that are addresses
  bool refusal_ends = false;                            // an input that we may not read ends it; else it is given up
};

// Where candidates go, for an Extractor. `place`: 0, or where documents are routed the number of a corpus plus 1.
struct CandidatePlaces {
  std::function<std::string(size_t number, size_t place)> path;
  // Whether nobody needs these candidates of the input any more, because what is made of them is there.
  std::function<bool(size_t number, size_t place)> is_used_up;
};

// What a candidate file says of its input; nothing when there is none, or a damaged one.
std::optional<InputReport> report_of_candidates(const std::string& path);

// Whether the file holds the whole input, which was not given up.
bool holds_candidates_of(const std::string& path, const std::string& input);

class Extractor {
 public:
  // `names`: of all inputs, in ids (input_names.h). What is given by reference outlives it.
  Extractor(const std::vector<std::string>& inputs, const std::vector<std::string>& names, const Plan& plan,
            const ExtractorOptions& options, Progress& progress, Log log);

  // Sees to it that the inputs of these numbers have their candidates, unless they are used up: those of an input that
  // fails several times say that it was given up. Calls on_done(number) from any thread. In the current TBB arena.
  // Throws Error when more than failed_inputs_max are given up or nothing can be written, AccessRefused, Stopped.
  void run(const std::vector<size_t>& numbers, const CandidatePlaces& places,
           const std::function<void(size_t number)>& on_done);

  std::vector<size_t> given_up() const;  // numbers of inputs, ascending

  std::atomic<uint64_t> source_ns{0};           // CPU time of reading and splitting records
  std::vector<std::atomic<uint64_t>> stage_ns;  // of each stage

 private:
  Task task(const CandidatePlaces& places, size_t number);
  std::vector<std::string> paths(const CandidatePlaces& places, size_t number) const;
  bool is_done(const CandidatePlaces& places, size_t number) const;
  bool is_used_up(const CandidatePlaces& places, size_t number) const;
  void give_up(const CandidatePlaces& places, size_t number, const std::string& why);

  const std::vector<std::string>& inputs_;
  const std::vector<std::string>& names_;
  const Plan& plan_;
  ExtractorOptions options_;
  Progress& progress_;
  Log log_;
  ReadInputOptions read_options_;
  std::atomic<bool> abandon_{false};
  mutable std::mutex given_up_mutex_;
  std::vector<size_t> given_up_;
};

}  // namespace ftok
