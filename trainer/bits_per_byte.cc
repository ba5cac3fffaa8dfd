#include "trainer/bits_per_byte.h"

#include <numbers>

namespace ftok {

uint64_t target_bytes(const Encoding& encoding, const Batch& batch) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < batch.targets.size(); ++i) {
    const uint32_t id = batch.targets[i];
    if ((!batch.loss_mask.empty() && batch.loss_mask[i] == 0) || id >= encoding.n_vocab()) continue;
    if (!encoding.is_special(id)) bytes += encoding.token_bytes(id).size();
  }
  return bytes;
}

std::optional<double> bits_per_byte(double loss, uint64_t bytes) {
  if (bytes == 0) return std::nullopt;
  return loss / std::numbers::ln2 / static_cast<double>(bytes);
}

}  // namespace ftok
