// How long a rank waits for others in the middle of a run.
#pragma once

#include <chrono>

namespace ftok {

// Another rank may be this long in validation, or in writing a checkpoint.
inline constexpr double kRankSilenceSeconds = 600;
// When a stop was asked for, the step and its checkpoint may take so long; then a rank ends without the others.
inline constexpr double kStopSeconds = 60;

// A wait of such a length.
class RankPatience {
 public:
  // Whether nothing has come for too long. Throws Stopped where a stop was asked for, and that too long ago.
  bool is_over();
  // Something has come.
  void renew() { begin_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point begin_ = Clock::now();
  bool is_stopping_ = false;
  Clock::time_point stop_ = {};
};

}  // namespace ftok
