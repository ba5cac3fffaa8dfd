// Finds and loads libftok_arrow.so: beside the program or the library that this is part of, or where an installation
// has it.
#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/parquet.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

const ArrowModule* load(const std::string& path) {
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw Error(
        fmt::format("Arrow's libraries are needed, and they are not found (with Python's ftok, pip install "
                    "'ftok[arrow]' brings them): {}",
                    ::dlerror()));
  }
  using Entry = const ArrowModule* (*)();
  const auto entry = reinterpret_cast<Entry>(::dlsym(handle, "ftok_arrow_module"));
  const ArrowModule* const module = entry == nullptr ? nullptr : entry();
  if (module == nullptr || module->version != ArrowModule::kVersion)
    throw Error(fmt::format("{} is of another version of ftok", path));
  return module;
}

const ArrowModule* find_module() {
  std::error_code error;
  std::vector<fs::path> folders = {fs::read_symlink("/proc/self/exe", error).parent_path()};
  Dl_info own;
  if (::dladdr(reinterpret_cast<const void*>(&arrow_module), &own) != 0 && own.dli_fname != nullptr)
    folders.push_back(fs::absolute(own.dli_fname, error).parent_path());
  for (const fs::path& folder : folders) {
    for (const fs::path& place : {folder, folder.parent_path() / FTOK_LIBRARY_FOLDER / "ftok"}) {
      const fs::path path = place / "libftok_arrow.so";
      if (fs::exists(path, error)) return load(path.string());
    }
  }
  return nullptr;
}

}  // namespace

const ArrowModule* arrow_module() {
  static const ArrowModule* const module = find_module();
  return module;
}

}  // namespace ftok
