// The two sets of rules every quality filter knows: "2024-04", as FineWeb was released, and "datatrove-0.10", the
// same pipeline in datatrove 0.10.1. docs/filters.md lists where they differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "text/words.h"

namespace ftok {

inline constexpr const char* kHeadRules = "datatrove-0.10";

inline const std::vector<std::string>& rule_sets() {
  static const std::vector<std::string> names = {"2024-04", kHeadRules};
  return names;
}

// Whether `rules` is "datatrove-0.10"; throws UsageError for any other name than the two.
inline bool is_head(std::string_view stage, const std::string& rules) {
  if (rules == kHeadRules) return true;
  if (rules == "2024-04") return false;
  throw UsageError(std::string(stage) + ".rules is \"" + rules + "\", expected \"2024-04\" or \"" + kHeadRules + "\"");
}

inline WordRules word_rules(bool head) { return head ? WordRules::kSpacy : WordRules::kNltk; }

}  // namespace ftok
