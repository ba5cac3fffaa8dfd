#include "pipeline/whatif.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/ordered_pipeline.h"
#include "core/run_on_threads.h"
#include "core/signals.h"
#include "crawl/decoded_input.h"
#include "crawl/json_lines.h"
#include "dedup/deduplicator.h"
#include "pipeline/inputs.h"
#include "pipeline/whatif/changes.h"
#include "pipeline/whatif/row.h"

namespace ftok {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr uint64_t kLineBytesMax = uint64_t{64} << 20;

// What one set of thresholds makes of a row: the first rule that drops before deduplication, and after it.
struct Outcome {
  Verdict early, late;
};

// A row, judged.
struct Judged {
  Outcome measured, changed;
  uint64_t input = 0;
  std::vector<uint64_t> keys;
  std::optional<WhatIfSample> sample;
};

// Lines on their way through the pipeline.
struct RowBlock {
  std::string lines;
  uint64_t first_line = 1;  // number of the first in its file
  size_t file = 0;
  std::vector<Judged> rows;
};

// Cuts files of measures into blocks of lines. Serial.
class RowBlockReader {
 public:
  explicit RowBlockReader(const std::vector<std::string>& files) : files_(files) {}

  std::unique_ptr<RowBlock> next() {
    if (stop_requested()) throw Stopped();
    auto block = std::make_unique<RowBlock>();
    JsonLine line;
    while (block->lines.size() < kBlockBytes) {
      if (lines_ == nullptr) {
        if (file_ == files_.size() || !block->lines.empty()) break;
        lines_ = std::make_unique<JsonLineReader>(make_decoded_input(open_input(files_[file_], {})), kLineBytesMax);
      }
      if (!lines_->next(line)) {
        for (const Damage& damage : lines_->take_damage())
          throw Error(fmt::format("{}: damaged at byte {}: {}", files_[file_], damage.offset, damage.code.view()));
        lines_.reset();
        ++file_;
        continue;
      }
      if (!line.verdict.kept())
        throw Error(fmt::format("{}: line {}: {}", files_[file_], line.number, line.verdict.reason.view()));
      if (block->lines.empty()) {
        block->first_line = line.number;
        block->file = file_;
      }
      block->lines += line.text;
      if (!line.text.ends_with('\n')) block->lines += '\n';
    }
    return block->lines.empty() ? nullptr : std::move(block);
  }

 private:
  const std::vector<std::string>& files_;
  size_t file_ = 0;
  std::unique_ptr<JsonLineReader> lines_;
};

// Judges rows. Const, shared by all threads.
class Replay {
 public:
  Replay(const WhatIfOptions& options, ThresholdChanges changes) : options_(options), changes_(std::move(changes)) {
    for (const RecipeEntry& entry : options.measured.entries) {
      stages_.push_back(
          {entry.name, is_late(options.measured, entry.name), is_of_language(options.measured, entry.name)});
    }
  }

  Judged judge(const MeasuredRow& row) const {
    Judged judged;
    judged.input = row.input;
    judged.keys = row.keys;
    judged.measured = outcome(row, false);
    judged.changed = changes_.empty() ? judged.measured : outcome(row, true);
    if (options_.samples > 0) judged.sample = sample(row);
    return judged;
  }

 private:
  struct StageFacts {
    std::string name;
    bool is_late, is_of_language;
  };

  const StageFacts* stage_of(std::string_view rule) const {
    const std::string_view name = rule.substr(0, rule.find('.'));
    for (const StageFacts& stage : stages_) {
      if (stage.name == name) return &stage;
    }
    return nullptr;
  }

  // Whether a rule drops the row at the new thresholds; `threshold` becomes the one that counts.
  bool drops(const MeasuredRow::Measure& measure, double& threshold) const {
    threshold = measure.threshold;
    if (!changes_.language.empty() && measure.rule.starts_with(changes_.language_stage + ".")) {
      threshold = changes_.language_threshold;
      const bool is_wanted =
          measure.detail == changes_.language || (changes_.language == "*" && !measure.detail.empty());
      return measure.value <= threshold && is_wanted == measure.rule.ends_with(".low_score");
    }
    const auto changed = changes_.thresholds.find(measure.rule);
    if (changed == changes_.thresholds.end()) return measure.drops;
    threshold = changed->second;
    return measure.drops_at(threshold);
  }

