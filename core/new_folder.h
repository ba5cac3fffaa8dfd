// NewFolder: a folder that appears whole or not at all: made under a temporary name beside its own, and renamed.
#pragma once

#include <string>

namespace ftok {

// Serial. Destroyed without commit() it leaves nothing behind; what a killed one left, the next one for the same name
// removes.
class NewFolder {
 public:
  // Throws UsageError when `path` is there and is not an empty folder, Error when it cannot be made.
  explicit NewFolder(const std::string& path);
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  const std::string& path() const { return partial_; }  // to write into
  void commit();

 private:
  std::string target_, partial_;
  int lock_ = -1;
};

}  // namespace ftok
