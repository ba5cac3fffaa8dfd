// OpenBLAS, loaded at the first matrix product: its tables of kernels and its threads cost every start of a program
// that links it, and most of what ftok does multiplies nothing.
#pragma once

#include <cblas.h>

#include <string>
#include <string_view>

namespace ftok::cpu {

struct Blas {
  decltype(&cblas_sgemm) sgemm;
  decltype(&cblas_dgemm) dgemm;
  std::string kernels;  // OpenBLAS's name for them: that of a processor
};

// Thread-safe. It computes in the thread that calls it: ours share the work. Throws Error where it is not found.
// OPENBLAS_CORETYPE decides whose kernels it takes; without it OpenBLAS does, but for better_kernels.
const Blas& blas();

// What to take in the place of the kernels that OpenBLAS chose: a processor that is newer than the library counts as
// one of 2004 there, whose kernels take four times as long. Null: nothing better.
const char* better_kernels(std::string_view chosen, bool has_avx2, bool has_avx512);

}  // namespace ftok::cpu
