// A run: WARC files in, token shards out. See docs/architecture.md for the flow; in short:
//
//   each input:  records -> stages -> work/NNNNNN.candidates            (read_input.h; any order, several at a time)
//   in order:    candidates -> dedup -> PII -> encode -> parts/NNNNNN.* (commit.h; the receipt last: that is the
//                commit)
//   in order:    parts' tokens -> shards, cut at exact token counts
//
// Every step writes files that are complete or absent, so a run can be killed at any moment and the same command
// resumes it to the same bytes. Its two halves, the first line above and the other two, can also be called one by one:
// extract_share() by any number of processes on any machines that share the folder, commit() by one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/log.h"
#include "crawl/fetch.h"
#include "document/stats.h"
#include "pipeline/inputs.h"
#include "pipeline/plan.h"
#include "pipeline/recipe_config.h"

namespace ftok {

struct RunOptions {
  std::vector<std::string> inputs;  // list_inputs
  std::string output;
  size_t threads = 0;  // 0: all cores
  // Bytes for documents in flight: half for those that wait, half for those that are worked on. It decides no byte of
  // the output. The dedup index has its own (dedup.memory).
  uint64_t memory = uint64_t{1} << 30;
  Rejects rejects = Rejects::kIds;
  bool text = true;  // keep the documents' text (text/NNNNNN.jsonl.zst)
  uint64_t failed_inputs_max = UINT64_MAX;
  FetchOptions fetch = fetch_options_of_environment();  // of inputs that are addresses
  bool quiet = false;
  std::string progress_json;
};

// The least `memory` with which records as large as the recipe reads are worked on: 32 bytes for each of theirs.
uint64_t run_memory_min(const RecipeConfig& recipe);

struct StageTime {
  std::string name;
  double cpu_seconds = 0;
};

struct RunResult {
  Tally tally;                                         // of all parts, those of earlier runs too
  std::vector<std::pair<std::string, Tally>> corpora;  // where documents are routed: of each, from there on
  std::vector<std::string> shards;                     // names in the output folder, in order
  std::vector<std::string> quarantined;                // inputs given up
  std::string first_failure;                           // why the first of them was
  std::vector<StageTime> stages;                       // CPU of this process only
  double seconds = 0;                                  // wall time of this process
  double cpu_seconds = 0;
  uint64_t peak_rss_bytes = 0;
};

// Runs or resumes. Throws UsageError when the folder belongs to another recipe or input order, Error when the run
// fails.
RunResult run(const RunOptions& options, const Plan& plan, const Log& log);

struct ExtractedShare {
  uint64_t inputs = 0;                   // of the share
  uint64_t there_already = 0;            // whose candidates, or parts, another attempt had left
  std::vector<std::string> quarantined;  // inputs given up by this one, in the list's order
};

// The first half for a share of the inputs: makes their candidates. Any number of processes may do so at the same time,
// also for the same inputs, with or without another that commits.
ExtractedShare extract_share(const RunOptions& options, Share share, const Plan& plan, const Log& log);

constexpr int kTryAgainExitCode = 75;  // EX_TEMPFAIL
constexpr int kGivenUpExitCode = 65;   // EX_DATAERR: done, without inputs that could not be read

// The second half: commits what has its candidates, in the list's order, and finishes the folder when that is all of
// them. Throws Error with kTryAgainExitCode, naming the first input that is missing, when it is not: then what could be
// committed is.
RunResult commit(const RunOptions& options, const Plan& plan, const Log& log);

// The funnel as a table for people of `columns` (60 to 120): what each stage dropped, in the order of the stages, of
// what reached it, and what was left; and as the object of `--json`.
std::string funnel_text(const RunResult& result, int columns = 80);
std::string funnel_json(const RunResult& result);

}  // namespace ftok
