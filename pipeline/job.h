// A job: what a run does, in tasks that any number of machines do (docs/many-machines.md). `ftok plan` writes its
// manifest, `ftok task` does one task of one pass; the shards, sidecars, texts and reject records are those of one run
// over the same inputs, whatever the number of tasks, their order, and how often they are killed or done twice.
//
//   extract   inputs -> candidates (as a run's), ids and keys of their documents, sorted runs of the keys
//   group     one range of the keys of all tasks -> edges from each document to the first that had one of its keys
//   cluster   where clusters are asked for: all edges -> the cluster of each document that repeats another
//   decide    the edges from the documents of one task -> which earlier documents each repeats
//   resolve   what repeats the documents of one task -> their ids (and signatures, where similarity is asked for)
//   commit    candidates and what they repeat -> texts, reject records, tokens
//   cut       tokens -> some of the shards
//   finish    receipts -> the manifest of the folder
//
// A task writes files that are whole or absent, whose names and bytes depend on the task alone, and its receipt last.
// There are no locks: two live attempts at one task publish the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log.h"
#include "crawl/fetch.h"
#include "document/stats.h"
#include "pipeline/plan.h"
#include "pipeline/recipe_config.h"
#include "shards/job_manifest.h"

namespace ftok {

class JobStore;
struct S3Object;

// Of `ftok task`, as kTryAgainExitCode and kGivenUpExitCode are (run.h): sysexits.h's codes, which schedulers can tell
// apart.
constexpr int kConfigurationExitCode = 78;  // EX_CONFIG: no further attempt will do better

struct JobOptions {
  std::vector<std::string> inputs;         // list_inputs
  std::string output;                      // the folder
  std::shared_ptr<JobStore> store;         // where the job lies, when `output` is the folder of a copy of it
  std::string vocabulary, language_model;  // as named by the user; the second may be empty
  std::vector<std::string> against;        // PlanOptions::against, absolute
  Rejects rejects = Rejects::kIds;
  bool text = true;
  uint64_t tasks = 1;   // of the passes that go by inputs, 1..kJobTasksMax
  uint64_t ranges = 0;  // of keys: tasks of the pass `group`; 0: by the size of the inputs
};
inline constexpr uint64_t kJobTasksMax = 10'000;

// Writes JOB/binding.toml and JOB/job.json, and the same in JOB/corpora/NAME where documents are routed; nothing when
// the same job is there already. Throws UsageError when something else is.
JobManifest plan_job(const JobOptions& options, RecipeConfig recipe, const Plan& plan);

// A folder with a job in it. Const, thread-safe.
class Job {
 public:
  // Reads job.json. Throws Error with kConfigurationExitCode when there is none, it is damaged, or another build of
  // ftok made it.
  // Tasks check the build and the recipe too; who only looks at receipts does not.
  enum class Check { kAll, kManifestOnly };
  explicit Job(std::string path, Check check = Check::kAll);
  // One in an object store. `path()` is the copy, which holds what the functions below have asked for.
  explicit Job(std::shared_ptr<JobStore> store, Check check = Check::kAll);

  const std::string& path() const { return path_; }
  const JobManifest& manifest() const { return manifest_; }
  const std::string& digest() const { return digest_; }  // of job.json
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }

  // What follows fetches into the copy or stores from it where the job lies in an object store, and does nothing else.
  // Throws Error.
  JobStore* store() const { return store_.get(); }
  std::vector<S3Object> stored(const std::string& prefix) const;  // `key`: the name in this job
  void withdraw(const std::vector<std::string>& names) const;
  std::string file(std::string_view name) const;  // path_of(), with the file there
  void need(const std::string& name, uint64_t size, uint64_t begin, uint64_t bytes) const;  // a part of a file
  // Slices of sliced files: the stretches [begin, end) of each, by one request for each stretch.
  struct WantedSlices {
    SlicedFileEntry file;
    size_t slices = 0;  // that it has
    std::vector<std::pair<size_t, size_t>> stretches = {};
  };
  void need_slices(const std::vector<WantedSlices>& files, std::string_view magic) const;
  // What is known of a file without asking for it; where the job lies in a folder, nothing.
  void give(const std::string& name, uint64_t size, uint64_t begin, std::string_view bytes) const;
  std::optional<std::string> stored_part(const std::string& name, uint64_t begin, uint64_t bytes) const;
  void refresh(const std::string& prefix) const;     // what has such a name, as it is now; receipts may come from packs
  void refresh_file(const std::string& name) const;  // one file, by one request
  // Puts the receipts of a pass together once all are there (shards/receipt_pack.h). Returns the names of those there.
  std::vector<std::string> pack_receipts(std::string_view pass) const;
  void publish(const std::vector<std::string>& names) const;
  bool is_stored() const { return store_ != nullptr; }
  bool has_copy(const std::string& name) const;  // whether all of the file is in the copy; in a folder always
  std::optional<uint64_t> stored_bytes(const std::string& name) const;  // none where it is not there, or in a folder
  bool has(const std::string& name) const;                              // wherever the job lies
  // Of the inputs, and of the passes after `extract` in each corpus.
  uint64_t tasks(std::string_view pass) const { return manifest_.tasks.at(std::string(pass)); }
  // This job, then those of its corpora, of which the manifests alone are checked.
  std::vector<Job> with_corpora() const;
  Job corpus(const std::string& name, Check check) const;
  RecipeConfig recipe() const;
  Rejects rejects() const;

