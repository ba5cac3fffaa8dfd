// Tasks and who runs them. The first half of a run is one task per input: read it, put what passes into a file. An
// Executor runs such tasks: on this machine's threads (run/local_executor.h), or by whatever runs commands elsewhere.
// docs/executors.md says how to add one.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "core/error.h"

namespace ftok {

// A task did not succeed; another attempt may.
class TaskFailed : public Error {
 public:
  using Error::Error;
  bool is_final = false;  // another attempt would fail as this one did
};

// A piece of work with an atomic result: a file that is whole or absent, whose name and bytes depend on the task alone.
// So a task may be killed, repeated, and run twice at the same time.
struct Task {
  size_t number = 0;   // of the input in the list
  std::string name;    // for messages: the input
  std::string result;  // path; the task is done when it is there

  // Makes the result. Thread-safe; uses the current TBB arena. Throws TaskFailed when it may be tried again, another
  // Error when the run cannot continue, Stopped when a stop was asked for.
  std::function<void()> work;
  // Makes the result that records that all attempts failed, and why.
  std::function<void(const std::string& why)> give_up;
};

class Executor {
 public:
  virtual ~Executor() = default;

  // Ensures that every task has its result, in any order and several at a time, and calls `on_done` with each task as
  // its result appears: from any thread, several at a time. Tasks come in the order in which their results are
  // wanted. Throws what ends the run.
  virtual void run(std::span<const Task> tasks, const std::function<void(const Task&)>& on_done) = 0;
};

}  // namespace ftok