  Outcome outcome(const MeasuredRow& row, bool with_changes) const {
    Outcome outcome;
    bool is_explained = row.outcome == "keep";
    for (const MeasuredRow::Measure& measure : row.measures) {
      is_explained = is_explained || measure.rule == row.outcome;
      double threshold = measure.threshold;
      if (!(with_changes ? drops(measure, threshold) : measure.drops)) continue;
      const StageFacts* const stage = stage_of(measure.rule);
      Verdict& verdict = stage != nullptr && stage->is_late ? outcome.late : outcome.early;
      if (!verdict.kept()) continue;
      verdict = Verdict::drop(reason_of(measure.rule), measure.value, threshold, std::string(measure.detail));
      verdict.of_language = stage != nullptr && stage->is_of_language;
    }
    // What decided it was no rule: a damaged record, a response that is no page.
    if (!is_explained) outcome.early = Verdict::drop(reason_of(row.outcome));
    return outcome;
  }

  static Reason reason_of(std::string_view name) {
    const std::optional<Reason> reason = Reason::intern(name);
    if (!reason) throw Error(fmt::format("the measures name more rules than a run may have, at {}", name));
    return *reason;
  }

  // The row, where it reaches the rule that samples are wanted of.
  std::optional<WhatIfSample> sample(const MeasuredRow& row) const {
    const Outcome changed = outcome(row, true);
    for (const MeasuredRow::Measure& measure : row.measures) {
      double threshold = 0;
      const bool drops_here = drops(measure, threshold);
      if (measure.rule == options_.rule) {
        if (measure.relation.empty()) return std::nullopt;
        return WhatIfSample{std::string(row.id), std::string(row.url),
                            measure.value,       threshold,
                            drops_here,          changed.early.kept() ? "keep" : std::string(changed.early.reason)};
      }
      if (drops_here) return std::nullopt;
    }
    return std::nullopt;
  }

  const WhatIfOptions& options_;
  const ThresholdChanges changes_;
  std::vector<StageFacts> stages_;
};

// Deduplication and the count, in order, for one set of thresholds. Serial.
class Count {
 public:
  explicit Count(const RecipeConfig& recipe) {
    const RecipeConfig::Range running = recipe.running();
    KeyLayout layout;
    DeduplicatorOptions options;
    options.scope = "off";
    for (size_t i = running.first; i < running.end; ++i) {
      const RecipeEntry& entry = recipe.entries[i];
      if (const auto* const minhash = entry.get<MinHashOptions>()) layout = MinHashStage(*minhash).layout();
      if (const auto* const dedup = entry.get<DeduplicatorOptions>()) options = *dedup;
    }
    if (options.ranks()) throw UsageError("dedup.keep: replayed for first alone, which document of several stays");
    deduplicator_ = std::make_unique<Deduplicator>(options, layout);
  }

  void add(const Outcome& outcome, size_t file, uint64_t input, const std::vector<uint64_t>& keys) {
    Verdict verdict = outcome.early;
    if (verdict.kept() && deduplicator_->active()) {
      if (std::pair(file, input) != input_) deduplicator_->begin_input();
      input_ = {file, input};
      if (keys.empty())
        throw Error("a document that passes has no dedup_keys: measure again with this version of ftok");
      verdict = deduplicator_->judge(keys, number_++);
    }
    if (verdict.kept()) verdict = outcome.late;
    tally.count(verdict);
  }

  Tally tally;

 private:
  std::unique_ptr<Deduplicator> deduplicator_;
  uint64_t number_ = 0;
  std::pair<size_t, uint64_t> input_{SIZE_MAX, 0};
};

// The samples nearest to the threshold on either side; of equally near ones the first.
class Samples {
 public:
  explicit Samples(size_t most) : most_(most) {}

  void add(WhatIfSample&& sample) {
    std::vector<WhatIfSample>& side = sides_[sample.drops ? 1 : 0];
    const auto distance = [](const WhatIfSample& s) { return std::abs(s.value - s.threshold); };
    if (side.size() == most_ && distance(sample) >= distance(side.back())) return;
    const auto place =
        std::upper_bound(side.begin(), side.end(), sample,
                         [&](const WhatIfSample& a, const WhatIfSample& b) { return distance(a) < distance(b); });
    side.insert(place, std::move(sample));
    if (side.size() > most_) side.pop_back();
  }

  std::vector<WhatIfSample> take() {
    std::vector<WhatIfSample> all;
    for (std::vector<WhatIfSample>& side : sides_) std::move(side.begin(), side.end(), std::back_inserter(all));
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    return all;
  }

