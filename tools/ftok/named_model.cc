#include "tools/ftok/named_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/shown.h"

namespace ftok::cli {
namespace {

void refuse_missing_model(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code code;
  if (path.empty() || fs::exists(path, code)) return;
  const fs::path folder = fs::path(path).parent_path();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, code))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  const std::string nearest = nearest_name(fs::path(path).filename().string(), names);
  if (nearest.empty()) return;
  throw UsageError(
      fmt::format("{}: no such file or folder, did you mean {}?", path, printable((folder / nearest).string())));
}

}  // namespace

ModelFile read_named_model(const std::string& path, int64_t heads, const Log& log) {
  refuse_missing_model(path);
  return read_model(path, heads, log);
}

}  // namespace ftok::cli
