// Text from a model on a GPU: trainer/sample.h's Decoder in bfloat16, forward alone. Compiled for CUDA and for the
// shim.
#pragma once

#include <span>
#include <vector>

#include "trainer/cuda/device_layers.h"
#include "trainer/sample.h"

namespace ftok::FTOK_SPACE {

class DeviceDecoder final : public TokenPredictor {
 public:
  // device and matmul must outlive it; `parameters` are as ParameterLayout lays them out and are rounded to bfloat16.
  // Throws UsageError for a model that the GPU's kernels do not take.
  DeviceDecoder(Device& device, Matmul& matmul, const ModelConfig& config, const std::vector<float>& parameters);

  std::span<const float> next(uint32_t token) override { return forward({&token, 1}); }
  std::span<const float> read(std::span<const uint32_t> tokens) override;
  int64_t position() const override { return position_; }

 private:
  void make_room(int64_t rows);
  std::span<const float> forward(std::span<const uint32_t> tokens);
  void forward_block(int64_t layer, int64_t rows);
  std::span<const float> logits_of_row(int64_t row);
  const Bf16* weight(int64_t offset) const { return parameters_.data() + offset; }

  Device& device_;
  Matmul& matmul_;
  ModelConfig config_;
  ParameterLayout layout_;
  DeviceLayers layers_;
  MemoryArray<Bf16> parameters_;
  MemoryArray<Bf16> qkv_;  // (L,T,3C): keys and values of all positions, and the queries
  MemoryArray<Bf16> stream_, normal_, attention_, fc_, wide_, out_;  // R rows of C, C, C, 4C, 4C, C
  MemoryArray<float> mean_, rstd_, log_sum_;                         // (R), (R), (H,R)
  MemoryArray<uint32_t> tokens_;                                     // (R)
  MemoryArray<Bf16> device_logits_;                                  // (padded V)
  std::vector<Bf16> rounded_logits_;
  std::vector<float> logits_;  // (V)
  int64_t position_ = 0;
};

}  // namespace ftok::FTOK_SPACE
