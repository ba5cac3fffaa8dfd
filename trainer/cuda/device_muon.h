// Muon on one GPU (trainer/training/muon.h has the equations): maps of one shape go through Newton and Schulz together,
// as batched products of bfloat16 whose sums and results are fp32; the iterate itself stays in fp32. Compiled for CUDA
// and for the shim. Not thread-safe.
#pragma once

#include <vector>

#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/matmul.h"
#include "trainer/layers/array.h"
#include "trainer/training/muon_groups.h"

namespace ftok {

class Device;

namespace FTOK_SPACE {

class DeviceMuon {
 public:
  // device and matmul must outlive it.
  DeviceMuon(Device& device, Matmul& matmul, const ParameterLayout& layout, const ParameterRange& range,
             int64_t batch_elements);

  // Takes what the directions of all parameters give off the master weights of the range; step.keep is the share of
  // them that decay leaves, rate = learning rate x options.muon_rate.
  void update(const AdamWStep& step, const float* directions, float rate);

 private:
  void orthogonalise(const MuonMaps& maps, int64_t square_stride);

  Device& device_;
  Matmul& matmul_;
  ParameterRange range_;
  int64_t batch_elements_;
  std::vector<MuonGroup> groups_;
  MemoryArray<MuonMap> maps_;  // of all groups, one behind the other
  MemoryArray<float> values_, squares_;
  MemoryArray<Bf16> narrow_, narrow_squares_;
  MemoryArray<double> sums_;
};

}  // namespace FTOK_SPACE
}  // namespace ftok
