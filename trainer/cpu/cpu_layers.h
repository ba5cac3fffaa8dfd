// The CPU back end: float for training, double for the tests.
#pragma once

#include <memory>

#include "trainer/layers/layers.h"

namespace ftok {

// Layers on `threads` threads of this process; the bits do not depend on how many. Matrix products are OpenBLAS's,
// which is told to use one thread (a setting of the whole process): the cutting into blocks is ours.
template <typename Real>
std::unique_ptr<Layers<Real>> make_cpu_layers(int threads);

}  // namespace ftok
