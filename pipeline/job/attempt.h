// A record of an attempt at a task, for `ftok status`: when it began, and what it cost once it has ended. Not a part of
// what the job makes, and believed by nobody else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/job.h"

namespace ftok {

struct Attempt {
  std::string pass;
  uint64_t task = 0;
  uint64_t begun = 0;       // seconds since 1970
  std::optional<int> exit;  // none: it is running, or was killed
  double seconds = 0;       // once it has ended
  double cpu_seconds = 0;
};

std::vector<Attempt> read_attempts(const Job& job);  // what cannot be read is left out

// Writes attempts/PASS/TTTTTT-RANDOM.json, and again at its end.
class AttemptRecord {
 public:
  // `job` outlives it.
  AttemptRecord(const Job& job, std::string_view pass, uint64_t task);
  void end(int exit);

 private:
  void write() const;

  const Job& job_;
  std::string name_;
  Attempt attempt_;
  double begun_;      // on the steady clock
  double cpu_begun_;  // of the process, which may have done other tasks before
};

}  // namespace ftok
