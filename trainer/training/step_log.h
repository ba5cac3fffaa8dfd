// log.jsonl of a run: a JSON object a step, appended a line at a time.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "trainer/loss_curve.h"
#include "trainer/train.h"

namespace ftok {

struct Validation {
  double loss = 0;                      // nats per token
  std::optional<double> bits_per_byte;  // trainer/bits_per_byte.h; none where the vocabulary is not known
};

// Not thread-safe.
class StepLog {
 public:
  // Keeps the lines of steps up to `step`: what a killed run wrote beyond its last checkpoint goes. Throws Error naming
  // the path, UsageError when what is there is something else's.
  StepLog(const std::string& path, uint64_t step);
  ~StepLog();
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;

  void add(const StepReport& report, const std::optional<Validation>& validation);

  // How many steps the run is to have: of the curve.
  void set_steps(int64_t steps) { curve_.steps = steps; }

  // The losses of all lines, those of an earlier start included.
  const LossCurve& curve() const { return curve_; }

 private:
  std::string keep_lines(const std::string& text, uint64_t step);

  std::string path_;
  std::FILE* file_ = nullptr;
  LossCurve curve_;
};

}  // namespace ftok