  // The documents that come before its own, as they were when it was planned; none: nothing is compared with them.
  EarlierByCorpus earlier() const;

  // Throws Error with kConfigurationExitCode, naming the first difference, unless `plan` is what the job is bound to,
  // or a part of it.
  void check(const Plan& plan) const;

  // The receipt of a task; none when it is missing, damaged, or of other extracted inputs (`after`, "": any). `why`
  // (may be null) says so then. Throws Error with kConfigurationExitCode when it is of another job.
  std::optional<TaskReceipt> receipt(std::string_view pass, uint64_t task, const std::string& after,
                                     std::string* why = nullptr) const;

 private:
  Job(std::string path, std::shared_ptr<JobStore> store, std::string below, Check check);
  void check_digests(const Plan& plan) const;

  std::string path_;
  std::shared_ptr<JobStore> store_;
  std::string below_;  // before the job's names in the store: "corpora/NAME/" or nothing
  JobManifest manifest_;
  std::string digest_;
};

struct TaskOptions {
  std::string pass;
  uint64_t task = 0;
  size_t threads = 0;                   // 0: all cores
  uint64_t memory = uint64_t{1} << 30;  // ceiling on documents in flight
  FetchOptions fetch = fetch_options_of_environment();
  bool retry = false;  // inputs that were given up
  bool quiet = false;
};

struct TaskResult {
  bool was_done = false;     // by an earlier attempt
  uint64_t quarantined = 0;  // inputs of the task that were given up
  std::string first_quarantined;
};

// Does one task, unless its receipt shows that it is done. Throws UsageError for a pass or number that there is not;
// Error with kTryAgainExitCode when a task of an earlier pass is missing, naming it; Stopped.
TaskResult run_task(const Job& job, const TaskOptions& options, const Plan& plan, const Log& log);

// Where a job stands, as its receipts and the records of attempts say.
struct PassStatus {
  std::string name;
  uint64_t tasks = 0, done = 0;
  uint64_t quarantined = 0;  // inputs
  uint64_t attempts = 0;     // begun
  double seconds = 0;        // of all that ended, summed
  double cpu_seconds = 0;
  std::vector<uint64_t> missing;     // tasks without a receipt that counts
  std::vector<uint64_t> stragglers;  // running for more than three times the median of those that are done
};

// What became of the inputs that come from one place: a crawl of Common Crawl's, or a folder.
enum class Alarm {
  kNone,
  kGivenUp,      // all its inputs that were looked at were given up
  kNothingKept,  // none of its documents is kept
  kStandsOut     // its keep share differs wildly from that of the rest
};

struct SourceStatus {
  std::string name;
  uint64_t inputs = 0, quarantined = 0;  // that were looked at
  Tally tally;
  Alarm alarm = Alarm::kNone;
};

struct JobStatus {
  std::vector<PassStatus> passes;     // in the order in which they run
  std::vector<SourceStatus> sources;  // those with an alarm, then those with the most documents
  uint64_t inputs = 0;
  std::optional<uint64_t> bytes;  // of all inputs, where known
  uint64_t bytes_done = 0;        // of the inputs extracted
  double bytes_a_second = 0;      // of one attempt at extracting
  double seconds_left = 0;        // of one machine's attempts, in the passes whose pace is known
  std::vector<std::string>
      not_reckoned;                  // passes of which something is left and nothing is done: their pace is unknown
  std::vector<std::string> foreign;  // what to say of each receipt that is another job's or task's
};

JobStatus job_status(const Job& job);
std::string status_text(const JobStatus& status, double price_an_hour);
std::string status_json(const JobStatus& status, double price_an_hour);
std::string status_prometheus(const JobStatus& status, double price_an_hour);

// Throws Error with kConfigurationExitCode where a receipt is another job's or task's.
void check_receipts(const JobStatus& status);

// Removes what no pass that is still to run will read. Returns how many files, and their bytes.
struct Cleaned {
  uint64_t files = 0, bytes = 0;
};
Cleaned clean_job(const Job& job);

// Of a job in an object store: aborts the uploads that killed tasks left; how many there were. To be called when no
// task runs: after a pass.
uint64_t sweep_uploads(const Job& job);

}  // namespace ftok
