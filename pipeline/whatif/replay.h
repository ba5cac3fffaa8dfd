// Replay: what thresholds make of measured rows.
#pragma once

#include <string>
#include <vector>

#include "document/stats.h"
#include "pipeline/whatif.h"
#include "pipeline/whatif/changes.h"
#include "pipeline/whatif/measured_rows.h"

namespace ftok {

// The samples nearest to the threshold on either side; of equally near ones the first.
class NearSamples {
 public:
  NearSamples(std::string rule, size_t most) : rule_(std::move(rule)), most_(most) {}

  const std::string& rule() const { return rule_; }
  // Whether one at this distance is among the nearest so far.
  bool wants(bool drops, double distance) const;
  void add(WhatIfSample sample);
  bool has_met_any = false;  // rows that reach a comparison by the rule

  std::vector<WhatIfSample> take();  // ascending by value

 private:
  std::string rule_;
  size_t most_;
  std::vector<WhatIfSample> sides_[2];
};

// The funnel at the thresholds of `changes`. `recipe`: the changed one, whose dedup.verify_jaccard counts. `samples`:
// filled where not null; the columns of its rule, and names, were read then. Throws Error for rows that do not hold
// what deduplication compares.
Tally replay(const MeasuredRows& rows, const RecipeConfig& recipe, const ThresholdChanges& changes,
             NearSamples* samples = nullptr);

}  // namespace ftok
