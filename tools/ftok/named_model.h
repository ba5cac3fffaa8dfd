// Models by the names that people type.
#pragma once

#include <string>

namespace ftok::cli {

// Throws UsageError where there is nothing at `path` and something beside it has nearly that name.
void refuse_missing_model(const std::string& path);

}  // namespace ftok::cli
