// LocalExecutor: runs tasks on the threads of this process, several at a time, each of them parallel inside.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>

#include "core/log.h"
#include "core/signals.h"
#include "pipeline/executor.h"
#include "pipeline/run/schedule.h"

namespace ftok {

// Runs in the current TBB arena. A task that fails is tried again after a few others, TaskQueue::kAttempts times in
// all, then given up. Ends with Stopped when a stop was asked for.
class LocalExecutor : public Executor {
 public:
  // `lanes`: tasks at a time, at least 1. `abandon` is set when one of them ends the run, so that the others end too.
  LocalExecutor(size_t lanes, std::atomic<bool>& abandon, Log log)
      : lanes_(lanes), abandon_(abandon), log_(std::move(log)) {}

  void run(std::span<const Task> tasks, const std::function<void(const Task&)>& on_done) override;

 private:
  void lane(std::span<const Task> tasks, TaskQueue& queue, const std::function<void(const Task&)>& on_done);
  bool attempt(const Task& task, bool last);

  size_t lanes_;
  std::atomic<bool>& abandon_;
  Log log_;
  std::mutex mutex_;
  std::exception_ptr failure_;              // what ends the run
  std::optional<EndOfWaits> end_of_waits_;  // from then on
};

}  // namespace ftok
