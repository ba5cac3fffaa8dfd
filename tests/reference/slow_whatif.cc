#include "tests/reference/slow_whatif.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "dedup/deduplicator.h"
#include "pipeline/whatif/changes.h"
#include "pipeline/whatif/row.h"

namespace ftok::testing {
namespace {

// The threshold of a rule of a row, and whether it drops there.
struct Decision {
  double threshold = 0;
  bool drops = false;
};

Decision decide(const MeasuredRow::Measure& measure, const ThresholdChanges& changes) {
  if (!changes.language.empty() && measure.rule.starts_with(changes.language_stage + ".")) {
    const bool is_wanted = measure.detail == changes.language || (changes.language == "*" && !measure.detail.empty());
    return {changes.language_threshold,
            measure.value <= changes.language_threshold && is_wanted == measure.rule.ends_with(".low_score")};
  }
  const auto changed = changes.thresholds.find(measure.rule);
  if (changed == changes.thresholds.end() || measure.relation == Relation::kNone)
    return {measure.threshold, measure.drops};
  return {changed->second, drops_at(measure.relation, measure.value, changed->second)};
}

struct Outcome {
  Verdict early, late;
};

Outcome outcome_of(const MeasuredRow& row, const RecipeConfig& recipe, const ThresholdChanges& changes) {
  Outcome outcome;
  bool is_explained = row.outcome == "keep";
  for (const MeasuredRow::Measure& measure : row.measures) {
    is_explained = is_explained || measure.rule == row.outcome;
    const std::string_view stage = measure.rule.substr(0, measure.rule.find('.'));
    Verdict& verdict = is_late(recipe, stage) ? outcome.late : outcome.early;
    if (!decide(measure, changes).drops || !verdict.kept()) continue;
    verdict = Verdict::drop(*Reason::intern(measure.rule), measure.value, 0, std::string(measure.detail));
    verdict.of_language = is_of_language(recipe, stage);
  }
  if (!is_explained) outcome.early = Verdict::drop(*Reason::intern(row.outcome));
  return outcome;
}

Deduplicator deduplicator_of(const RecipeConfig& recipe) {
  KeyLayout layout;
  DeduplicatorOptions options;
  options.scope = "off";
  for (size_t i = recipe.running().first; i < recipe.running().end; ++i) {
    if (const auto* const minhash = recipe.entries[i].get<MinHashOptions>()) layout = MinHashStage(*minhash).layout();
    if (const auto* const dedup = recipe.entries[i].get<DeduplicatorOptions>()) options = *dedup;
  }
  return Deduplicator(options, layout);
}

Tally tally_of(const std::vector<std::string>& lines, const RecipeConfig& recipe, const ThresholdChanges& changes) {
  Tally tally;
  MeasuredRowReader reader;
  Deduplicator deduplicator = deduplicator_of(recipe);
  uint64_t number = 0, input = UINT64_MAX;
  for (const std::string& line : lines) {
    const MeasuredRow& row = *reader.read(line);
    const Outcome outcome = outcome_of(row, recipe, changes);
    Verdict verdict = outcome.early;
    if (verdict.kept() && deduplicator.active()) {
      if (row.input != input) deduplicator.begin_input();
      input = row.input;
      verdict = deduplicator.judge(row.keys, number++);
    }
    tally.count(verdict.kept() ? outcome.late : verdict);
  }
  return tally;
}

// All that reach the rule; the nearest to the threshold on either side, in the order of their values.
std::vector<WhatIfSample> samples_of(const std::vector<std::string>& lines, const WhatIfOptions& options,
                                     const ThresholdChanges& changes) {
  std::vector<WhatIfSample> sides[2], all;
  MeasuredRowReader reader;
  for (const std::string& line : lines) {
    const MeasuredRow& row = *reader.read(line);
    for (const MeasuredRow::Measure& measure : row.measures) {
      const Decision decision = decide(measure, changes);
      if (measure.rule == options.rule) {
        const Verdict early = outcome_of(row, options.measured, changes).early;
        if (measure.relation != Relation::kNone) {
          sides[decision.drops ? 1 : 0].push_back({std::string(row.id), std::string(row.url), measure.value,
                                                   decision.threshold, decision.drops,
                                                   early.kept() ? "keep" : std::string(early.reason)});
        }
        break;
      }
      if (decision.drops) break;
    }
  }
  for (std::vector<WhatIfSample>& side : sides) {
    std::stable_sort(side.begin(), side.end(), [](const WhatIfSample& a, const WhatIfSample& b) {
      return std::abs(a.value - a.threshold) < std::abs(b.value - b.threshold);
    });
    side.resize(std::min(side.size(), options.samples));
    all.insert(all.end(), side.begin(), side.end());
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  return all;
}

}  // namespace

WhatIfResult slow_what_if(const std::vector<std::string>& lines, const WhatIfOptions& options) {
  const ThresholdChanges changes = threshold_changes(options.measured, options.changed);
  WhatIfResult result;
  result.measured = tally_of(lines, options.measured, {});
  result.changed = tally_of(lines, options.changed, changes);
  if (options.samples > 0) result.samples = samples_of(lines, options, changes);
  return result;
}

}  // namespace ftok::testing
