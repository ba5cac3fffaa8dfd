#include "trainer/cuda/wait_for_ranks.h"

#include <algorithm>
#include <cstdint>

#include "core/error.h"
#include "core/signals.h"

namespace ftok {
namespace {

// Short at first, for work that is nearly done; then long enough to cost nothing.
constexpr double kSleepMin = 20e-6, kSleepMax = 2e-3;

}  // namespace

void wait_for_ranks(const RanksWatch& watch, double seconds_max) {
  const double begin = watch.seconds();
  double stop_at = -1;  // no stop was asked for
  for (double pause = kSleepMin; !watch.is_done(); pause = std::min(2 * pause, kSleepMax)) {
    if (const std::string error = watch.error(); !error.empty()) throw Error("NCCL: another rank failed: " + error);
    if (watch.seconds() - begin > seconds_max) {
      throw Error("NCCL: the ranks did not finish within " + std::to_string(static_cast<int64_t>(seconds_max)) +
                  " s: another rank has exited or does not answer");
    }
    if (stop_requested() && stop_at < 0) stop_at = watch.seconds() + kStopSeconds;
    if (stop_at >= 0 && watch.seconds() > stop_at) throw Stopped();
    watch.sleep(pause);
  }
}

}  // namespace ftok
