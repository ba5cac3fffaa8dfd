#include "pipeline/whatif.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "pipeline/whatif/changes.h"
#include "pipeline/whatif/measured_rows.h"
#include "pipeline/whatif/replay.h"
#include "shards/record_file.h"

namespace ftok {
namespace {

// The key that the rule's threshold is, where what_if can change it.
std::string key_of_rule(const RecipeConfig& recipe, const std::string& rule) {
  const size_t dot = rule.find('.');
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.name != rule.substr(0, dot)) continue;
    for (const ThresholdKey& threshold : entry.kind->thresholds) {
      if (threshold.rule == rule.substr(dot + 1)) return entry.name + "." + std::string(threshold.key);
    }
  }
  return "";
}

void check_rule(const RecipeConfig& recipe, const std::string& rule) {
  const std::string stage = rule.substr(0, rule.find('.'));
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.name == stage && rule.size() > stage.size() + 1) return;
  }
  throw UsageError(
      fmt::format("--rule: got \"{}\", expected a rule of a stage of the recipe, such as "
                  "gopher_quality.too_short",
                  rule));
}

bool is_worker(const RecipeEntry& entry) {
  return entry.name == "subprocess" || entry.kind->name == "subprocess" || entry.kind->name == "python";
}

std::vector<std::string> notes_of(const RecipeConfig& recipe) {
  std::vector<std::string> notes;
  for (const RecipeEntry& entry : recipe.entries) {
    if (is_worker(entry)) notes.push_back(fmt::format("{}: counted as it answered when it was measured", entry.name));
  }
  return notes;
}

// Measures have the text as all stages left it, where a run compares texts, and drops empty ones, before those behind
// dedup see them.
void refuse_late_rewriting(const RecipeConfig& recipe) {
  const RecipeConfig::Range running = recipe.running();
  bool late = false;
  for (size_t at = running.first; at < running.end; ++at) {
    const RecipeEntry& entry = recipe.entries[at];
    late = late || entry.kind->is_dedup();
    const bool rewrites = is_worker(entry) || entry.kind->name == "c4" || entry.kind->name == "refinedweb";
    if (!late || entry.idle() || !rewrites) continue;
    throw UsageError(
        fmt::format("stages: {} stands behind dedup and changes texts, which is not replayed; measure with it before "
                    "dedup, or run",
                    entry.name));
  }
}

// What of the files is to be read. Throws what the recipe and the question are refused for.
std::unique_ptr<MeasuredRows> rows_to_read(const RecipeConfig& measured) {
  if (!measured.output.by.empty()) throw UsageError("output.by: several corpora are not replayed");
  refuse_late_rewriting(measured);
  auto rows = std::make_unique<MeasuredRows>(measured);
  rows->wanted.language_stages = language_stages(measured);
  return rows;
}

}  // namespace

std::string recipe_path_of_measures(const std::string& path) { return path + ".recipe.toml"; }

void refuse_measured_table(const std::string& path) {
  if (!is_parquet_name(path)) return;
  throw UsageError(fmt::format(
      "{}: measurements in Parquet are for other programs and cannot be replayed; `ftok run --measure` into "
      "a file of another name writes what can",
      path));
}

WhatIf::WhatIf(const std::vector<std::string>& measures, const RecipeConfig& measured, size_t threads)
    : rows_(rows_to_read(measured)) {
  rows_->wanted.all = rows_->wanted.names = true;
  read(measures, threads);
}

WhatIf::WhatIf(std::unique_ptr<MeasuredRows> rows) : rows_(std::move(rows)) {}
WhatIf::~WhatIf() = default;
WhatIf::WhatIf(WhatIf&&) noexcept = default;
WhatIf& WhatIf::operator=(WhatIf&&) noexcept = default;

void WhatIf::read(const std::vector<std::string>& measures, size_t threads) {
  read_measures(measures, threads, *rows_);
  rows_->measured = replay(*rows_, rows_->recipe, {});
}

WhatIfResult WhatIf::answer(const RecipeConfig& changed, const std::string& rule, size_t samples) const {
  if (samples > 0) check_rule(rows_->recipe, rule);
  const ThresholdChanges changes = threshold_changes(rows_->recipe, changed);
  WhatIfResult result;
  result.measured = result.changed = rows_->measured;
  result.notes = notes_of(rows_->recipe);
  NearSamples near(rule, samples);
  if (samples > 0 || !changes.empty()) result.changed = replay(*rows_, changed, changes, samples > 0 ? &near : nullptr);
  if (samples > 0 && !near.has_met_any) throw Error(fmt::format("--rule: no document reaches a comparison {}", rule));
  result.samples = near.take();
  return result;
}

std::vector<RuleSpread> WhatIf::spreads() const {
  std::vector<RuleSpread> rules;
  std::map<uint32_t, size_t> places;  // by number of the rule's text
  for (const MeasureBlock& block : rows_->blocks) {
    for (const MeasureBlock::Shape& shape : block.shapes) {
      for (size_t i = 0; i < shape.rules.size(); ++i) {
        if (shape.relations[i] == Relation::kNone || places.contains(shape.rules[i])) continue;
        places[shape.rules[i]] = rules.size();
        RuleSpread& rule = rules.emplace_back();
        rule.rule = rows_->texts.at(shape.rules[i]);
        rule.relation = relation_text(shape.relations[i]);
        rule.key = key_of_rule(rows_->recipe, rule.rule);
        rule.threshold = block.columns.at(shape.rules[i]).threshold(0);
      }
    }
    for (const auto& [number, column] : block.columns) {
      const auto place = places.find(number);
      if (place == places.end()) continue;  // of a language stage, which compares nothing
      for (size_t i = 0; i < column.size(); ++i) rules[place->second].values.add(column.value(i));
    }
    for (size_t row = 0, drop = 0; row < block.rows(); ++row) {
      for (; drop < block.drops_end[row]; ++drop) {
        const MeasureBlock::Shape& shape = block.shapes[block.shape_of[row]];
        const size_t i = block.drops[drop];
        if (shape.relations[i] != Relation::kNone) ++rules[places.at(shape.rules[i])].drops;
      }
    }
  }
  const auto place_of = [&](const RuleSpread& spread) {  // of its stage in the recipe
    const std::string stage = spread.rule.substr(0, spread.rule.find('.'));
    return std::find_if(rows_->recipe.entries.begin(), rows_->recipe.entries.end(),
                        [&](const RecipeEntry& entry) { return entry.name == stage; });
  };
  std::stable_sort(rules.begin(), rules.end(),
                   [&](const RuleSpread& a, const RuleSpread& b) { return place_of(a) < place_of(b); });
  return rules;
}

WhatIfResult what_if(const WhatIfOptions& options) {
  std::unique_ptr<MeasuredRows> rows = rows_to_read(options.measured);
  if (options.samples > 0) check_rule(options.measured, options.rule);
  for (const auto& [rule, threshold] : threshold_changes(options.measured, options.changed).thresholds)
    rows->wanted.rules.push_back(rule);
  if (options.samples > 0) rows->wanted.rules.push_back(options.rule);
  rows->wanted.names = options.samples > 0;
  WhatIf what_if(std::move(rows));
  what_if.read(options.measures, options.threads);
  return what_if.answer(options.changed, options.rule, options.samples);
}

}  // namespace ftok
