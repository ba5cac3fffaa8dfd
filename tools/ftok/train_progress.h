// What `ftok train` shows on standard error: one line per step, or on a terminal a live loss curve above a
// status line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/live_area.h"
#include "core/log.h"
#include "tokenizer/encoding.h"
#include "trainer/train.h"

namespace ftok::cli {

class TrainProgress : public TrainObserver {
 public:
  // `encoding` (may be null: samples are shown as ids) outlives it. `live`: redraw a curve in place, in colours.
  TrainProgress(const Encoding* encoding, double price_per_hour, bool live);
  ~TrainProgress() override;

  void on_start(int64_t first_step, int64_t steps, int64_t parameters, uint64_t windows) override;
  void on_step(const StepReport& report, const LossCurve& curve) override;
  void on_validation(int64_t step, double loss) override;
  void on_sample(int64_t step, const std::vector<uint32_t>& tokens) override;

  // A log that writes to `log`, above the curve; not used after this object.
  Log above(Log log);

 private:
  std::string status(const StepReport& report) const;
  std::string text_of(const std::vector<uint32_t>& tokens) const;
  void say(const std::string& line);  // above the curve
  void draw();

  const Encoding* encoding_;
  double price_per_hour_;
  bool live_;
  LossCurve curve_;  // as drawn last; it stays below what is said
  std::string status_;
  LiveArea area_{stderr};
  std::chrono::steady_clock::time_point drawn_at_{};
};

}  // namespace ftok::cli
