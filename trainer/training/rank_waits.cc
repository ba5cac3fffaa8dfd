#include "trainer/training/rank_waits.h"

#include "core/signals.h"

namespace ftok {

bool RankPatience::is_over() {
  const auto seconds_since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  if (waits_end() && !is_stopping_) is_stopping_ = true, stop_ = Clock::now();
  if (is_stopping_ && seconds_since(stop_) > kStopSeconds) throw Stopped();
  return seconds_since(begin_) > kRankSilenceSeconds;
}

}  // namespace ftok
