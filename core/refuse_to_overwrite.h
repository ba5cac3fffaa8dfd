// refuse_to_overwrite: all that writes a file for a user who also names files to read asks it before any work.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ftok {

// Throws UsageError naming `flag`, `path` and the input where writing the regular file that `path` leads to would
// overwrite one of `inputs`, however their paths are spelt (links too). What is no file is never overwritten: streams,
// addresses, names of presets.
void refuse_to_overwrite(std::string_view flag, const std::string& path, const std::vector<std::string>& inputs);

}  // namespace ftok
