// Which language model a run uses.
#pragma once

#include <string>
#include <vector>

#include "pipeline/recipe_config.h"

namespace ftok::cli {

// The model file: --language-model, else the recipe's language.model, else a fetched lid.176.bin, else the bundled
// model, and then a line in `notes` says so, since FineWeb uses lid.176.bin. "" when the recipe has no stage
// `language`. Throws Error when the file is not there.
std::string find_language_model(const std::string& flag, const RecipeConfig& recipe, std::vector<std::string>& notes);

}  // namespace ftok::cli
