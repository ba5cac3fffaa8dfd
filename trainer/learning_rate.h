// The learning rate as a function of the step.
#pragma once

#include <cstdint>
#include <string>

#include "core/options.h"

namespace ftok {

struct ScheduleOptions {
  std::string shape = "cosine";
  double learning_rate = 6e-4;
  int64_t warmup_steps = 700;
  double final_fraction = 0.0;
  double decay_fraction = 0.2;

  void visit(OptionVisitor& visitor) {
    visitor.choice(
        "shape", shape, {"cosine", "wsd", "constant"},
        "shape after the warm-up: cosine (GPT-3, appendix B), warm-up-stable-decay (Hu et al. 2024), or constant");
    visitor.field("learning_rate", learning_rate, "the largest learning rate (GPT-3, table 2.1)");
    visitor.field("warmup_steps", warmup_steps, "steps over which the rate rises linearly from 0");
    visitor.field("final_fraction", final_fraction, "rate at the last step, as a fraction of the largest");
    visitor.field("decay_fraction", decay_fraction,
                  "wsd: share of the steps, at the end, over which the rate falls linearly");
  }
  void check() const;  // throws UsageError naming the key that is out of range
};

// The rate of step `step` in 1..steps: warm-up gives learning_rate * step / warmup_steps; at `steps` it has reached
// final_fraction (shapes cosine and wsd). Steps beyond `steps` keep the last rate.
double learning_rate_at(const ScheduleOptions& options, int64_t step, int64_t steps);

}  // namespace ftok
