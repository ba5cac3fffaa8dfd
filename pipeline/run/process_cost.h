// What this process has cost so far: CPU time and peak memory, for the figures at the end of a run.
#pragma once

#include "pipeline/run.h"

namespace ftok {

double process_cpu_seconds();

// Sets cpu_seconds and peak_rss_bytes.
void note_process_cost(RunResult& result);

}  // namespace ftok
