// run_on_threads: calls a function with so many threads at its disposal: TBB's pipelines and task groups inside it
// share them.
#pragma once

#include <fmt/format.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstddef>
#include <thread>

#include "core/error.h"

namespace ftok {

// More threads than this no machine makes use of, and some cannot start.
inline constexpr size_t kThreadsMax = 1024;

// `threads`, or the number of cores when it is 0. Throws UsageError for more than kThreadsMax.
inline size_t threads_or_all(size_t threads) {
  if (threads > kThreadsMax) throw UsageError(fmt::format("threads: got {}, expected 0 to {}", threads, kThreadsMax));
  return threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
}

// Calls `work()` in an arena of `threads` threads (at least 1), of which the calling one is one. There may be more than
// cores. What `work` throws is thrown here.
template <typename Work>
void run_on_threads(size_t threads, Work&& work) {
  namespace tbb = oneapi::tbb;
  const tbb::global_control workers(tbb::global_control::max_allowed_parallelism, threads);
  tbb::task_arena arena(static_cast<int>(threads), 1);
  arena.execute(work);
}

}  // namespace ftok
