// Matrix products by cuBLASLt. The algorithm for a shape is chosen once, by timing those that the library proposes; the
// choices can be written down and read again, so that a run that is resumed computes the same bits.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "trainer/cuda/matmul.h"

namespace ftok {

// Scratch memory that products may use. cuBLAS's manual recommends 32 MiB for Hopper; more lets it propose algorithms
// that split long sums further.
constexpr size_t kProductWorkspaceBytes = size_t{256} << 20;

class TunedMatmul : public Matmul {
 public:
  // One line per shape, of hexadecimal numbers, after a line that names GPU and library.
  virtual std::string choices() const = 0;
  // Takes over the choices of such a text; tells whether it was made on this kind of GPU with this library (else
  // nothing is taken over).
  virtual bool set_choices(const std::string& text) = 0;
};

// `memory` is for timing and outlives it; its device is the current one. Algorithms that add in an order that is not
// fixed are left out. Throws Error when the library cannot be loaded.
class Device;
std::unique_ptr<TunedMatmul> make_cublaslt_matmul(Device& device);

}  // namespace ftok
