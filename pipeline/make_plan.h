// From a recipe to a Plan: makes the stages, asks them what they rest on, and loads the vocabulary.
#pragma once

#include <string>
#include <vector>

#include "pipeline/plan.h"
#include "pipeline/recipe_config.h"

namespace ftok {

struct PlanOptions {
  std::string vocabulary;  // path; empty: there is no second half (measuring, explaining)
  VocabularyHints vocabulary_hints;
  std::string vocabulary_called;             // what it is called in place of its own name; empty: by that
  StageContext context;                      // what stages get from the program; its name is set for each
  std::vector<std::string> against;          // folders of finished runs and jobs whose documents come first
  const EarlierByCorpus* earlier = nullptr;  // those documents as a job remembers them; null: `against` is looked into
  Rejects rejects = Rejects::kIds;
  bool text = true;
  PlanPart part = PlanPart::kAll;
  std::string corpus;  // the plan of one of the corpora alone, whose inputs are extracted with those of all
};

// Makes the stages of `recipe` in order and loads models, lists and the vocabulary. Throws Error for a model or
// vocabulary that cannot be loaded, UsageError for options that a stage refuses. What is missing but not needed (a URL
// list) becomes a note, for the caller to log. Without a vocabulary nothing is deduplicated; what stands behind
// deduplication is then measured with the rest, but for the kinds that belong after it.
Plan make_plan(const RecipeConfig& recipe, const PlanOptions& options);

// How a run with this recipe writes texts. `writes`: it is for a run, which is refused where Arrow is needed and
// missing.
TextOptions text_options(const RecipeConfig& recipe, bool writes);

}  // namespace ftok
