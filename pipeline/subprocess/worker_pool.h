// WorkerPool: a stage's worker processes, each lent to one batch at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/worker.h"
#include "pipeline/subprocess/worker_format.h"

namespace ftok {

// A process, and what it and the stage have written to each other so far.
struct WorkerProcess {
  Worker worker;
  std::unique_ptr<WorkerOutput> answers;
  bool has_head = false;  // it was sent what stands before the first batch
};

class WorkerPool {
 public:
  // `workers_max` 0: as many as there are batches at a time.
  WorkerPool(std::string stage, std::vector<std::string> command, size_t workers_max, const WorkerFormat& format)
      : stage_(std::move(stage)), command_(std::move(command)), workers_max_(workers_max), format_(format) {}

  // One that is free, or a new one; waits where there are as many as may be. Throws Stopped where waits end.
  std::unique_ptr<WorkerProcess> take();
  // null: it has ended.
  void give_back(std::unique_ptr<WorkerProcess> process);
  // Ends those that are free: each has until `timeout` after its input to end. How those ended that did not do so with
  // exit code 0, a line each.
  std::vector<std::string> finish(std::chrono::seconds timeout);
  // Throws Error where it cannot be started.
  std::unique_ptr<WorkerProcess> start() const;

 private:
  const std::string stage_;  // its name
  const std::vector<std::string> command_;
  const size_t workers_max_;
  const WorkerFormat& format_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<WorkerProcess>> free_;
  size_t taken_ = 0;
};

// A process out of a pool, which goes back there whatever happens.
class WorkerLoan {
 public:
  explicit WorkerLoan(WorkerPool& pool) : pool_(pool), process_(pool.take()) {}
  ~WorkerLoan() { pool_.give_back(std::move(process_)); }
  WorkerLoan(const WorkerLoan&) = delete;
  WorkerLoan& operator=(const WorkerLoan&) = delete;

  WorkerProcess& operator*() { return *process_; }
  WorkerProcess* operator->() { return process_.get(); }
  void renew() {
    process_.reset();
    process_ = pool_.start();
  }
  void discard() { process_.reset(); }

 private:
  WorkerPool& pool_;
  std::unique_ptr<WorkerProcess> process_;
};

}  // namespace ftok
