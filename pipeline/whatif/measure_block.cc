#include "pipeline/whatif/measure_block.h"

#include <algorithm>

namespace ftok {

uint32_t RepeatedTexts::number_of(std::string_view text) {
  const std::lock_guard lock(mutex_);
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  const auto number = static_cast<uint32_t>(texts_.size());
  texts_.emplace_back(text);
  numbers_.emplace(texts_.back(), number);
  return number;
}

const std::string& RepeatedTexts::at(uint32_t number) const {
  const std::lock_guard lock(mutex_);
  return texts_[number];
}

uint32_t RepeatedTexts::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(texts_.size());
}

bool WantedColumns::is_of_language(std::string_view rule) const {
  const std::string_view stage = rule.substr(0, rule.find('.'));
  return std::find(language_stages.begin(), language_stages.end(), stage) != language_stages.end();
}

bool WantedColumns::has(std::string_view rule) const {
  return all || is_of_language(rule) || std::find(rules.begin(), rules.end(), rule) != rules.end();
}

// The number of the row's shape in this block, a new one where no row before had it.
uint32_t MeasureBlock::shape_number(const MeasuredRow& row, RepeatedTexts& texts) {
  bool is_last = !shapes.empty() && last_.size() == row.measures.size();
  for (size_t i = 0; i < row.measures.size(); ++i) {
    const MeasuredRow::Measure& measure = row.measures[i];
    if (i < last_.size() && last_[i] == measure.rule && shape_.relations[i] == measure.relation) continue;
    is_last = false;
    if (i >= last_.size()) {
      last_.emplace_back();
      shape_.rules.push_back(0);
      shape_.relations.push_back(Relation::kNone);
    }
    last_[i] = measure.rule;
    shape_.rules[i] = texts.number_of(measure.rule);
    shape_.relations[i] = measure.relation;
  }
  if (is_last) return last_shape_;
  last_.resize(row.measures.size());
  shape_.rules.resize(row.measures.size());
  shape_.relations.resize(row.measures.size());
  const auto found = std::find_if(shapes.begin(), shapes.end(), [&](const Shape& shape) {
    return shape.rules == shape_.rules && shape.relations == shape_.relations;
  });
  last_shape_ = static_cast<uint32_t>(found - shapes.begin());
  if (last_shape_ == shapes.size()) shapes.push_back(shape_);
  return last_shape_;
}

void MeasureBlock::add(const MeasuredRow& row, const WantedColumns& wanted, RepeatedTexts& texts) {
  const uint32_t number = shape_number(row, texts);
  const Shape& shape = shapes[number];
  shape_of.push_back(number);
  bool is_explained = row.outcome == "keep";
  for (size_t i = 0; i < row.measures.size(); ++i) {
    const MeasuredRow::Measure& measure = row.measures[i];
    is_explained = is_explained || measure.rule == row.outcome;
    if (measure.drops) drops.push_back(static_cast<uint32_t>(i));
    const bool is_of_language = wanted.is_of_language(measure.rule);
    if (!is_of_language && (measure.relation == Relation::kNone || !wanted.has(measure.rule))) continue;
    Column& column = columns[shape.rules[i]];
    const size_t before = column.size();
    if (column.doubles.empty() && static_cast<double>(static_cast<float>(measure.value)) != measure.value) {
      column.doubles.assign(column.floats.begin(), column.floats.end());
      std::vector<float>().swap(column.floats);
      column.doubles.push_back(measure.value);
    } else if (column.doubles.empty()) {
      column.floats.push_back(static_cast<float>(measure.value));
    } else {
      column.doubles.push_back(measure.value);
    }
    if (column.thresholds.empty()) {
      column.thresholds.push_back(measure.threshold);
    } else if (column.thresholds.size() > 1 || column.thresholds[0] != measure.threshold) {
      column.thresholds.resize(before, column.thresholds[0]);
      column.thresholds.push_back(measure.threshold);
    }
    if (is_of_language) column.details.push_back(texts.number_of(measure.detail));
  }
  drops_end.push_back(static_cast<uint32_t>(drops.size()));
  unexplained.push_back(is_explained ? kExplained : texts.number_of(row.outcome));
  inputs.push_back(row.input);
  keys.push_back(row.keys);
  if (!wanted.names) return;
  for (const std::string_view name : {row.id, row.url}) {
    names += name;
    names_end.push_back(static_cast<uint32_t>(names.size()));
  }
}

void MeasureBlock::finish() {
  std::vector<std::string>().swap(last_);
  shape_ = {};
  const auto fit = [](auto& vector) { vector.shrink_to_fit(); };
  fit(shape_of), fit(drops), fit(drops_end), fit(inputs), fit(names), fit(names_end);
  if (std::all_of(unexplained.begin(), unexplained.end(), [](uint32_t outcome) { return outcome == kExplained; }))
    std::vector<uint32_t>().swap(unexplained);
  for (auto& [rule, column] : columns)
    fit(column.floats), fit(column.doubles), fit(column.thresholds), fit(column.details);
}

}  // namespace ftok
