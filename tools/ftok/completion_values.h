// The names that an argument takes beside the path of a file: what a shell offers behind `--vocab`.
#pragma once

#include <string>
#include <vector>

namespace ftok::cli {

// Of the argument `name` ("--vocab", "RECIPE") of a command ("run", "recipe show"); empty where it takes no such names.
std::vector<std::string> completion_values(const std::string& command, const std::string& name);

}  // namespace ftok::cli
