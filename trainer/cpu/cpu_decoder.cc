#include "trainer/cpu/cpu_layers.h"
#include "trainer/cpu/packed_layers.h"
#include "trainer/layers/decoder.h"

namespace ftok {
namespace {

class CpuDecoder final : public TokenPredictor {
 public:
  CpuDecoder(const ModelConfig& config, std::unique_ptr<Layers<float>> layers, const float* parameters)
      : layers_(std::move(layers)), decoder_(config, *layers_, parameters) {}

  std::span<const float> next(uint32_t token) override { return decoder_.next(token); }
  std::span<const float> read(std::span<const uint32_t> tokens) override { return decoder_.read(tokens); }
  int64_t position() const override { return decoder_.position(); }

 private:
  std::unique_ptr<Layers<float>> layers_;
  Decoder<float> decoder_;
};

}  // namespace

std::unique_ptr<TokenPredictor> make_cpu_decoder(const ModelConfig& config, std::span<const float> parameters,
                                                 int threads, WeightType weights) {
  if (weights == WeightType::kFloat32)
    return std::make_unique<CpuDecoder>(config, make_cpu_layers<float>(threads), parameters.data());
  std::unique_ptr<PackedLayers> layers = make_packed_layers(config, parameters, weights, threads);
  const float* const kept = layers->parameters();
  return std::make_unique<CpuDecoder>(config, std::move(layers), kept);
}

}  // namespace ftok
