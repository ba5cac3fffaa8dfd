// `ftok recipe check`, `diff` and `schema`.
#pragma once

#include <CLI/CLI.hpp>

namespace ftok::cli {

void add_recipe_tools(CLI::App& recipe);

}  // namespace ftok::cli