 private:
  size_t most_;
  std::vector<WhatIfSample> sides_[2];
};

void judge_block(const Replay& replay, const WhatIfOptions& options, RowBlock& block) {
  thread_local MeasuredRowReader reader;
  uint64_t number = block.first_line;
  for (size_t begin = 0; begin < block.lines.size(); ++number) {
    const size_t end = block.lines.find('\n', begin);
    const MeasuredRow* const row = reader.read(std::string_view(block.lines).substr(begin, end - begin));
    if (row == nullptr) {
      throw Error(fmt::format("{}: line {}: not a row of `ftok run --measure`", options.measures[block.file], number));
    }
    block.rows.push_back(replay.judge(*row));
    begin = end + 1;
  }
  std::string().swap(block.lines);
}

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

// The spreads of all rules, row by row.
class Spreads {
 public:
  void add(const MeasuredRow& row) {
    for (const MeasuredRow::Measure& measure : row.measures) {
      if (measure.relation.empty()) continue;
      const auto [place, is_new] = places_.try_emplace(std::string(measure.rule), rules.size());
      if (is_new) rules.push_back({place->first, std::string(measure.relation), "", measure.threshold, 0, {}});
      rules[place->second].values.add(measure.value);
      rules[place->second].drops += measure.drops ? 1 : 0;
    }
  }

  std::vector<RuleSpread> rules;

 private:
  std::map<std::string, size_t> places_;
};

void spread_block(const RowBlock& block, const WhatIfOptions& options, Spreads& spreads) {
  MeasuredRowReader reader;
  uint64_t number = block.first_line;
  for (size_t begin = 0; begin < block.lines.size(); ++number) {
    const size_t end = block.lines.find('\n', begin);
    const MeasuredRow* const row = reader.read(std::string_view(block.lines).substr(begin, end - begin));
    if (row == nullptr)
      throw Error(fmt::format("{}: line {}: not a row of `ftok run --measure`", options.measures[block.file], number));
    spreads.add(*row);
    begin = end + 1;
  }
}

void check_rule(const WhatIfOptions& options) {
  if (options.samples == 0) return;
  const std::string stage = options.rule.substr(0, options.rule.find('.'));
  for (const RecipeEntry& entry : options.measured.entries) {
    if (entry.name == stage && options.rule.size() > stage.size() + 1) return;
  }
  throw UsageError(
      fmt::format("--rule: got \"{}\", expected a rule of a stage of the recipe, such as "
                  "gopher_quality.too_short",
                  options.rule));
}

std::vector<std::string> notes_of(const RecipeConfig& recipe) {
  std::vector<std::string> notes;
  for (const RecipeEntry& entry : recipe.entries) {
    const bool rewrites =
        entry.name == "subprocess" || entry.kind->name == "subprocess" || entry.kind->name == "python";
    if (rewrites) notes.push_back(fmt::format("{}: counted as it answered when it was measured", entry.name));
  }
  return notes;
}

}  // namespace

std::string recipe_path_of_measures(const std::string& path) { return path + ".recipe.toml"; }

std::vector<RuleSpread> rule_spreads(const WhatIfOptions& options) {
  Spreads spreads;
  RowBlockReader reader(options.measures);
  while (const std::unique_ptr<RowBlock> block = reader.next()) spread_block(*block, options, spreads);
  std::vector<RuleSpread> rules = std::move(spreads.rules);
  for (RuleSpread& rule : rules) rule.key = key_of_rule(options.measured, rule.rule);
  const auto place_of = [&](const RuleSpread& spread) {  // of its stage in the recipe
    const std::string stage = spread.rule.substr(0, spread.rule.find('.'));
    return std::find_if(options.measured.entries.begin(), options.measured.entries.end(),
                        [&](const RecipeEntry& entry) { return entry.name == stage; });
  };
  std::stable_sort(rules.begin(), rules.end(),
                   [&](const RuleSpread& a, const RuleSpread& b) { return place_of(a) < place_of(b); });
  return rules;
}

WhatIfResult what_if(const WhatIfOptions& options) {
  if (!options.measured.output.by.empty()) throw UsageError("output.by: several corpora are not replayed");
  check_rule(options);
  const Replay replay(options, threshold_changes(options.measured, options.changed));
  Count measured(options.measured), changed(options.changed);
  Samples samples(options.samples);
  RowBlockReader reader(options.measures);
  bool reaches = false;
  const size_t threads = threads_or_all(options.threads);
  run_on_threads(threads, [&] {
    ordered_pipeline<RowBlock>(
        2 * threads + 2, [&] { return reader.next(); }, [&](RowBlock& block) { judge_block(replay, options, block); },
        [&](RowBlock& block) {
          for (Judged& row : block.rows) {
            measured.add(row.measured, block.file, row.input, row.keys);
            changed.add(row.changed, block.file, row.input, row.keys);
            reaches = reaches || row.sample;
            if (row.sample) samples.add(std::move(*row.sample));
          }
        });
  });
  if (options.samples > 0 && !reaches)
    throw Error(fmt::format("--rule: no document reaches a comparison {}", options.rule));
  return {measured.tally, changed.tally, samples.take(), notes_of(options.measured)};
}

}  // namespace ftok
