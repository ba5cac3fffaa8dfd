// Models by the names that people type.
#pragma once

#include <cstdint>
#include <string>

#include "core/log.h"
#include "trainer/model_file.h"

namespace ftok::cli {

// read_model; throws UsageError where there is nothing at `path` and something beside it has nearly that name.
ModelFile read_named_model(const std::string& path, int64_t heads, const Log& log);

}  // namespace ftok::cli
