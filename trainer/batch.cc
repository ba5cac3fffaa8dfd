#include "trainer/batch.h"

#include <algorithm>

namespace ftok {

BatchView Batch::view() const {
  return {B,
          T,
          tokens.data(),
          targets.data(),
          loss_mask.empty() ? nullptr : loss_mask.data(),
          first_key.empty() ? nullptr : first_key.data(),
          loss_weights.empty() ? nullptr : loss_weights.data()};
}

int64_t Batch::counted() const {
  return loss_mask.empty() ? B * T : B * T - std::count(loss_mask.begin(), loss_mask.end(), uint8_t{0});
}

}  // namespace ftok
