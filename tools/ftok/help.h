// Help as people read it: commands grouped by what one wants to do, flags with what they take, nothing wider than 80
// columns. `ftok help`, `ftok` alone and every --help print it; completions and manual pages read the parser itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ftok::cli {

inline constexpr int kHelpColumns = 80;

// The help of a command; `path` is how it is called: "ftok vocab train". Without commands of its own, or with.
std::string help_text(const CLI::App& command, const std::string& path);

// A line of an example or a note in lines of at most kHelpColumns: a command that is longer goes on behind a backslash,
// and what is said of it stands above it.
std::string wrapped_footer(std::string_view line);

}  // namespace ftok::cli
