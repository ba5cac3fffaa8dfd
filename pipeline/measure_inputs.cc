#include "pipeline/measure_inputs.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <thread>

#include "core/file.h"
#include "pipeline/read_input.h"

namespace ftok {

Tally measure_inputs(const std::vector<std::string>& inputs, const Plan& plan, const std::string& path, size_t threads,
                     const FetchOptions& fetch, const Log& log) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  AtomicFile file(path);
  Tally total;
  ReadInputOptions options;
  options.live_max = 4 * threads;
  options.fetch = fetch;
  const oneapi::tbb::global_control workers(oneapi::tbb::global_control::max_allowed_parallelism, threads);
  oneapi::tbb::task_arena arena(static_cast<int>(threads), 1);
  arena.execute([&] {
    for (const std::string& input : inputs) {
      const InputReport report = visit_input(input, plan, true, options, log, [&](Item& item) {
        if (item.verdict.kind == Verdict::Kind::kSkip) return;
        file.write(measure_line(item));
        file.write("\n");
      });
      total.add(report.tally);
    }
  });
  file.commit();
  return total;
}

}  // namespace ftok
