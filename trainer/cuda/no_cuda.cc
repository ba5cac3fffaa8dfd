// In place of the GPU back end in a build without CUDA.
#include "core/error.h"
#include "trainer/cuda/device.h"
#include "trainer/cuda_back_end.h"
#include "trainer/training/engine.h"

namespace ftok {

int cuda_device_count() { return 0; }

std::string cuda_problem() { return "no GPU: this ftok was built without CUDA (FTOK_CUDA)"; }

std::unique_ptr<Device> make_cuda_device(int) { throw Error(cuda_problem()); }

EngineFactory cuda_engine_factory(const CudaEngineOptions&) {
  return [](const TrainRecipe&, Communicator&) -> std::unique_ptr<Engine> { throw Error(cuda_problem()); };
}

std::unique_ptr<Evaluator> make_cuda_evaluator(const ModelFile&, int) { throw Error(cuda_problem()); }

std::unique_ptr<TokenPredictor> make_cuda_decoder(const ModelConfig&, std::span<const float>, int) {
  throw Error(cuda_problem());
}

}  // namespace ftok
