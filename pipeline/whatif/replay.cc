#include "pipeline/whatif/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>

#include "core/error.h"

namespace ftok {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// A rule whose values the replay looks at: its threshold is another, its verdict names a language, or samples of it are
// wanted.
struct Watched {
  uint32_t rule = 0;
  bool is_changed = false, is_of_language = false, is_low_score = false;
  double threshold = 0;  // the new one
};

// What a rule is to the replay. By number of its text.
struct RuleFacts {
  bool is_late = false;
  uint32_t watched = kNone;
};

// The watched rules of a shape.
struct WatchedShape {
  struct Place {
    uint32_t place, watched;
  };
  std::vector<Place> places;      // those with a value in a column
  std::vector<char> is_replayed;  // by place: whether it drops is asked anew
};

// What the thresholds make of a row: the places of the first rules that drop before deduplication and after it.
struct Outcome {
  uint32_t early = kNone, late = kNone;
};

class ColumnReplay {
 public:
  ColumnReplay(const MeasuredRows& rows, const RecipeConfig& recipe, const ThresholdChanges& changes,
               NearSamples* samples)
      : rows_(rows), changes_(changes), samples_(samples), judge_(rows.repeats, recipe) {
    for (uint32_t text = 0; text < rows.texts.size(); ++text) {
      if (rows.texts.at(text) == changes.language) wanted_language_ = text;
      if (rows.texts.at(text).empty()) no_language_ = text;
      facts_.push_back(facts_of(text));
    }
    dropped_.resize(facts_.size());
    languages_.resize(facts_.size());
  }

  Tally run() {
    for (const MeasureBlock& block : rows_.blocks) run_block(block);
    tally_.records = tally_.documents;
    uint64_t dropped = 0;
    for (uint32_t text = 0; text < dropped_.size(); ++text) {
      dropped += dropped_[text];
      if (dropped_[text] > 0) tally_.dropped[reason_of(rows_.texts.at(text))] += dropped_[text];
      const std::string& language = rows_.texts.at(text);
      if (languages_[text] > 0) tally_.languages_dropped[language.empty() ? "?" : language] += languages_[text];
    }
    for (const auto& [reason, count] : repeated_) {
      tally_.dropped[reason] += count;
      dropped += count;
    }
    tally_.kept = tally_.documents - dropped;
    return std::move(tally_);
  }

 private:
  static std::string reason_of(const std::string& name) {
    const std::optional<Reason> reason = Reason::intern(name);
    if (!reason) throw Error(fmt::format("the measures name more rules than a run may have, at {}", name));
    return std::string(*reason);
  }

  RuleFacts facts_of(uint32_t text) {
    const std::string& rule = rows_.texts.at(text);
    RuleFacts facts;
    facts.is_late = is_late(rows_.recipe, std::string_view(rule).substr(0, rule.find('.')));
    Watched watched;
    watched.rule = text;
    watched.is_of_language = rows_.wanted.is_of_language(rule);
    watched.is_low_score = rule.ends_with(".low_score");
    if (!changes_.language.empty() && rule.starts_with(changes_.language_stage + ".")) {
      watched.is_changed = true;
      watched.threshold = changes_.language_threshold;
    } else if (const auto changed = changes_.thresholds.find(rule); changed != changes_.thresholds.end()) {
      watched.is_changed = true;
      watched.threshold = changed->second;
    }
    if (samples_ != nullptr && rule == samples_->rule()) sampled_ = text;
    if (!watched.is_changed && !watched.is_of_language && sampled_ != text) return facts;
    facts.watched = static_cast<uint32_t>(watched_.size());
    watched_.push_back(watched);
    return facts;
  }

  // Whether a changed rule drops a row with the i-th value of its column.
  bool drops(const Watched& watched, Relation relation, const MeasureBlock::Column& column, size_t i) const {
    const double value = column.value(i);
    if (watched.is_of_language && !changes_.language.empty()) {
      const uint32_t language = column.details[i];
      const bool is_wanted = language == wanted_language_ || (changes_.language == "*" && language != no_language_);
      return value <= watched.threshold && is_wanted == watched.is_low_score;
    }
    return drops_at(relation, value, watched.threshold);
  }

  void run_block(const MeasureBlock& block) {
    std::vector<WatchedShape> shapes;
    for (const MeasureBlock::Shape& shape : block.shapes) shapes.push_back(watched_shape(shape));
    columns_.assign(watched_.size(), nullptr);
    for (size_t i = 0; i < watched_.size(); ++i) {
      const auto column = block.columns.find(watched_[i].rule);
      if (column != block.columns.end()) columns_[i] = &column->second;
    }
    at_.assign(watched_.size(), 0);
    for (size_t row = 0, drop = 0; row < block.rows(); ++row) run_row(block, row, drop, shapes[block.shape_of[row]]);
  }

  // Rules that compare nothing have no values, but those of a language stage.
  WatchedShape watched_shape(const MeasureBlock::Shape& shape) const {
    WatchedShape watched_shape;
    for (uint32_t place = 0; place < shape.rules.size(); ++place) {
      const uint32_t watched = facts_[shape.rules[place]].watched;
      const bool has_value =
          watched != kNone && (watched_[watched].is_of_language || shape.relations[place] != Relation::kNone);
      if (has_value) watched_shape.places.push_back({place, watched});
      watched_shape.is_replayed.push_back(has_value && watched_[watched].is_changed);
    }
    return watched_shape;
  }

