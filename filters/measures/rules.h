// The two sets of rules every quality filter knows: "2024-04", as FineWeb was released, and "datatrove-0.10", the
// same pipeline in datatrove 0.10.1. docs/filters.md lists where they differ.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "document/stage.h"
#include "text/unspaced.h"
#include "text/words.h"

namespace ftok {

// Part of a whole, 0 to 1; 0 of nothing.
inline double ratio(size_t part, size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

inline constexpr const char* kHeadRules = "datatrove-0.10";

inline const std::vector<std::string>& rule_sets() {
  static const std::vector<std::string> names = {"2024-04", kHeadRules};
  return names;
}

// What the key `lines` of every quality filter may be.
inline const std::vector<std::string>& line_choices() {
  static const std::vector<std::string> names = {"all", "prose"};
  return names;
}
inline constexpr const char* kLinesHelp =
    "which lines are judged: all, as in FineWeb, or prose, which are those that extraction did not find to be code, "
    "tables or formulas";

inline constexpr const char* kUnspacedHelp =
    "words of scripts without spaces (Chinese, Japanese, Thai ...), which else are one word to the next mark: as "
    "`rules` "
    "have them (FineWeb), characters, or segments by ICU's dictionaries";

// Whether `lines` is "prose"; throws UsageError for any other name than the two.
inline bool judges_prose(std::string_view stage, const std::string& lines) {
  if (lines == "prose") return true;
  if (lines == "all") return false;
  throw UsageError(std::string(stage) + ".lines is \"" + lines + "\", expected \"all\" or \"prose\"");
}

// Whether `rules` is "datatrove-0.10"; throws UsageError for any other name than the two.
inline bool is_head(std::string_view stage, const std::string& rules) {
  if (rules == kHeadRules) return true;
  if (rules == "2024-04") return false;
  throw UsageError(std::string(stage) + ".rules is \"" + rules + "\", expected \"2024-04\" or \"" + kHeadRules + "\"");
}

inline void describe_segments(UnspacedWords how, Provenance& provenance) {
  if (how == UnspacedWords::kSegments) provenance.digests["word segments"] = segments_version();
}

inline WordRules word_rules(bool head) { return head ? WordRules::kSpacy : WordRules::kNltk; }

}  // namespace ftok
