// CPU time of the calling thread, for the figures by stage. Never part of the output.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>

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

}  // namespace ftok
