// The presets: what a recipe's keys are before the recipe says otherwise. A preset is the defaults of one set of rules,
// and the keys in which it differs from them, as the TOML of a recipe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/stage_kind.h"

namespace ftok {

struct RecipePreset {
  std::string name, about;           // about: one line
  RuleSet rules;                     // whose defaults hold
  std::vector<std::string> changes;  // TOML, each over the one before: the keys that differ
};

// All of them, FineWeb's first: the first one is the default. What each key of a preset rests on, docs/recipes.md says.
const std::vector<RecipePreset>& presets();

// Null: no preset has that name.
const RecipePreset* find_preset(std::string_view name);

std::vector<std::string> preset_names();

}  // namespace ftok
