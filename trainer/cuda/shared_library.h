// A library that is looked for when it is needed, so that a program built with CUDA starts on a machine without it.
#pragma once

#include <string>
#include <vector>

namespace ftok {

// Folders that NVIDIA's Python packages keep libraries in: site-packages/nvidia/*/lib of every python3 in PATH.
std::vector<std::string> python_library_folders();

class SharedLibrary {
 public:
  // The first of `name` in FTOK_CUDA_LIBRARIES (an environment variable: folders, with colons between them), as the
  // system finds it, in the folder the build found it in, and in NVIDIA's Python packages. Throws Error naming it when
  // there is none, with the reason where there is one that cannot be loaded.
  explicit SharedLibrary(const std::string& name);
  ~SharedLibrary() = default;  // stays loaded: what came out of it may live on
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  void* handle() const { return handle_; }
  const std::string& path() const { return path_; }  // what dlopen() was given

  // function = its function of that name. Throws Error when there is none.
  template <typename Function>
  void find(const char* symbol, Function*& function) const {
    function = reinterpret_cast<Function*>(address(symbol));
  }

 private:
  void* address(const char* symbol) const;

  std::string name_, path_;
  void* handle_ = nullptr;
};

}  // namespace ftok
