#include "pipeline/measure_inputs.h"

#include <filesystem>

#include "core/file.h"
#include "core/run_on_threads.h"
#include "dedup/deduplicator.h"
#include "pipeline/input_names.h"
#include "pipeline/read_input.h"
#include "pipeline/whatif.h"
#include "text/unicode.h"

namespace ftok {

namespace {

// Of a document that came as far as to have a text.
std::vector<uint64_t> keys_of(const Document& document, const Plan& plan, const Deduplicator& deduplicator) {
  const bool lacks_buckets = document.dedup_keys.empty() && plan.key_layout.buckets > 0;
  if (lacks_buckets || is_empty_text(document.text)) return {};
  return deduplicator.keys(document);
}

}  // namespace

Tally measure_inputs(const std::vector<std::string>& inputs, const Plan& plan, const std::string& recipe,
                     const std::string& path, size_t threads, const FetchOptions& fetch, const Log& log) {
  threads = threads_or_all(threads);
  remove_dead_temporaries_of(path);
  std::error_code error;
  if (const auto status = std::filesystem::status(path, error);
      !std::filesystem::exists(status) || std::filesystem::is_regular_file(status))
    write_file(recipe_path_of_measures(path), recipe);
  AtomicFile file(path);
  const Deduplicator deduplicator(plan.dedup, plan.key_layout);
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
        file.write(measure_line(item, i, keys_of(item.document, plan, deduplicator)));
        file.write("\n");
      });
      total.add(report.tally);
    }
  });
  file.commit();
  return total;
}

}  // namespace ftok
