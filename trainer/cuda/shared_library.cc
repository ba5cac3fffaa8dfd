#include "trainer/cuda/shared_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "core/error.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> folders_of(const char* variable) {
  std::vector<std::string> folders;
  const char* const text = std::getenv(variable);
  std::istringstream in(text == nullptr ? "" : text);
  for (std::string folder; std::getline(in, folder, ':');) {
    if (!folder.empty()) folders.push_back(folder);
  }
  return folders;
}

// What is in a folder, in the order of names; nothing where it cannot be read.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace

std::vector<std::string> python_library_folders() {
  std::vector<std::string> folders;
  std::error_code error;
  for (const std::string& programs : folders_of("PATH")) {
    const fs::path python = fs::path(programs) / "python3", real = fs::canonical(python, error);
    if (error) continue;
    for (const fs::path& program : {python, real}) {  // of an environment, and of what it was made from
      for (const fs::path& version : entries_of(program.parent_path().parent_path() / "lib")) {
        if (!version.filename().string().starts_with("python3")) continue;
        for (const char* const packages : {"site-packages", "dist-packages"}) {
          for (const fs::path& package : entries_of(version / packages / "nvidia")) {
            const std::string folder = (package / "lib").string();
            const bool is_new = std::find(folders.begin(), folders.end(), folder) == folders.end();
            if (is_new && fs::is_directory(folder, error)) folders.push_back(folder);
          }
        }
      }
    }
  }
  return folders;
}

SharedLibrary::SharedLibrary(const std::string& name) : name_(name) {
  std::vector<std::string> places;
  for (const std::string& folder : folders_of("FTOK_CUDA_LIBRARIES")) places.push_back(folder + "/" + name);
  places.push_back(name);
#ifdef FTOK_CUDA_LIBRARY_FOLDER
  places.push_back(std::string(FTOK_CUDA_LIBRARY_FOLDER) + "/" + name);
#endif
  for (const std::string& folder : python_library_folders()) places.push_back(folder + "/" + name);
  std::string reason;
  for (const std::string& place : places) {
    handle_ = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    path_ = place;
    if (handle_ != nullptr) return;
    const char* const problem = dlerror();
    std::error_code error;
    if (reason.empty() && place != name && problem != nullptr && fs::exists(place, error)) reason = problem;
  }
  throw Error("cannot load " + name + (reason.empty() ? "" : ": " + reason) +
              " (FTOK_CUDA_LIBRARIES may name its folder)");
}

void* SharedLibrary::address(const char* symbol) const {
  void* const found = dlsym(handle_, symbol);
  if (found == nullptr) throw Error(name_ + " has no " + symbol + ": another version is needed");
  return found;
}

}  // namespace ftok
