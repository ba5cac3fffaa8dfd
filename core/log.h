// Log: where a library says what a person should know. Libraries never print; the tool that calls them passes a Log
// that writes to standard error. Thread-safe if the function is.
#pragma once

#include <functional>
#include <string>

namespace ftok {

enum class LogLevel { kInfo, kWarning, kError };
using Log = std::function<void(LogLevel level, const std::string& message)>;

}  // namespace ftok
