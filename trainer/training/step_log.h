// log.jsonl of a run: a JSON object a step, appended a line at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "trainer/loss_curve.h"
#include "trainer/train.h"
#include "trainer/training/line_log.h"

namespace ftok {

struct Validation {
  double loss = 0;                      // nats per token
  std::optional<double> bits_per_byte;  // trainer/bits_per_byte.h; none where the vocabulary is not known
};

// Not thread-safe.
class StepLog {
 public:
  // Keeps the lines of steps up to `step`, as LineLog does. Throws as it does.
  StepLog(const std::string& path, uint64_t step);

  void add(const StepReport& report, const std::optional<Validation>& validation);

  // How many steps the run is to have: of the curve.
  void set_steps(int64_t steps) { curve_.steps = steps; }

  // The losses of all lines, those of an earlier start included.
  const LossCurve& curve() const { return curve_; }

 private:
  LossCurve curve_;
  LineLog lines_;
};

}  // namespace ftok
