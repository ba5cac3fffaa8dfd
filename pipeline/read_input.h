// The first half of a run for one input: records -> stages -> candidate file. Parallel inside one input, and several
// inputs are in flight at a time.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "crawl/fetch.h"
#include "pipeline/executor.h"
#include "pipeline/input_report.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"

namespace ftok {

// The input itself failed: it could not be opened or read on. The run continues without it.
class InputError : public TaskFailed {
 public:
  using TaskFailed::TaskFailed;
};

struct ReadInputOptions {
  Rejects rejects = Rejects::kIds;
  size_t live_max = 8;                                  // items in memory at a time
  MemoryBudget* budget = nullptr;                       // for those that are worked on
  FetchOptions fetch = fetch_options_of_environment();  // of inputs that are addresses
  std::atomic<uint64_t>* stage_ns = nullptr;            // CPU time a stage, see run_stages
  std::atomic<uint64_t>* source_ns = nullptr;           // CPU time of reading and splitting records
  Progress* progress = nullptr;
  const std::atomic<bool>* abandon = nullptr;  // set when the run failed elsewhere: end with Stopped
  bool refusal_ends = false;                   // AccessRefused is thrown as it is, not as the input's failure
  std::string name = {};                       // of the input in ids (input_names.h); empty: that of one read alone
};

// Reads `input` and writes the candidate file `paths[0]`, and where documents are routed, those of the plan's corpora
// first, which follow in `paths`. Throws, and leaves no file: InputError when the input fails; Error when the output
// fails; Stopped when a stop was asked for; with `refusal_ends`, AccessRefused when the input may not be read. Runs in
// the current TBB arena.
InputReport read_input(const std::string& input, const std::vector<std::string>& paths, const Plan& plan,
                       const ReadInputOptions& options, const Log& log);

// Runs `input` through the stages without writing anything: `emit` gets every item in order, serially.
InputReport visit_input(const std::string& input, const Plan& plan, bool measure, const ReadInputOptions& options,
                        const Log& log, const std::function<void(Item&)>& emit);

// The same in an arena of its own with `threads` threads (0: all cores) and nothing measured.
InputReport visit_input_with_threads(const std::string& input, const Plan& plan, size_t threads, const Log& log,
                                     const std::function<void(Item&)>& emit);

}  // namespace ftok
