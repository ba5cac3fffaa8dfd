// Sums over the GPUs of several processes, by NCCL.
#pragma once

#include <memory>

#include "trainer/communicator.h"
#include "trainer/cuda/device.h"
#include "trainer/layers/bfloat16.h"

namespace ftok {

// Each rank has a GPU of its own. Calls are queued on the device's stream, in the same order on all ranks. Slices are
// those of Communicator::slice(n, rank). The order of additions is NCCL's: the same for the same number and wiring of
// GPUs. Destroyed while work is queued, or after wait() has thrown, it gives that work up.
class DeviceRanks {
 public:
  virtual ~DeviceRanks() = default;
  // values (n), on the device: every element becomes the sum over the ranks.
  virtual void all_reduce(float* values, int64_t n) = 0;
  // The own slice becomes the sum; the rest is not said.
  virtual void reduce_scatter(float* values, int64_t n) = 0;
  // Every slice becomes its owner's.
  virtual void all_gather(Bf16* values, int64_t n) = 0;
  virtual void all_gather(float* values, int64_t n) = 0;
  // Returns when the device has done all queued work. To be called before anything else waits for the device: unlike
  // that, it throws Error when another rank has failed or does not answer, and no work is left.
  virtual void wait() = 0;
};

// Collective. Null, on all ranks, where one of them cannot load the library, or the build had no NCCL. `ranks` and
// `device` outlive it.
std::unique_ptr<DeviceRanks> make_nccl_ranks(Communicator& ranks, Device& device);

}  // namespace ftok
