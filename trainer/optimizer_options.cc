#include "trainer/optimizer_options.h"

#include "core/check_range.h"

namespace ftok {

void OptimizerOptions::check() const {
  check_range("optimizer.beta_1", beta_1, 0, 0.999999);
  check_range("optimizer.beta_2", beta_2, 0, 0.999999);
  check_range("optimizer.epsilon", epsilon, 1e-30, 1);
  check_range("optimizer.weight_decay", weight_decay, 0, 100);
  check_range("optimizer.clip_norm", clip_norm, 0, 1e9);
  check_range("optimizer.muon_momentum", muon_momentum, 0, 0.999999);
  check_range("optimizer.muon_rate", muon_rate, 0, 1e6);
}

}  // namespace ftok
