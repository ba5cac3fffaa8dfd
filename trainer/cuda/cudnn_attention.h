// Attention by cuDNN, through the header-only cudnn-frontend.
#pragma once

#include <memory>

#include "trainer/cuda/device.h"
#include "trainer/cuda/device_layers.h"

namespace ftok {

// Null where the build had no cudnn-frontend, or the library cannot be loaded here: attention is then done by ftok's
// own kernels. Plans are made for causal attention without documents, for heads of a multiple of 8 channels, once a
// shape. The backward pass is the deterministic one. `device` must outlive it.
std::unique_ptr<AttentionPlans> make_cudnn_attention(Device& device);

}  // namespace ftok
