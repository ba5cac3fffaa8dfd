// What the passes of a job share: the task at hand, and what the passes before it left.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "pipeline/input_report.h"
#include "pipeline/job.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "shards/packed_part.h"

namespace ftok {

// What all extract tasks left, as their receipts say.
struct Extracted {
  std::vector<TaskReceipt> receipts;  // by task
  // By task: the number after its last document. Earlier documents (EarlierDocuments), of which every task has a share,
  // come first; then those of the tasks.
  std::vector<uint64_t> earlier_ends, ends;
  std::string digest;  // of the receipts

  uint64_t earlier() const { return earlier_ends.back(); }
  uint64_t earlier_begin(uint64_t task) const { return task == 0 ? 0 : earlier_ends[task - 1]; }
  uint64_t begin(uint64_t task) const { return task == 0 ? earlier() : ends[task - 1]; }
};

// The receipts of a pass, all of them. Throws Error with kTryAgainExitCode naming the first that is missing.
std::vector<TaskReceipt> receipts_of(const Job& job, std::string_view pass, const std::string& after);
Extracted extracted(const Job& job);

struct TaskContext {
  const Job& job;
  const TaskOptions& options;
  const Plan& plan;
  Progress& progress;
  Log log;
  size_t threads = 1;

  uint64_t task() const { return options.task; }
  const EarlierDocuments& earlier() const { return plan.earlier_of(job.manifest().corpus); }
};

// The names of a task's files.
std::string keys_name(uint64_t task);              // parts/TTTTTT.keys
std::string extracted_inputs_name(uint64_t task);  // work/TTTTTT.inputs.jsonl
std::string candidates_name(uint64_t task, uint64_t input);
std::string inputs_name(uint64_t task);  // parts/TTTTTT.inputs.jsonl
std::string tokens_name(uint64_t task);

// Of the parts with earlier documents, those that the task sorts and looks ids up in.
TaskShare earlier_share(const TaskContext& context);

// Whether `ftok job clean` has removed what the pass left in work/.
bool is_cleaned(const Job& job, std::string_view pass);
// Keeps it so in a job that is finished and cleaned, where a task makes work/ again.
void keep_marks_of_clean(const Job& job);

// After a task has failed with `message`: withdraws the receipts of the tasks whose files, which it reads, are missing
// or not what the receipts list, so that `ftok resubmit` names these tasks. What to say of them; "" where all files are
// good. `whole`: the job that `job` is a corpus of, or `job` itself. `after`: as in receipts.
std::string withdraw_damaged(const Job& whole, const Job& job, std::string_view reader, uint64_t task,
                             const std::string& after, const std::string& message);

// The entry of a receipt for the file of this name; throws Error naming the receipt when it has none.
const FileEntry& file_of(const TaskReceipt& receipt, const std::string& name);

// All files that a receipt names; the candidates of inputs stand in the files of inputs.
std::vector<FileEntry> files_of(const TaskReceipt& receipt);

// The first sliced file of each.
std::vector<SlicedFileEntry> first_sliced(const std::vector<TaskReceipt>& receipts);

// Completes what a pass returned and writes it: the task is done.
void publish_receipt(const Job& job, std::string_view pass, uint64_t task, const std::string& after,
                     TaskReceipt& receipt);

// A file of inputs, held against its receipt.
std::vector<PackedPart> packed_parts(const Job& job, const TaskReceipt& receipt, const std::string& name);

// Removes what killed attempts of this host left half-written in attempts/.
void sweep_attempts(const Job& job);

// Each makes what the task makes and returns its receipt, but for `job`, `pass` and `task`. Where documents are routed,
// `extract` publishes the corpora's receipts itself.
TaskReceipt extract_pass(const TaskContext& context);
TaskReceipt group_pass(const TaskContext& context, const Extracted& extracted);
TaskReceipt cluster_pass(const TaskContext& context, const Extracted& extracted);
TaskReceipt decide_pass(const TaskContext& context, const Extracted& extracted);
TaskReceipt resolve_pass(const TaskContext& context, const Extracted& extracted);
TaskReceipt commit_pass(const TaskContext& context, const Extracted& extracted);
TaskReceipt cut_pass(const TaskContext& context, const Extracted& extracted);
TaskReceipt finish_pass(const TaskContext& context, const Extracted& extracted);

}  // namespace ftok
