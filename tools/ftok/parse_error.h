// What a command line that does not parse is told: the flag, what was given, what was expected, the nearest flag there
// is.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ftok::cli {

// One line, without "ftok: " before it. `app` is the application that threw `error` while it parsed argv.
std::string describe(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv);

}  // namespace ftok::cli
