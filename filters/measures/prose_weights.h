// The weights of the stage prose, as tools/make/make_prose_model trains them.
#pragma once

#include <span>
#include <string_view>

namespace ftok {

enum class ProseScale { kPlain, kLog, kRoot };  // x, log(1 + x), square root of x

struct ProseMeasure {
  std::string_view rule;  // the reason that the measure belongs to
  ProseScale scale;       // of the value, once it lies within [least, most]
  double least, most;
  double mean, deviation;  // of the scaled value, over the texts trained on
  double weight;           // of its distance from the mean, in deviations
};

std::span<const ProseMeasure> prose_measures();

// The log odds of a text: m = base + the weighted measures, and with the model bias + slope * (m + words * its log
// odds).
struct ProseCombination {
  double base;         // of the measures
  double words;        // weight of the model's log odds
  double slope, bias;  // of both together
};
ProseCombination prose_combination();

}  // namespace ftok
