// A library that is looked for when it is needed, so that a program built with CUDA starts on a machine without it.
#pragma once

#include <string>

namespace ftok {

class SharedLibrary {
 public:
  // The first of `name` as the system finds it, and `name` in FTOK_CUDA_LIBRARIES (an environment variable: a folder)
  // and in the folder the build found it in. Throws Error naming it when there is none.
  explicit SharedLibrary(const std::string& name);
  ~SharedLibrary() = default;  // stays loaded: what came out of it may live on
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  void* handle() const { return handle_; }

  // function = its function of that name. Throws Error when there is none.
  template <typename Function>
  void find(const char* symbol, Function*& function) const {
    function = reinterpret_cast<Function*>(address(symbol));
  }

 private:
  void* address(const char* symbol) const;

  std::string name_;
  void* handle_ = nullptr;
};

}  // namespace ftok
