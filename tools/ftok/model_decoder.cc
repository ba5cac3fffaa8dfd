#include "tools/ftok/model_decoder.h"

#include "trainer/cuda_back_end.h"

namespace ftok::cli {

std::unique_ptr<TokenPredictor> make_decoder(const ModelFile& model, const std::string& device, int threads) {
  if (device == "cuda") return make_cuda_decoder(model.config, model.parameters, 0);
  return make_cpu_decoder(model.config, model.parameters, threads);
}

}  // namespace ftok::cli
