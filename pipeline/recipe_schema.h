// A recipe's keys as a JSON Schema (draft 7), made from the lists of kinds and options: what editors complete and check
// TOML files with.
#pragma once

#include <string>

namespace ftok {

std::string recipe_schema();

}  // namespace ftok
