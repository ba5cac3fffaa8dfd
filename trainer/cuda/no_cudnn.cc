// In place of cuDNN's attention in a build without cudnn-frontend.
#include "trainer/cuda/cudnn_attention.h"

namespace ftok {

std::unique_ptr<AttentionPlans> make_cudnn_attention(Device&) { return nullptr; }

}  // namespace ftok
