// CPU time, for benchmarks: what a piece of work costs, however busy the machine is.
#pragma once

#include <time.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace ftok {

inline double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Seconds since some moment, of the calling thread and of all threads of the process.
inline double thread_cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }
inline double process_cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

// Of at least one value.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The median of `repeat` calls (at least 1) of work(), in seconds of `clock`.
template <typename Work>
double median_seconds(clockid_t clock, int repeat, const Work& work) {
  std::vector<double> seconds;
  for (int i = 0; i < repeat; ++i) {
    const double start = seconds_of(clock);
    work();
    seconds.push_back(seconds_of(clock) - start);
  }
  return median(std::move(seconds));
}

}  // namespace ftok
