// The CPU as a Device for kernels of the shim: work is done when it is queued and takes no time,
// and there are no graphs.
#pragma once

#include <memory>

#include "trainer/cuda/device.h"

namespace ftok::shim {

std::unique_ptr<Device> make_device();

}  // namespace ftok::shim
