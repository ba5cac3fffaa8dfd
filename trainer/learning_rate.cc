#include "trainer/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check_range.h"

namespace ftok {

void ScheduleOptions::check() const {
  check_range("schedule.learning_rate", learning_rate, 0, 1000);
  check_range("schedule.warmup_steps", static_cast<double>(warmup_steps), 0, 1e12);
  check_range("schedule.final_fraction", final_fraction, 0, 1);
  check_range("schedule.decay_fraction", decay_fraction, 0, 1);
}

double learning_rate_at(const ScheduleOptions& options, int64_t step, int64_t steps) {
  if (step < options.warmup_steps) {
    return options.learning_rate * static_cast<double>(step) / static_cast<double>(options.warmup_steps);
  }
  if (options.shape == "constant") return options.learning_rate;
  double begin = static_cast<double>(options.warmup_steps);
  const double end = static_cast<double>(steps);
  if (options.shape == "wsd") begin = std::max(begin, end - std::floor(end * options.decay_fraction));
  // Where the warm-up takes all steps, the last one has the full rate.
  const double behind = static_cast<double>(step) - begin;
  const double progress = behind <= 0 ? 0 : end > begin ? std::min(behind / (end - begin), 1.0) : 1;
  if (options.shape == "wsd" && static_cast<double>(step) <= begin) return options.learning_rate;
  const double left = options.shape == "wsd" ? 1 - progress : 0.5 * (1 + std::cos(std::numbers::pi * progress));
  return options.learning_rate * (options.final_fraction + (1 - options.final_fraction) * left);
}

}  // namespace ftok
