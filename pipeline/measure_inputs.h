// `ftok run --measure`: every rule's value for every document that reaches it; drops nothing, writes one file.
#pragma once

#include <string>
#include <vector>

#include "core/log.h"
#include "crawl/fetch.h"
#include "document/stats.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"

namespace ftok {

// Writes one JSON line per document (plan.h, measure_line) to `path`, in input order, atomically, and before it
// `recipe`, the recipe's text, beside it (whatif.h, recipe_path_of_measures) where `path` is to be a file. The tally
// of the result says what would have been kept and dropped. Throws Error when an input fails.
RunResult measure_inputs(const std::vector<std::string>& inputs, const Plan& plan, const std::string& recipe,
                         const std::string& path, size_t threads, const FetchOptions& fetch, const Log& log);

}  // namespace ftok
