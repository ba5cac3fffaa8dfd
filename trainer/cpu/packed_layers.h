// Layers of the CPU for text from a model whose matrices are packed (trainer/packed_weights.h). Forward only.
#pragma once

#include <memory>
#include <span>

#include "trainer/layers/layers.h"
#include "trainer/packed_weights.h"

namespace ftok {

class PackedLayers : public Layers<float> {
 public:
  // In the place of the parameters that it was made from, which need not be there any longer: gains, biases and learned
  // positions. What stands where the matrices were only names them and holds zeros, most of which take no memory.
  virtual const float* parameters() const = 0;
};

// `type` is not kFloat32; `parameters` as ParameterLayout(config) lays them out.
std::unique_ptr<PackedLayers> make_packed_layers(const ModelConfig& config, std::span<const float> parameters,
                                                 WeightType type, int threads);

}  // namespace ftok
