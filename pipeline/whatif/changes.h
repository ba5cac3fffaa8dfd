// ThresholdChanges: what of a recipe may be replayed, and how the rules of its stages are named.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "pipeline/recipe_config.h"

namespace ftok {

struct ThresholdChanges {
  // The new thresholds, by rule.
  std::map<std::string, double, std::less<>> thresholds;
  // The one language that is wanted, where its threshold is another; else "".
  std::string language, language_stage;
  double language_threshold = 0;
  bool changes_dedup = false;  // dedup.verify_jaccard

  bool empty() const { return thresholds.empty() && language.empty() && !changes_dedup; }
};

// What differs between two recipes. Throws UsageError naming the first key that is not a threshold, or whose stage
// --measure does not run.
ThresholdChanges threshold_changes(const RecipeConfig& measured, const RecipeConfig& changed);

// The entries that --measure runs whose kind is `kind` (only the language stage's verdicts are of a language), or that
// stand behind deduplication: by name, the part of a rule before its ".".
bool is_of_language(const RecipeConfig& recipe, std::string_view stage);
bool is_late(const RecipeConfig& recipe, std::string_view stage);

}  // namespace ftok
