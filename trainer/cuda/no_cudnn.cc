// In place of cuDNN's attention in a build without cudnn-frontend.
#include "trainer/cuda/cudnn_attention.h"

namespace ftok {

bool is_cudnn_built_in() { return false; }

std::unique_ptr<AttentionPlans> make_cudnn_attention(Device& device, const AttentionOptions& options) {
  return std::make_unique<PlannedAttention>(device, nullptr, "this build has no cuDNN (tools/gpu_check/fetch_frontend)",
                                            options);
}

}  // namespace ftok
