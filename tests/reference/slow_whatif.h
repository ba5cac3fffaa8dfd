// What-if written down as plainly as possible: row by row, every rule of it, with Deduplicator itself. What the columns
// of pipeline/whatif/ are held against. They share the reader of rows and the list of what may change.
#pragma once

#include <string>
#include <vector>

#include "pipeline/whatif.h"

namespace ftok::testing {

// `lines`: the rows of one file of measures. Of the options only `measured`, `changed`, `rule` and `samples` count.
WhatIfResult slow_what_if(const std::vector<std::string>& lines, const WhatIfOptions& options);

}  // namespace ftok::testing
