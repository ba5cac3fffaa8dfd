#include <string>

#include "core/error.h"
#include "trainer/cuda/shim.h"

namespace ftok::cuda {

void check_launch(const Grid& grid, int threads) {
  const cudaError_t code = cudaGetLastError();
  if (code == cudaSuccess) return;
  throw Error("a kernel with a grid of " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
              std::to_string(grid.z) + " blocks of " + std::to_string(threads) +
              " threads: " + cudaGetErrorString(code));
}

}  // namespace ftok::cuda
