// What-if: the funnel that other thresholds would give, replayed from what `ftok run --measure` wrote, without reading
// a page again.
//
// A row has every rule's value for a document, in the order in which the rules are asked, and the keys that
// deduplication compares. So what another threshold does is known exactly: the first rule that drops at the new
// thresholds is the outcome, and documents that now pass are compared by their keys, in their order. Keys of the recipe
// that decide anything else (what is measured, what a text becomes) cannot be replayed and are refused by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/value_histogram.h"
#include "document/stats.h"
#include "pipeline/recipe_config.h"

namespace ftok {

// Where `ftok run --measure PATH` leaves the recipe that it measured with.
std::string recipe_path_of_measures(const std::string& path);

// Throws UsageError where what `--measure` wrote is a table, which is for other programs.
void refuse_measured_table(const std::string& path);

struct WhatIfOptions {
  std::vector<std::string> measures;  // files, in the order in which their inputs were listed
  RecipeConfig measured;              // the recipe that they were made with
  RecipeConfig changed;               // the same with other thresholds
  std::string rule;                   // whose documents next to the threshold are wanted: "c4.too_few_sentences"; or ""
  size_t samples = 0;                 // most of them on either side
  size_t threads = 0;                 // to read with; 0: all cores
};

// A document near the threshold of the rule asked for.
struct WhatIfSample {
  std::string id, url;
  double value = 0, threshold = 0;
  bool drops = false;   // by that rule, at the new threshold
  std::string outcome;  // at the new thresholds, before deduplication: a reason, or "keep"
};

struct WhatIfResult {
  Tally measured, changed;            // documents, kept, dropped, languages_dropped; records are documents
  std::vector<WhatIfSample> samples;  // ascending by value; of those that reach the rule
  std::vector<std::string> notes;     // what the figures leave out
};

// How the values of a rule that compares are spread, over all documents measured.
struct RuleSpread {
  std::string rule, relation;  // "c4.too_few_sentences", "<": drops where the value is less than the threshold
  std::string key;             // "c4.sentences_min": what another threshold is set by; "" where it cannot
  double threshold = 0;
  uint64_t drops = 0;  // documents that this rule drops by itself, whatever the others do
  ValueHistogram values;
};

struct MeasuredRows;

// Files of measures, read once and kept in columns: under 700 bytes a document while they are read. Const functions are
// thread-safe.
class WhatIf {
 public:
  // `threads`: to read with; 0: all cores. Throws Error for a file that is not what --measure writes, with its line;
  // UsageError naming a key of the recipe for what cannot be replayed.
  WhatIf(const std::vector<std::string>& measures, const RecipeConfig& measured, size_t threads = 0);
  ~WhatIf();
  WhatIf(WhatIf&&) noexcept;
  WhatIf& operator=(WhatIf&&) noexcept;

  // `samples`: most of the documents next to the threshold of `rule`, on either side. Throws UsageError naming a key
  // that the recipes differ in when it is not a threshold or cannot be replayed.
  WhatIfResult answer(const RecipeConfig& changed, const std::string& rule = "", size_t samples = 0) const;

  // The rules in the order in which they are asked.
  std::vector<RuleSpread> spreads() const;

 private:
  friend WhatIfResult what_if(const WhatIfOptions& options);
  explicit WhatIf(std::unique_ptr<MeasuredRows> rows);
  void read(const std::vector<std::string>& measures, size_t threads);

  std::unique_ptr<MeasuredRows> rows_;
};

// One answer: reads what it needs of the files, and throws as WhatIf does.
WhatIfResult what_if(const WhatIfOptions& options);

}  // namespace ftok
