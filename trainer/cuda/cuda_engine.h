// The engine of GPUs: one a process.
#pragma once

#include <string>

#include "trainer/engine.h"

namespace ftok {

struct CudaEngineOptions {
  int device = 0;  // of those that this process sees
  std::string
      algorithms_path;  // where the choice of algorithms for matrix products is kept for the next start; "": nowhere
};

// Throws Error in one line when there is no GPU or driver, or the build has no CUDA.
EngineFactory cuda_engine_factory(const CudaEngineOptions& options);

}  // namespace ftok
