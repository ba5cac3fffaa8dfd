#include "tools/ftok/model_decoder.h"

#include "core/run_on_threads.h"
#include "trainer/cuda_back_end.h"

namespace ftok::cli {

std::unique_ptr<TokenPredictor> make_decoder(const ModelFile& model, const std::string& device, int threads) {
  if (device == "cuda") return make_cuda_decoder(model.config, model.parameters, 0);
  const size_t all = threads_or_all(static_cast<size_t>(threads));
  return make_cpu_decoder(model.config, model.parameters, static_cast<int>(all));
}

}  // namespace ftok::cli
