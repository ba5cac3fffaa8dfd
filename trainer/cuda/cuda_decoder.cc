#include "trainer/cuda/cublaslt_matmul.h"
#include "trainer/cuda/device_decoder.h"
#include "trainer/cuda_back_end.h"

namespace ftok {
namespace {

class CudaDecoder final : public TokenPredictor {
 public:
  CudaDecoder(const ModelConfig& config, std::span<const float> parameters, int device)
      : device_(make_cuda_device(device)),
        matmul_(make_cublaslt_matmul(*device_)),
        decoder_(*device_, *matmul_, config, parameters) {}

  std::span<const float> next(uint32_t token) override { return decoder_.next(token); }
  std::span<const float> read(std::span<const uint32_t> tokens) override { return decoder_.read(tokens); }
  int64_t position() const override { return decoder_.position(); }

 private:
  std::unique_ptr<Device> device_;
  std::unique_ptr<TunedMatmul> matmul_;
  cuda::DeviceDecoder decoder_;
};

}  // namespace

std::unique_ptr<TokenPredictor> make_cuda_decoder(const ModelConfig& config, std::span<const float> parameters,
                                                  int device) {
  return std::make_unique<CudaDecoder>(config, parameters, device);
}

}  // namespace ftok
