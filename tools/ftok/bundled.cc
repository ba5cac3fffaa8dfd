#include "tools/ftok/bundled.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace ftok::cli {

std::string bundled_file(const std::string& relative) {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders;
  if (const char* named = std::getenv("FTOK_SHARE"); named != nullptr && *named != '\0') folders.emplace_back(named);
  std::error_code code;
  const fs::path binary = fs::read_symlink("/proc/self/exe", code);
  if (!code) folders.push_back(binary.parent_path().parent_path() / "share" / "ftok");
#ifdef FTOK_SOURCE_SHARE
  folders.emplace_back(FTOK_SOURCE_SHARE);
#endif
  for (const fs::path& folder : folders) {
    const fs::path path = folder / relative;
    if (fs::exists(path, code)) return path.string();
  }
  return "";
}

}  // namespace ftok::cli
