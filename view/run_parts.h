// The parts of a run as the folder has them: which files hold documents, and how many of which kind, so that the n-th
// of them is found without reading what comes before its part.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "document/stats.h"

namespace ftok {

// A part, or of a job the share of a task. Its files are whole and never change.
struct RunPart {
  std::string texts, rejects;  // paths; "": there is no such file
  std::string input;           // as the user named it; "" where there are several
  std::optional<Tally> tally;  // what became of its documents, where that is known

  // The rows of its file, of one reason ("": of all); none where nobody knows.
  std::optional<uint64_t> rows(bool is_kept, const std::string& reason) const;
};

struct RunFacts {
  bool is_done = false;
  std::string recipe;              // TOML of the content keys
  std::string vocabulary;          // name
  std::vector<std::string> notes;  // what differs from what the recipe names
  std::optional<uint64_t> inputs;  // where known
  uint64_t shards = 0;
  std::vector<RunPart> parts;  // in the order of the inputs
  Tally tally;                 // of all parts
  bool has_texts = false, has_rejects = false;
};

// Reads the folder anew where it has changed; thread-safe. Throws Error for files that are damaged.
class RunFolder {
 public:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}

  std::shared_ptr<const RunFacts> facts() const;
  const std::string& path() const { return path_; }
  // What `ftok run` writes about a run in progress, JSON; "" where there is none. `age_seconds`: of its last word.
  std::string progress(double& age_seconds) const;

 private:
  RunFacts finished() const;
  RunFacts in_progress(const RunFacts* before) const;

  std::string path_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const RunFacts> facts_;
};

}  // namespace ftok
