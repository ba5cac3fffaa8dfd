#include "pipeline/run/local_executor.h"

#include <fmt/format.h>
#include <oneapi/tbb/task_group.h>

#include <utility>

#include "core/happens_before.h"
#include "core/signals.h"

namespace ftok {

// True when the task is done, with or without success; false when it is to be tried again.
bool LocalExecutor::attempt(const Task& task, bool last) {
  try {
    task.work();
  } catch (const TaskFailed& failure) {
    if (!last && !failure.is_final) {
      log_(LogLevel::kWarning, fmt::format("{}: will be tried again: {}", task.name, failure.what()));
      return false;
    }
    const std::string attempts = failure.is_final ? "" : fmt::format(" after {} attempts", TaskQueue::kAttempts);
    log_(LogLevel::kError, fmt::format("{}: given up{}: {}", task.name, attempts, failure.what()));
    task.give_up(failure.what());
  }
  return true;
}

void LocalExecutor::lane(std::span<const Task> tasks, TaskQueue& queue,
                         const std::function<void(const Task&)>& on_done) {
  try {
    while (const std::optional<TaskQueue::Turn> turn = queue.take()) {
      if (abandon_ || stop_requested()) throw Stopped();
      const Task& task = tasks[turn->task];
      if (attempt(task, turn->attempt == TaskQueue::kAttempts)) {
        on_done(task);
      } else {
        queue.put_back(*turn);
      }
    }
  } catch (...) {
    // The first to fail says why; the others end because it did.
    const std::lock_guard lock(mutex_);
    if (failure_ == nullptr) failure_ = std::current_exception();
    abandon_ = true;
    if (!end_of_waits_) end_of_waits_.emplace();
  }
}

void LocalExecutor::run(std::span<const Task> tasks, const std::function<void(const Task&)>& on_done) {
  TaskQueue queue(tasks.size());
  static const char lanes_started = 0;  // static: the closure below is read only after it
  const char lanes_ended = 0;
  happens_before(&lanes_started);
  const auto one_lane = [&] {
    happens_after(&lanes_started);
    const HappensBefore done(&lanes_ended);
    lane(tasks, queue, on_done);
  };
  const HappensAfter all_done(&lanes_ended);
  oneapi::tbb::task_group lanes;
  for (size_t i = 1; i < lanes_; ++i) lanes.run(one_lane);
  lanes.run_and_wait(one_lane);
  const std::lock_guard lock(mutex_);
  end_of_waits_.reset();
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace ftok
