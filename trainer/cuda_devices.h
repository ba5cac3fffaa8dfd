// Which NVIDIA GPUs a process can use. Programs that call these functions link ftok::trainer_cuda.
#pragma once

#include <string>

namespace ftok {

// Why no GPU can be used, in one line: the build has no CUDA, the machine no GPU, or its driver is too old. Empty where
// one can.
std::string cuda_problem();

// How many GPUs this process sees; 0 where none can be used.
int cuda_device_count();

}  // namespace ftok
