// The sorted runs of a task's keys (the pass `extract`), in one sliced file, so that who wants a range of the keys
// finds the slices of all runs side by side: range 0 of each run, range 1 of each, ...; where documents have ranks,
// then the ranks of each run's documents.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dedup/key_records.h"
#include "pipeline/job.h"
#include "pipeline/job/nameless_file.h"

namespace ftok {

// Where the slices of a task's runs are. Its runs of earlier documents come after its own.
class KeyRunSlices {
 public:
  // The receipt of an extract task.
  KeyRunSlices(const Job& job, const TaskReceipt& receipt, bool ranks)
      : ranges_(job.tasks("group")), runs_(receipt.number("runs") + receipt.number("earlier_runs")), ranks_(ranks) {}

  size_t runs() const { return runs_; }
  size_t all() const { return runs_ * (ranges_ + (ranks_ ? 1 : 0)); }
  size_t of(size_t range, size_t run) const { return range * runs_ + run; }
  size_t ranks_of(size_t run) const { return of(ranges_, run); }
  std::pair<size_t, size_t> stretch(size_t range) const { return {range * runs_, (range + 1) * runs_}; }
  std::pair<size_t, size_t> ranks_stretch() const { return stretch(ranges_); }

 private:
  size_t ranges_, runs_;
  bool ranks_;
};

// Gathers a task's runs in scratch files of its own, and puts them together. Serial.
class KeyRunsWriter {
 public:
  // `folder`: for the scratch files.
  KeyRunsWriter(std::string folder, size_t ranges, bool ranks)
      : folder_(std::move(folder)), ranges_(ranges), ranks_(ranks) {}

  // A run, which is sorted here, and the ranks of its documents.
  void add(std::vector<KeyRecord>& records, const std::vector<uint64_t>& ranks);
  size_t runs() const { return runs_.size(); }
  uint64_t records() const { return records_; }

  // `name`: of the file; `about`: 32 hexadecimal digits.
  SlicedFileEntry write(const std::string& path, const std::string& name, const std::string& about) const;

 private:
  struct Run {
    std::unique_ptr<NamelessFile> file;
    std::vector<uint64_t> ends;  // of each slice, in bytes
  };

  std::string folder_;
  size_t ranges_;
  bool ranks_;
  std::vector<Run> runs_;
  uint64_t records_ = 0;
};

}  // namespace ftok
