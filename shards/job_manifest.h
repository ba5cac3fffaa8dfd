// job.json: a job (docs/many-machines.md), written once by `ftok plan` and never changed: what its tasks are made from,
// how many there are, and with what they are made. And the receipts of its tasks.
//
//   JOB/job.json                     the manifest
//   JOB/receipts/PASS/NNNNNN.json    a receipt for each task that is done; written last of what the task writes
//   JOB/parts/, JOB/work/            what tasks leave: to stay, and for later passes
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "shards/checksum.h"
#include "shards/sliced_file.h"
#include "shards/writer.h"

namespace ftok {

inline constexpr char kJobName[] = "job.json";
inline constexpr char kEarlierName[] = "earlier.jsonl";  // JobManifest::earlier

// In the order in which passes run. Each begins when all tasks of those before it are done. `cluster` has none where
// nobody asks for clusters.
inline constexpr std::string_view kPasses[] = {"extract", "group",  "cluster", "decide",
                                               "resolve", "commit", "cut",     "finish"};

struct JobManifest {
  std::map<std::string, std::string> software;  // name -> version; "program": its build ID, or checksum
  std::string binding;                          // checksum of binding.toml
  std::string recipe;                           // TOML, all keys
  std::string folder;                           // what relative names below are relative to; absolute
  std::string vocabulary, language_model;       // as named to `ftok plan`; the second may be empty
  std::vector<std::string> against;             // folders whose documents come first (--dedup-against); absolute
  std::string earlier;                          // checksum of the list of their keys, where there are any
  std::string rejects;                          // none, ids, text
  bool text = true;
  std::map<std::string, uint64_t> tasks;  // pass -> how many; of the passes after `extract`, of each corpus
  std::vector<std::string> corpora;       // to which documents are routed: each is a job in corpora/NAME
  std::string corpus;                     // of such a job: its name

  struct Input {
    std::string name;                      // as escape_bytes() (core/shown.h) writes it
    std::optional<uint64_t> bytes;         // where known
    std::optional<std::string> etag = {};  // of an object, where known
    bool operator==(const Input&) const = default;
  };
  std::vector<Input> inputs;

  bool operator==(const JobManifest&) const = default;
};

// Of a pass in all: of the passes after `extract`, those of what goes to no corpus, then those of each corpus. Throws
// UsageError for a pass that there is not.
uint64_t all_tasks(const JobManifest& manifest, std::string_view pass);

std::string write_job_manifest(const JobManifest& manifest);

// Damage codes: "unsealed", "bad_checksum", "bad_manifest".
Result<JobManifest> parse_job_manifest(std::string_view file);

// What a task takes of `count` inputs or shards: [begin, end). In order, evenly; some tasks take none where there are
// more of them.
struct TaskShare {
  uint64_t begin = 0, end = 0;
};
TaskShare share_of_task(uint64_t count, uint64_t task, uint64_t tasks);

// What a task did. The same from every attempt: it holds no time and no name of a machine.
struct TaskReceipt {
  std::string job;  // checksum of job.json
  std::string pass;
  uint64_t task = 0;
  std::string after;                        // of the passes after the first: checksum of the first one's receipts
  std::map<std::string, uint64_t> numbers;  // counters, by name
  std::string tally = "{}";                 // a JSON object: what became of records, by crawl; the caller's
  std::vector<FileEntry> files;             // that stay or that are read as a whole
  std::vector<SlicedFileEntry> sliced;
  std::vector<ShardEntry> shards;

  uint64_t number(const std::string& name) const;  // of `numbers`, 0 when it is not there
};

std::string write_task_receipt(const TaskReceipt& receipt);
Result<TaskReceipt> parse_task_receipt(std::string_view file);  // damage: "unsealed", "bad_checksum", "bad_receipt"

// "receipts/extract/000003.json"
std::string task_receipt_name(std::string_view pass, uint64_t task);

}  // namespace ftok
