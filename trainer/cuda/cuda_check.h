// Every call of the CUDA runtime goes through here.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "core/error.h"

namespace ftok::cuda {

inline void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess) throw Error(std::string("GPU: ") + what + ": " + cudaGetErrorString(code));
}

}  // namespace ftok::cuda
