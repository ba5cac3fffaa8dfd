#include "trainer/cpu/cpu_layers.h"
#include "trainer/layers/decoder.h"

namespace ftok {
namespace {

class CpuDecoder final : public TokenPredictor {
 public:
  CpuDecoder(const ModelConfig& config, std::span<const float> parameters, int threads)
      : layers_(make_cpu_layers<float>(threads)), decoder_(config, *layers_, parameters.data()) {}

  std::span<const float> next(uint32_t token) override { return decoder_.next(token); }
  std::span<const float> read(std::span<const uint32_t> tokens) override { return decoder_.read(tokens); }
  int64_t position() const override { return decoder_.position(); }

 private:
  std::unique_ptr<Layers<float>> layers_;
  Decoder<float> decoder_;
};

}  // namespace

std::unique_ptr<TokenPredictor> make_cpu_decoder(const ModelConfig& config, std::span<const float> parameters,
                                                 int threads) {
  return std::make_unique<CpuDecoder>(config, parameters, threads);
}

}  // namespace ftok
