#include "core/refuse_to_overwrite.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/error.h"

namespace ftok {

void refuse_to_overwrite(std::string_view flag, const std::string& path, const std::vector<std::string>& inputs) {
  struct stat output {};
  if (path.empty() || ::stat(path.c_str(), &output) != 0 || !S_ISREG(output.st_mode)) return;
  for (const std::string& input : inputs) {
    struct stat status {};
    if (input.empty() || ::stat(input.c_str(), &status) != 0) continue;
    if (status.st_dev == output.st_dev && status.st_ino == output.st_ino)
      throw UsageError(fmt::format("{} {} would overwrite the input {}", flag, path, input));
  }
}

}  // namespace ftok
