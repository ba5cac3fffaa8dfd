// OpenBLAS, loaded at the first matrix product: its tables of kernels and its threads cost every start of a program
// that links it, and most of what ftok does multiplies nothing.
#pragma once

#include <cblas.h>

namespace ftok::cpu {

struct Blas {
  decltype(&cblas_sgemm) sgemm;
  decltype(&cblas_dgemm) dgemm;
};

// Thread-safe. It computes in the thread that calls it: ours share the work. Throws Error where it is not found.
const Blas& blas();

}  // namespace ftok::cpu
