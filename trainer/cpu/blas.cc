#include "trainer/cpu/blas.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>

#include "core/error.h"

#ifndef FTOK_OPENBLAS  // linked: these are there where OpenBLAS has kernels for several processors
extern "C" {
[[gnu::weak]] void gotoblas_dynamic_init();
[[gnu::weak]] void gotoblas_dynamic_quit();
}
#endif

namespace ftok::cpu {

const char* better_kernels(std::string_view chosen, bool has_avx2, bool has_avx512) {
  // OpenBLAS's names for kernels of before AVX2 (gotoblas_corename in its driver/others/dynamic.c).
  static constexpr std::string_view kOld[] = {"Katmai",      "Coppermine",   "Northwood",  "Prescott",    "Banias",
                                              "Atom",        "Core2",        "Penryn",     "Dunnington",  "Nehalem",
                                              "Athlon",      "Opteron_SSE3", "Opteron",    "Barcelona",   "Nano",
                                              "Sandybridge", "Bulldozer",    "Piledriver", "Steamroller", "Bobcat"};
  if (!has_avx2 || std::find(std::begin(kOld), std::end(kOld), chosen) == std::end(kOld)) return nullptr;
  return has_avx512 ? "SKYLAKEX" : "HASWELL";
}

namespace {

constexpr char kCoreVariable[] = "OPENBLAS_CORETYPE";

// Chooses again where OpenBLAS is older than the processor. Its choice can be steered by a variable alone.
void choose_kernels(const char* chosen, void (*quit)(), void (*init)()) {
  if (quit == nullptr || init == nullptr || std::getenv(kCoreVariable) != nullptr) return;
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512vl");
  const char* const better = better_kernels(chosen, has_avx2, has_avx512);
  if (better == nullptr || ::setenv(kCoreVariable, better, 1) != 0) return;
  quit();
  init();
  ::unsetenv(kCoreVariable);
}

#ifdef FTOK_OPENBLAS

template <typename Function>
Function function_if_there(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

template <typename Function>
Function function(void* library, const char* name) {
  const auto found = function_if_there<Function>(library, name);
  if (found == nullptr) throw Error(std::string("OpenBLAS has no ") + name);
  return found;
}

Blas load() {
  void* library = ::dlopen(FTOK_OPENBLAS, RTLD_NOW | RTLD_LOCAL);  // as it was found when this was built
  if (library == nullptr) library = ::dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Error(std::string("OpenBLAS is not found: ") + ::dlerror());
  const auto kernels = function<decltype(&openblas_get_corename)>(library, "openblas_get_corename");
  choose_kernels(kernels(), function_if_there<void (*)()>(library, "gotoblas_dynamic_quit"),
                 function_if_there<void (*)()>(library, "gotoblas_dynamic_init"));
  function<decltype(&openblas_set_num_threads)>(library, "openblas_set_num_threads")(1);
  return {function<decltype(&cblas_sgemm)>(library, "cblas_sgemm"),
          function<decltype(&cblas_dgemm)>(library, "cblas_dgemm"), kernels()};
}

#else  // linked, where what is linked is what a package brings along

Blas load() {
  choose_kernels(openblas_get_corename(), gotoblas_dynamic_quit, gotoblas_dynamic_init);
  openblas_set_num_threads(1);
  return {&cblas_sgemm, &cblas_dgemm, openblas_get_corename()};
}

#endif

}  // namespace

const Blas& blas() {
  static const Blas loaded = load();
  return loaded;
}

}  // namespace ftok::cpu
