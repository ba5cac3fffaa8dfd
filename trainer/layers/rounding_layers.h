// bf16 on the CPU, to compare a GPU with: a back end that rounds to bfloat16 (to nearest, ties to even) what the GPU
// stores as bfloat16, and computes in fp32 in between.
//
// Rounded: weights and biases as each layer reads them; every activation and every gradient of an activation that a
// layer writes; logits and their gradient. Not rounded: master weights, gradients of parameters, LayerNorm's mean and
// rstd, the logarithms of attention's sums, the loss, AdamW, and what stays inside attention (the GPU rounds its
// probabilities there).
#pragma once

#include <memory>

#include "trainer/layers/layers.h"

namespace ftok {

// Takes over a back end in fp32.
std::unique_ptr<Layers<float>> make_rounding_layers(std::unique_ptr<Layers<float>> layers);

}  // namespace ftok
