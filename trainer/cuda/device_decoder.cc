#include "trainer/cuda/device_decoder.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr int64_t kChunkRows = 1;                         // of the classifier, which is not called
constexpr Fusion kFusion{true, true, true, true, false};  // each length of a prompt is a shape: not worth timing

const ModelConfig& checked(const ModelConfig& config) {
  check_for_gpu(config);
  if (!is_vectorized(config.channels)) {
    throw UsageError("model.channels = " + std::to_string(config.channels) + ": a GPU needs a multiple of " +
                     std::to_string(kVector));
  }
  return config;
}

// In the device's memory, rounded.
MemoryArray<Bf16> upload(Device& device, std::span<const float> parameters) {
  std::vector<Bf16> rounded(parameters.size());
  std::transform(parameters.begin(), parameters.end(), rounded.begin(), [](float x) { return to_bfloat16(x); });
  MemoryArray<Bf16> array(device);
  array.assign(rounded);
  return array;
}

}  // namespace

DeviceDecoder::DeviceDecoder(Device& device, Matmul& matmul, const ModelConfig& config,
                             std::span<const float> parameters)
    : layers_(device, matmul, nullptr, kFusion, kChunkRows),
      parameters_(upload(device, parameters)),
      decoder_(checked(config), layers_, parameters_.data()) {}

}  // namespace ftok::FTOK_SPACE