  // `drop`: where the row's part of block.drops begins; then where the next row's does.
  void run_row(const MeasureBlock& block, size_t row, size_t& drop, const WatchedShape& watched_shape) {
    const MeasureBlock::Shape& shape = block.shapes[block.shape_of[row]];
    Outcome outcome;
    const auto note = [&](uint32_t place) {
      uint32_t& first = facts_[shape.rules[place]].is_late ? outcome.late : outcome.early;
      first = std::min(first, place);
    };
    const size_t first_drop = drop;
    for (; drop < block.drops_end[row]; ++drop) {
      if (!watched_shape.is_replayed[block.drops[drop]]) note(block.drops[drop]);
    }
    uint32_t early_language = kNone, late_language = kNone;  // that the verdict is about
    uint32_t sampled_place = kNone;
    size_t sampled_at = 0;
    for (const WatchedShape::Place& place : watched_shape.places) {
      const Watched& watched = watched_[place.watched];
      const MeasureBlock::Column& column = *columns_[place.watched];
      const size_t i = at_[place.watched]++;
      if (watched.is_changed && drops(watched, shape.relations[place.place], column, i)) note(place.place);
      if (watched.is_of_language && outcome.early == place.place) early_language = column.details[i];
      if (watched.is_of_language && outcome.late == place.place) late_language = column.details[i];
      if (watched.rule == sampled_ && sampled_place == kNone) sampled_place = place.place, sampled_at = i;
    }
    const uint32_t unexplained = block.unexplained.empty() ? MeasureBlock::kExplained : block.unexplained[row];
    if (sampled_place != kNone && std::min(outcome.early, outcome.late) >= sampled_place)
      sample(block, row, outcome, sampled_place, sampled_at, first_drop, unexplained);
    ++tally_.documents;
    const uint64_t document = document_++;
    if (unexplained != MeasureBlock::kExplained) {
      ++dropped_[unexplained];
    } else if (outcome.early != kNone) {
      ++dropped_[shape.rules[outcome.early]];
      if (early_language != kNone) ++languages_[early_language];
    } else if (const Reason repeated = judge_.judge(document); !repeated.empty()) {
      ++repeated_[std::string(repeated)];
    } else if (outcome.late != kNone) {
      ++dropped_[shape.rules[outcome.late]];
      if (late_language != kNone) ++languages_[late_language];
    }
  }

  void sample(const MeasureBlock& block, size_t row, const Outcome& outcome, uint32_t place, size_t i,
              size_t first_drop, uint32_t unexplained) {
    const MeasureBlock::Shape& shape = block.shapes[block.shape_of[row]];
    const uint32_t number = facts_[sampled_].watched;
    const Watched& watched = watched_[number];
    const Relation relation = shape.relations[place];
    if (relation == Relation::kNone) return;
    samples_->has_met_any = true;
    WhatIfSample sample;
    sample.value = columns_[number]->value(i);
    sample.threshold = watched.is_changed ? watched.threshold : columns_[number]->threshold(i);
    const auto* const drops_begin = block.drops.data() + first_drop;
    const auto* const drops_end = block.drops.data() + block.drops_end[row];
    sample.drops = watched.is_changed ? drops(watched, relation, *columns_[number], i)
                                      : std::find(drops_begin, drops_end, place) != drops_end;
    if (!samples_->wants(sample.drops, std::abs(sample.value - sample.threshold))) return;
    const size_t begin = row == 0 ? 0 : block.names_end[2 * row - 1], middle = block.names_end[2 * row];
    sample.id = block.names.substr(begin, middle - begin);
    sample.url = block.names.substr(middle, block.names_end[2 * row + 1] - middle);
    sample.outcome = unexplained != MeasureBlock::kExplained ? rows_.texts.at(unexplained)
                     : outcome.early == kNone                ? "keep"
                                                             : rows_.texts.at(shape.rules[outcome.early]);
    samples_->add(std::move(sample));
  }

  const MeasuredRows& rows_;
  const ThresholdChanges& changes_;
  NearSamples* const samples_;
  DedupReplay::Judge judge_;
  std::vector<Watched> watched_;
  std::vector<RuleFacts> facts_;  // by number of the rule's text
  uint32_t wanted_language_ = kNone, no_language_ = kNone, sampled_ = kNone;
  std::vector<const MeasureBlock::Column*> columns_;  // of the block, by watched rule
  std::vector<size_t> at_;                            // the next value in each
  uint64_t document_ = 0;
  std::vector<uint64_t> dropped_, languages_;  // by number of the text
  std::map<std::string, uint64_t> repeated_;
  Tally tally_;
};

}  // namespace

bool NearSamples::wants(bool drops, double distance) const {
  const std::vector<WhatIfSample>& side = sides_[drops ? 1 : 0];
  return side.size() < most_ || distance < std::abs(side.back().value - side.back().threshold);
}

void NearSamples::add(WhatIfSample sample) {
  std::vector<WhatIfSample>& side = sides_[sample.drops ? 1 : 0];
  const auto distance = [](const WhatIfSample& s) { return std::abs(s.value - s.threshold); };
  const auto place =
      std::upper_bound(side.begin(), side.end(), sample,
                       [&](const WhatIfSample& a, const WhatIfSample& b) { return distance(a) < distance(b); });
  side.insert(place, std::move(sample));
  if (side.size() > most_) side.pop_back();
}

std::vector<WhatIfSample> NearSamples::take() {
  std::vector<WhatIfSample> all;
  for (std::vector<WhatIfSample>& side : sides_) std::move(side.begin(), side.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  return all;
}

Tally replay(const MeasuredRows& rows, const RecipeConfig& recipe, const ThresholdChanges& changes,
             NearSamples* samples) {
  return ColumnReplay(rows, recipe, changes, samples).run();
}

}  // namespace ftok
