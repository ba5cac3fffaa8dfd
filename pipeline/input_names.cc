#include "pipeline/input_names.h"

#include <fmt/format.h>

#include <filesystem>
#include <unordered_map>

#include "core/hash_seed.h"
#include "core/shown.h"
#include "pipeline/inputs.h"

namespace ftok {
namespace {

// The absolute path without "." and ".."; an address as it is.
std::string whole_path(const std::string& input) {
  if (is_address(input) || input == "-") return input;
  return std::filesystem::absolute(input).lexically_normal().string();
}

// The last `components` components of a path; all of it where it has no more.
std::string_view end_of_path(std::string_view path, size_t components) {
  size_t slash = path.size();
  for (; components > 0; --components) {
    if (slash == 0 || (slash = path.rfind('/', slash - 1)) == std::string_view::npos) return path;
  }
  return path.substr(slash + 1);
}

}  // namespace

std::vector<std::string> input_names(const std::vector<std::string>& inputs) {
  std::vector<std::string> paths, names(inputs.size());
  std::vector<size_t> open;
  for (const std::string& input : inputs) {
    open.push_back(paths.size());
    paths.push_back(whole_path(shown_input(input)));
  }
  for (size_t components = 1; !open.empty(); ++components) {
    std::unordered_map<std::string_view, size_t, SeededHash> count;
    for (const std::string& path : paths) ++count[end_of_path(path, components)];
    std::vector<size_t> left;
    for (const size_t i : open) {
      const std::string_view end = end_of_path(paths[i], components);
      if (count[end] == 1 || end.size() == paths[i].size()) {
        names[i] = end;
      } else {
        left.push_back(i);
      }
    }
    open = std::move(left);
  }
  return names;
}

void warn_of_repeated_inputs(const std::vector<std::string>& inputs, const Log& log) {
  std::unordered_map<std::string, size_t, SeededHash> count;
  size_t repeated = 0;
  std::string first;
  for (const std::string& input : inputs) {
    const std::string shown = shown_input(input);
    if (++count[whole_path(shown)] != 2) continue;
    if (repeated++ == 0) first = shown;
  }
  if (repeated == 0) return;
  const std::string others = repeated == 1 ? "" : fmt::format(", and {} other inputs are too", repeated - 1);
  log(LogLevel::kWarning,
      fmt::format("{} is given more than once, and its documents are read as often{}", first, others));
}

std::string input_name(const std::string& input) { return input_names({input})[0]; }

SplitKeys::SplitKeys(const std::string& input) : path_(whole_path(input)) {}

bool SplitKeys::is_name(std::string_view end) const {
  if (end.empty() || !path_.ends_with(end)) return false;
  return path_.size() == end.size() || path_[path_.size() - end.size() - 1] == '/';
}

std::string_view SplitKeys::of(std::string_view id) const {
  size_t name = id.size();  // how long the name is; that of a whole text may end in ":5" itself
  if (!is_name(id)) {
    const size_t digits = id.find_last_not_of("0123456789");
    if (digits == std::string_view::npos || id[digits] != ':' || digits + 1 == id.size()) return id;
    name = digits;
  }
  if (!is_name(id.substr(0, name))) return id;
  return id.substr(name - end_of_path(id.substr(0, name), 1).size());
}

}  // namespace ftok
