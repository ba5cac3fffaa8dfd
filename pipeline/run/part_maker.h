// The second half of a run or of a job for one input: its candidates, judged by deduplication in their order -> scrub
// -> encode -> its part. What the run and the job's tasks share; they differ in who judges.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/input_report.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/run/candidates.h"
#include "shards/manifest.h"
#include "shards/part.h"

namespace ftok {

struct CommitOptions {
  Rejects rejects = Rejects::kIds;
  bool text = true;
  size_t live_max = 8;
  size_t threads = 1;                              // that sort a shuffle
  uint64_t memory = uint64_t{1} << 30;             // half of it for sorting a shuffle
  MemoryBudget* budget = nullptr;                  // for what is worked on
  std::atomic<uint64_t>* late_stage_ns = nullptr;  // CPU time a late stage
  std::atomic<uint64_t>* dedup_ns = nullptr;
  std::atomic<uint64_t>* encode_ns = nullptr;
};

// What deduplication says of a document.
struct Judgement {
  Verdict verdict;
  std::vector<uint64_t> keys;  // for the part's keys file, where it has one
  std::string duplicate_of;    // the id of the document that it repeats
  DocumentCluster cluster;     // with dedup.clusters
};

struct PartDecisions {
  std::function<Judgement(const Document&)> judge;                          // of each document, in order; one at a time
  std::function<Split(const Document&, std::string_view split_key)> split;  // of each that is kept, the same
  bool writes_keys = true;
};

class PartMaker {
 public:
  // What is given by reference outlives it.
  PartMaker(const Plan& plan, const CommitOptions& options, Progress& progress)
      : plan_(plan), options_(options), progress_(progress) {}

  // Writes the candidates' part, which the caller begins and ends; returns the input's report with what became of the
  // documents here. Parallel inside, in the current TBB arena. Throws Stopped when a stop was asked for.
  InputReport make(CandidateReader& reader, const PartDecisions& decisions, PartWriter& writer) const;

  PartOptions part_options(std::string folder, size_t keys_per_document) const;

 private:
  struct Entry;

  void work(Entry& entry) const;
  void emit(Entry& entry, const PartDecisions& decisions, std::string_view split_key, PartWriter& writer,
            InputReport& report) const;

  const Plan& plan_;
  const CommitOptions& options_;
  Progress& progress_;
};

// The manifest of what is made by this plan, but for inputs and shards. `corpus`: of the folder of one of several.
Manifest manifest_of(const Plan& plan, std::string binding, const Tally& totals, const std::string& corpus);

}  // namespace ftok
