// From a recipe to a Plan: the one place that knows which stage a name stands for.
#pragma once

#include <functional>
#include <string>

#include "pipeline/plan.h"
#include "pipeline/recipe_config.h"

namespace ftok {

struct PlanOptions {
  std::string vocabulary;  // path; empty: no encoding (measuring, explaining)
  VocabularyHints vocabulary_hints;
  std::string language_model;  // path; empty: the recipe's
  Rejects rejects = Rejects::kIds;
  bool text = true;
  // The path of a fetched URL list by its name ("ut1"), "" when there is none; may be empty itself.
  std::function<std::string(const std::string&)> fetched_list;
  std::vector<std::string> notes;  // what the caller chose in place of what the recipe names
};

// Builds the stages of `recipe` in order and loads models, lists and the vocabulary. Throws UsageError for a stage name
// that is not one (naming the nearest), Error for a model or vocabulary that cannot be had. What is missing but not
// needed (a URL list) becomes a note, for the caller to log.
Plan make_plan(const RecipeConfig& recipe, const PlanOptions& options);

// One stage of a recipe by name; null for a classifier without a model.
std::unique_ptr<const Stage> make_stage(const std::string& name, const RecipeConfig& recipe, Plan& plan);

}  // namespace ftok
