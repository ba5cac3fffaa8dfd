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

std::vector<std::string> WorkerPool::finish(std::chrono::seconds timeout) {
  std::vector<std::unique_ptr<WorkerProcess>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(free_);
  }
  for (const auto& process : ending) process->worker.end_input();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::vector<std::string> lines;
  for (const auto& process : ending) {
    std::string how;
    const bool has_ended = process->worker.end(deadline, how);
    if (waits_end()) continue;
    if (has_ended && how.empty()) continue;
    std::string line = has_ended ? fmt::format("{}: the worker died ({}) after its last answer", stage_, how)
                                 : fmt::format(
                                       "{}: the worker was killed: it has not ended for {} s after its input "
                                       "did (timeout_s)",
                                       stage_, timeout.count());
    if (const std::string words = process->worker.last_words(); !words.empty()) line += ": " + words;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::unique_ptr<WorkerProcess> WorkerPool::start() const {
  try {
    return std::unique_ptr<WorkerProcess>(new WorkerProcess{Worker(command_), format_.open()});
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", stage_, error.what()));
  }
}

}  // namespace ftok
