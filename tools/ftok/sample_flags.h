// The flags that say how tokens are drawn: those of `ftok generate` and `ftok chat`.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/sample.h"

namespace ftok::cli {

// --temperature, --top-k, --top-p, --repetition-penalty, --seed.
void add_sample_flags(CLI::App& command, SampleOptions& options);

// Throws UsageError naming the flag that is out of range.
void check_sample_flags(const SampleOptions& options);

// --stop and --stop-token: what ends a text besides the model.
struct StopFlags {
  std::vector<std::string> texts;
  std::vector<uint32_t> tokens;

  void check() const;  // throws UsageError where a text is empty
};
void add_stop_flags(CLI::App& command, StopFlags& flags);

}  // namespace ftok::cli
