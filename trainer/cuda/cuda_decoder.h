// Text from a model on a GPU.
#pragma once

#include <memory>
#include <span>

#include "trainer/sample.h"

namespace ftok {

// On GPU number `device` of those that this process sees; `parameters` may go when it returns. Throws Error in one line
// when there is no GPU or driver, or the build has no CUDA; UsageError for a model that the kernels do not take.
std::unique_ptr<TokenPredictor> make_cuda_decoder(const ModelConfig& config, std::span<const float> parameters,
                                                  int device);

}  // namespace ftok
