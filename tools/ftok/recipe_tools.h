// `ftok recipe check`, `diff` and `schema`, and `fit`.
#pragma once

#include <CLI/CLI.hpp>

namespace ftok::cli {

void add_recipe_tools(CLI::App& recipe);
void add_recipe_fit(CLI::App& recipe);

}  // namespace ftok::cli
