// Flags that say what a run makes of which inputs: those of `ftok run` and `ftok plan`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "core/log.h"
#include "pipeline/inputs.h"
#include "pipeline/plan.h"
#include "pipeline/recipe_config.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {

struct RunFlags {
  std::string recipe = "fineweb-2024-04";
  std::vector<std::string> sets;
  InputListOptions inputs;
  std::vector<std::string> files;  // inputs without a flag
  std::string limit, text_key, id_key, shard_tokens, stop_after, start_after;
  std::string vocabulary = kDefaultVocabulary, language_model;
  std::vector<std::string> against;
  std::string rejects = "ids";
  bool no_text = false;

  // In the order in which help shows them.
  void add_inputs(CLI::App& command);
  void add_recipe(CLI::App& command);
  void add_written(CLI::App& command);

  RecipeConfig recipe_config(const Log& log) const;  // with --set and the flags that change a key
  std::vector<std::string> list() const;             // of the inputs
};

Rejects parse_rejects(const std::string& name);  // throws UsageError naming --rejects

// What a run or job is made with, beside its recipe.
struct PlanSources {
  std::string vocabulary, language_model;  // as named by the user
  std::vector<std::string> against;        // PlanOptions::against
  Rejects rejects = Rejects::kIds;
  bool text = true;
  std::string corpus = {};                   // PlanOptions::corpus
  const EarlierByCorpus* earlier = nullptr;  // PlanOptions::earlier
  PlanPart part = PlanPart::kAll;
};

// What they come to; loads models and the vocabulary.
Plan load_plan(const RecipeConfig& recipe, const PlanSources& sources);

}  // namespace ftok::cli
