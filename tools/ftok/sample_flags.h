// The flags that say how tokens are drawn: those of `ftok generate` and `ftok chat`.
#pragma once

#include <CLI/CLI.hpp>

#include "trainer/sample.h"

namespace ftok::cli {

// --temperature, --top-k, --top-p, --repetition-penalty, --seed.
void add_sample_flags(CLI::App& command, SampleOptions& options);

// Throws UsageError naming the flag that is out of range.
void check_sample_flags(const SampleOptions& options);

}  // namespace ftok::cli
