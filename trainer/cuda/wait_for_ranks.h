// How a rank waits for work that other ranks take part in: such work never ends where one of them has gone, so the
// queue is looked at again and again, beside what the library says of errors elsewhere.
#pragma once

#include <functional>
#include <string>

#include "trainer/training/rank_waits.h"

namespace ftok {

struct RanksWatch {
  std::function<bool()> is_done;              // whether all queued work is done; throws where it failed
  std::function<std::string()> error;         // of the ranks' connections; "": none
  std::function<double()> seconds;            // a clock
  std::function<void(double seconds)> sleep;  // for about that long
};

// Returns when the work is done. Throws Error when there is an error, or `seconds_max` have passed, and Stopped when a
// stop was asked for and the work is not done within kStopSeconds from then.
void wait_for_ranks(const RanksWatch& watch, double seconds_max);

}  // namespace ftok
