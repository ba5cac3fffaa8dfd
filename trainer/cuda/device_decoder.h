// Text from a model on a GPU: trainer/layers/decoder.h in bfloat16. Compiled for CUDA and for the shim.
#pragma once

#include <span>

#include "trainer/cuda/device_layers.h"
#include "trainer/layers/decoder.h"

namespace ftok::FTOK_SPACE {

class DeviceDecoder final : public TokenPredictor {
 public:
  // device and matmul must outlive it; `parameters` are as ParameterLayout lays them out and are rounded to bfloat16.
  // Throws UsageError for a model that the GPU's kernels do not take.
  DeviceDecoder(Device& device, Matmul& matmul, const ModelConfig& config, std::span<const float> parameters);

  std::span<const float> next(uint32_t token) override { return decoder_.next(token); }
  std::span<const float> read(std::span<const uint32_t> tokens) override { return decoder_.read(tokens); }
  int64_t position() const override { return decoder_.position(); }

 private:
  DeviceLayers layers_;
  MemoryArray<Bf16> parameters_;
  Decoder<Bf16> decoder_;
};

}  // namespace ftok::FTOK_SPACE
