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

// Throws UsageError for what measures cannot be written to: an address, "-", and a name that ends as compressed files
// other than .zst do.
void refuse_measures_name(const std::string& path);

// Writes one JSON line per document (plan.h, measure_line) to `path`, in input order, atomically, compressed where it
// ends in .zst, and before it `recipe`, the recipe's text, beside it (whatif.h, recipe_path_of_measures) where `path`
// is to be a file. The tally of the result says what would have been kept and dropped. Throws Error when an input
// fails.
RunResult measure_inputs(const std::vector<std::string>& inputs, const Plan& plan, const std::string& recipe,
                         const std::string& path, size_t threads, const FetchOptions& fetch, const Log& log);

}  // namespace ftok
