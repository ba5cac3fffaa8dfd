// The order of work of a run: which input a lane reads next, and which one may be committed. Inputs are read in any
// order and committed in the listed order; one that fails is tried again after a few others, then given up.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace ftok {

// Thread-safe.
class Schedule {
 public:
  static constexpr int kAttempts = 3;  // an input is quarantined when it has failed this often

  // Inputs before `first` are committed already; `ready` (one flag an input) marks those whose candidates lie on disk.
  Schedule(size_t count, size_t first, const std::vector<bool>& ready);

  // The next input to read, or nothing when none is left to start.
  std::optional<size_t> take();

  // The input's candidates are on disk. Then commits all inputs whose turn has come, unless another thread is doing so.
  void finished(size_t input, const std::function<void(size_t)>& commit);

  // An attempt failed: true when the input is to be tried again, false when it is given up (the caller then writes its
  // quarantine report and calls finished()).
  bool failed(size_t input);

  // Commits what is ready at the start of a resumed run.
  void commit_ready(const std::function<void(size_t)>& commit);

 private:
  std::mutex mutex_;
  std::vector<bool> ready_;
  std::vector<int> attempts_;
  std::deque<size_t> waiting_;
  size_t next_commit_;
  bool committing_ = false;
};

}  // namespace ftok
