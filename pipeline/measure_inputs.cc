#include "pipeline/measure_inputs.h"

#include "core/file.h"
#include "core/run_on_threads.h"
#include "pipeline/input_names.h"
#include "pipeline/read_input.h"

namespace ftok {

Tally measure_inputs(const std::vector<std::string>& inputs, const Plan& plan, const std::string& path, size_t threads,
                     const FetchOptions& fetch, const Log& log) {
  threads = threads_or_all(threads);
  remove_dead_temporaries_of(path);
  AtomicFile file(path);
  Tally total;
  ReadInputOptions options;
  options.live_max = 4 * threads;
  options.fetch = fetch;
  run_on_threads(threads, [&] {
    const std::vector<std::string> names = input_names(inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      options.name = names[i];
      const InputReport report = visit_input(inputs[i], plan, true, options, log, [&](Item& item) {
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
