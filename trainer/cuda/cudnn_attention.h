// Attention by cuDNN, through the header-only cudnn-frontend.
#pragma once

#include <memory>

#include "trainer/cuda/device.h"
#include "trainer/cuda/planned_attention.h"

namespace ftok {

// Plans are made for causal attention without documents, for heads of a multiple of 8 channels, once per shape; for
// everything else, and where the build had no cudnn-frontend or the library cannot be used here, attention is done by
// ftok's own kernels and report() says why. Never null. `device` must outlive it.
std::unique_ptr<AttentionPlans> make_cudnn_attention(Device& device, const AttentionOptions& options = {});

// Whether the build had cudnn-frontend.
bool is_cudnn_built_in();

}  // namespace ftok
