// Training, evaluation and text generation on NVIDIA GPUs. Programs that call these functions link ftok::trainer_cuda;
// in a build without CUDA they are there all the same and say so.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "trainer/cuda_devices.h"
#include "trainer/evaluate.h"
#include "trainer/model_file.h"
#include "trainer/sample.h"
#include "trainer/train.h"

namespace ftok {

struct CudaEngineOptions {
  int device = 0;  // index of the GPU among those that this process sees
  // File that keeps which algorithms were chosen for matrix products, so that the next start computes the same bits;
  // "": none is kept.
  std::string algorithms_path;
};

// For TrainInputs::make_engine: trains on one GPU per process. The factory throws Error in one line where
// cuda_problem() would say one, or where GPU memory does not suffice.
EngineFactory cuda_engine_factory(const CudaEngineOptions& options);

// The model on GPU number `device` in bfloat16, with the roundings that its training has there. `model` may be
// destroyed when this returns. Throws as the engine's factory does.
std::unique_ptr<Evaluator> make_cuda_evaluator(const ModelFile& model, int device);

// Reads and continues texts on GPU number `device`. `parameters` are as ParameterLayout(config) lays them out and may
// be destroyed when this returns. Throws as the engine's factory does, and UsageError for a model that the kernels do
// not take.
std::unique_ptr<TokenPredictor> make_cuda_decoder(const ModelConfig& config, std::span<const float> parameters,
                                                  int device);

}  // namespace ftok
