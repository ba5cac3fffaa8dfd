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

size_t launch_shared_bytes_max() {
  constexpr int kOwnBytes = 1 << 10;  // of kernels that ask for more, and what CUDA takes of each block
  int device = 0, bytes = 0;
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device) != cudaSuccess)
    return 0;
  return static_cast<size_t>(bytes > 2 * kOwnBytes ? bytes - 2 * kOwnBytes : 0);
}

}  // namespace ftok::cuda
