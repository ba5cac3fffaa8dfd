// CPU time of the calling thread, for the figures by stage. Never part of the output.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <vector>

namespace ftok {

inline uint64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

// Adds the CPU time of its scope to a counter, which may be null.
class CpuTimer {
 public:
  explicit CpuTimer(std::atomic<uint64_t>* counter)
      : counter_(counter), start_(counter == nullptr ? 0 : thread_cpu_ns()) {}
  ~CpuTimer() {
    if (counter_ != nullptr) counter_->fetch_add(thread_cpu_ns() - start_, std::memory_order_relaxed);
  }
  CpuTimer(const CpuTimer&) = delete;
  CpuTimer& operator=(const CpuTimer&) = delete;

 private:
  std::atomic<uint64_t>* counter_;
  uint64_t start_;
};

// Shares the CPU time of its scope out among the stages that ran in it. The clock of a thread's CPU time is a system
// call of a microsecond, so it is read once for many documents; the monotonic clock, which is none, says how much of
// that time each stage has. A wait inside a stage counts as its work.
class StageClock {
 public:
  // `counters` may be null, and nothing is measured; else one for each of `stages` stages.
  StageClock(std::atomic<uint64_t>* counters, size_t stages)
      : counters_(counters),
        elapsed_ns_(counters == nullptr ? 0 : stages, 0),
        cpu_start_(is_on() ? thread_cpu_ns() : 0) {}
  ~StageClock() {
    uint64_t all = 0;
    for (const uint64_t ns : elapsed_ns_) all += ns;
    if (all == 0) return;
    const double share = static_cast<double>(thread_cpu_ns() - cpu_start_) / static_cast<double>(all);
    for (size_t i = 0; i < elapsed_ns_.size(); ++i) {
      if (elapsed_ns_[i] == 0) continue;
      const double ns = static_cast<double>(elapsed_ns_[i]) * share;
      counters_[i].fetch_add(static_cast<uint64_t>(ns), std::memory_order_relaxed);
    }
  }
  StageClock(const StageClock&) = delete;
  StageClock& operator=(const StageClock&) = delete;

  void start_stage() {
    if (is_on()) start_ = std::chrono::steady_clock::now();
  }
  void end_stage(size_t stage) {
    if (!is_on()) return;
    const auto elapsed = std::chrono::steady_clock::now() - start_;
    elapsed_ns_[stage] += static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
  }

 private:
  bool is_on() const { return counters_ != nullptr; }

  std::atomic<uint64_t>* counters_;
  std::vector<uint64_t> elapsed_ns_;
  uint64_t cpu_start_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace ftok
