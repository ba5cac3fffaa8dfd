// Stages that look at some documents only: those of the languages, or of the corpora, that `only` of their section
// lists.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "document/stage.h"
#include "pipeline/recipe_config.h"

namespace ftok {

// Throws UsageError naming the stage where `only` is set and cannot be: names that no corpus has (with output.by), a
// kind of stage that makes texts, languages or keys, or a place in front of what the choice rests on.
void check_only(const RecipeConfig& recipe);

// `stage`, which passes over documents of other languages than `only` lists, or, with output.by, of other corpora:
// those it keeps as they are, and measures nothing. The stage itself where `only` is empty.
std::unique_ptr<const Stage> chosen_stage(std::unique_ptr<const Stage> stage, const std::vector<std::string>& only,
                                          const RecipeConfig& recipe);

}  // namespace ftok
