#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "pipeline/job/task.h"
#include "pipeline/job_store.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

// The files of earlier passes that a task reads: those of all their tasks, or of the task of its own number.
struct ReadFiles {
  std::string_view reader, pass, ending;
  bool own = false;
};

constexpr ReadFiles kReadFiles[] = {
    {"group", "extract", ".run"},
    {"cluster", "group", ".edges"},
    {"decide", "group", ".edges"},
    {"decide", "cluster", ".clusters"},
    {"resolve", "decide", ".repeats"},
    {"resolve", "extract", ".keys", true},
    {"resolve", "extract", ".inputs.jsonl", true},
    {"commit", "extract", ".inputs.jsonl", true},
    {"commit", "extract", ".candidates", true},
    {"commit", "resolve", ".answers"},
    {"commit", "cluster", ".clusters"},
    {"cut", "commit", ".tokens"},
    {"cut", "commit", ".shuffled"},
    {"cut", "commit", ".inputs.jsonl"},
    {"finish", "cut", ""},
};

class BadFiles {
 public:
  // `message`: of the task that failed. Files that it names are read, of all others only the size is looked at.
  BadFiles(const Job& job, std::string message) : job_(job), message_(std::move(message)) {
    for (const S3Object& object : job.stored("")) stored_[object.key] = object.size;
  }

  bool is_bad(const FileEntry& file) const {
    if (size_of(file.name) != file.bytes) return true;
    if (message_.find(file.name) == std::string::npos) return false;
    return checksum_of_file(job_.file(file.name)) != file.checksum;
  }

 private:
  std::optional<uint64_t> size_of(const std::string& name) const {
    if (job_.is_stored()) {
      const auto found = stored_.find(name);
      return found == stored_.end() ? std::nullopt : std::optional(found->second);
    }
    std::error_code code;
    const uint64_t bytes = fs::file_size(job_.path_of(name), code);
    return code ? std::nullopt : std::optional(bytes);
  }

  const Job& job_;
  std::string message_;
  std::map<std::string, uint64_t> stored_;  // of a job in an object store: name -> size
};

// The first file of the receipt that ends so and is not as it lists it; "" where there is none. The list of inputs
// comes first: it lists the candidates.
std::string bad_file(const Job& job, const TaskReceipt& receipt, std::string_view ending, const BadFiles& files) {
  if (ending == ".candidates") {
    for (const PackedPart& part : packed_parts(job, receipt, extracted_inputs_name(receipt.task))) {
      for (const FileEntry& file : part.files) {
        if (files.is_bad(file)) return file.name;
      }
    }
    return "";
  }
  for (const FileEntry& file : files_of(receipt)) {
    if (file.name.ends_with(ending) && files.is_bad(file)) return file.name;
  }
  return "";
}

void withdraw_receipt(const Job& job, const std::string& name) {
  job.withdraw({name});
  if (fs::exists(job.path_of(name))) remove_file(job.path_of(name));
}

}  // namespace

std::string withdraw_damaged(const Job& whole, const Job& job, std::string_view reader, uint64_t task,
                             const std::string& after, const std::string& message) {
  const BadFiles files(job, message);
  std::string first;
  std::set<std::pair<std::string_view, uint64_t>> withdrawn;
  for (const ReadFiles& read : kReadFiles) {
    if (read.reader != reader) continue;
    const uint64_t begin = read.own ? task : 0, end = read.own ? task + 1 : job.tasks(read.pass);
    for (uint64_t each = begin; each < end; ++each) {
      if (withdrawn.contains({read.pass, each})) continue;
      const bool extracts = read.pass == kPasses[0];
      const std::optional<TaskReceipt> receipt = job.receipt(read.pass, each, extracts ? "" : after);
      const std::string bad = receipt ? bad_file(job, *receipt, read.ending, files) : "";
      if (bad.empty()) continue;
      const std::string name = task_receipt_name(read.pass, each);
      withdraw_receipt(job, name);
      if (extracts && !job.manifest().corpus.empty())
        withdraw_receipt(whole, name);  // by which the task counts as done
      withdrawn.insert({read.pass, each});
      if (!first.empty()) continue;
      first = fmt::format("{} is missing or damaged: do task {} of the pass {} again, whose receipt is withdrawn",
                          job.path_of(bad), each, read.pass);
    }
  }
  if (withdrawn.size() > 1) first += fmt::format("; so are the receipts of {} more tasks", withdrawn.size() - 1);
  return first;
}

}  // namespace ftok
