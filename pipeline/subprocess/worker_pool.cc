#include "pipeline/subprocess/worker_pool.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/signals.h"

namespace ftok {

std::unique_ptr<WorkerProcess> WorkerPool::take() {
  std::unique_lock lock(mutex_);
  while (free_.empty() && workers_max_ != 0 && taken_ >= workers_max_) {
    freed_.wait_for(lock, kStopPollInterval);
    if (waits_end()) throw Stopped();
  }
  ++taken_;
  if (free_.empty()) {
    lock.unlock();
    return start();
  }
  std::unique_ptr<WorkerProcess> process = std::move(free_.back());
  free_.pop_back();
  return process;
}

void WorkerPool::give_back(std::unique_ptr<WorkerProcess> process) {
  const std::lock_guard lock(mutex_);
  --taken_;
  if (process != nullptr) free_.push_back(std::move(process));
  freed_.notify_one();
}

std::unique_ptr<WorkerProcess> WorkerPool::start() const {
  try {
    return std::unique_ptr<WorkerProcess>(new WorkerProcess{Worker(command_), format_.open()});
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", stage_, error.what()));
  }
}

}  // namespace ftok
