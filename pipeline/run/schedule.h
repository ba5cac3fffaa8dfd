// The order of work of a run. Inputs are read in any order (TaskQueue) and committed in the listed order (InOrder).
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace ftok {

// Which task a lane takes next. One that fails is tried again after a few others. Thread-safe.
class TaskQueue {
 public:
  static constexpr int kAttempts = 3;  // a task that has failed this often is given up

  struct Turn {
    size_t task = 0;  // its place in the list
    int attempt = 1;  // the how-manieth, from 1
  };

  explicit TaskQueue(size_t tasks);

  // The next task to try, or nothing when none is left to start.
  std::optional<Turn> take();

  // This attempt, which is not the last one allowed, failed.
  void put_back(Turn turn);

 private:
  std::mutex mutex_;
  std::deque<Turn> waiting_;
};

// Calls a function once for each number first, first + 1, ... count - 1 in this order, one call at a time, each as soon
// as the number and all before it are ready. Thread-safe.
class InOrder {
 public:
  // `ready`: one flag per number, may be shorter.
  InOrder(size_t count, size_t first, std::vector<bool> ready);

  // Marks `number` as ready, then calls `commit` for all whose turn has come, unless another thread is doing so: that
  // one looks again before it stops.
  void finished(size_t number, const std::function<void(size_t)>& commit);

  // Calls `commit` for what is ready already.
  void commit_ready(const std::function<void(size_t)>& commit);

  // The first number that was not committed yet.
  size_t next() const { return next_; }

 private:
  std::mutex mutex_;
  std::vector<bool> ready_;
  size_t next_;
  bool committing_ = false;
};

}  // namespace ftok
