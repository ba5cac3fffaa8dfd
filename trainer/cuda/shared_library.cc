#include "trainer/cuda/shared_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <vector>

#include "core/error.h"

namespace ftok {

SharedLibrary::SharedLibrary(const std::string& name) : name_(name) {
  std::vector<std::string> places = {name};
  if (const char* const folder = std::getenv("FTOK_CUDA_LIBRARIES"))
    places.insert(places.begin(), std::string(folder) + "/" + name);
#ifdef FTOK_CUDA_LIBRARY_FOLDER
  places.push_back(std::string(FTOK_CUDA_LIBRARY_FOLDER) + "/" + name);
#endif
  for (const std::string& place : places) {
    handle_ = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return;
  }
  throw Error("cannot load " + name + " (FTOK_CUDA_LIBRARIES may name its folder)");
}

void* SharedLibrary::address(const char* symbol) const {
  void* const found = dlsym(handle_, symbol);
  if (found == nullptr) throw Error(name_ + " has no " + symbol + ": another version is needed");
  return found;
}

}  // namespace ftok
