#include "trainer/cpu/blas.h"

#include <dlfcn.h>

#include <string>

#include "core/error.h"

namespace ftok::cpu {
namespace {

#ifdef FTOK_OPENBLAS

template <typename Function>
Function function(void* library, const char* name) {
  void* const found = ::dlsym(library, name);
  if (found == nullptr) throw Error(std::string("OpenBLAS has no ") + name);
  return reinterpret_cast<Function>(found);
}

Blas load() {
  void* library = ::dlopen(FTOK_OPENBLAS, RTLD_NOW | RTLD_LOCAL);  // as it was found when this was built
  if (library == nullptr) library = ::dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Error(std::string("OpenBLAS is not found: ") + ::dlerror());
  function<decltype(&openblas_set_num_threads)>(library, "openblas_set_num_threads")(1);
  return {function<decltype(&cblas_sgemm)>(library, "cblas_sgemm"),
          function<decltype(&cblas_dgemm)>(library, "cblas_dgemm")};
}

#else  // linked, where what is linked is what a package brings along

Blas load() {
  openblas_set_num_threads(1);
  return {&cblas_sgemm, &cblas_dgemm};
}

#endif

}  // namespace

const Blas& blas() {
  static const Blas loaded = load();
  return loaded;
}

}  // namespace ftok::cpu
