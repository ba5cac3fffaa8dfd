#include "core/new_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/temporary_files.h"

namespace ftok {
namespace fs = std::filesystem;

NewFolder::NewFolder(const std::string& path) {
  if (fs::exists(path) && !(fs::is_directory(path) && fs::is_empty(path))) {
    throw UsageError(path + " already exists; name a folder that does not");
  }
  fs::path target = fs::path(path).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (!target.parent_path().empty()) make_folder(target.parent_path().string());
  target_ = target.string();
  remove_dead_temporaries_of(target_);
  lock_ = create_temporary_folder(target_, partial_);
}

NewFolder::~NewFolder() {
  if (!partial_.empty()) {
    std::error_code ignored;
    fs::remove_all(partial_, ignored);
  }
  ::close(lock_);
}

void NewFolder::commit() {
  if (::rename(partial_.c_str(), target_.c_str()) != 0) throw_errno("cannot rename to " + target_, errno);
  partial_.clear();
  sync_folder_of(target_);
}

}  // namespace ftok
