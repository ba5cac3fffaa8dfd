// What commands share in talking to a person: log lines on standard error, colours only where they are wanted.
#pragma once

#include <cstdio>
#include <string>

#include "core/log.h"

namespace ftok::cli {

// A log that prints "ftok: warning: MESSAGE" lines on standard error; information only unless `quiet`.
Log stderr_log(bool quiet = false);

// True when `stream` is a terminal and NO_COLOR is not set.
bool wants_colour(std::FILE* stream);

// Writes to standard output; throws Error when that fails (a full disk, not a closed pipe).
void print_out(const std::string& text);

}  // namespace ftok::cli
