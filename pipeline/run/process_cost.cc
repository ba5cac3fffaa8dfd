#include "pipeline/run/process_cost.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace ftok {

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

namespace {

// VmHWM, which restarts at exec; getrusage's figure would begin with the peak of the program that started this one.
uint64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

void note_process_cost(RunResult& result) {
  result.cpu_seconds = process_cpu_seconds();
  result.peak_rss_bytes = peak_rss_bytes();
}

}  // namespace ftok
