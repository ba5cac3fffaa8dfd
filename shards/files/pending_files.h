// PendingFiles: changes to several files of a folder that are made all together or not at all. New files are written
// into a folder beside; once a list of them is on disk they are moved into place, by whoever finds the list.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shards/checksum.h"
#include "shards/removal.h"

namespace ftok {

// Serial; one process at a time, which holds the folder's lock.
class PendingFiles {
 public:
  // `place`: see RemovalPlace; it outlives this.
  PendingFiles(std::string folder, RemovalPlace* place);

  // To be called before a file of a shard or of texts is read.
  void need(const std::string& name) const {
    if (place_ != nullptr) place_->need(name);
  }

  // Finishes what another process began: moves the files of the list, if there is one. Returns whether there was. What
  // was not listed yet is removed.
  bool finish_earlier();

  std::string path(const std::string& name);  // where the new file is to be written; makes the folder
  void add(FileEntry entry);                  // it is there
  void write(const std::string& name, const std::string& text);
  void remove(const std::string& name);  // the file of the folder goes, at the end
  // The text of a file as it will be.
  std::string read(const std::string& name) const;
  // The checksums of what is new, by name; empty where a file goes.
  const std::map<std::string, FileEntry>& files() const { return files_; }

  // Makes all changes; `last`, a new file, comes after all others.
  void commit(const std::string& last);

 private:
  std::string pending(const std::string& name) const;
  std::string list_path() const;
  void move_all(const std::vector<FileEntry>& files) const;

  std::string folder_;
  RemovalPlace* place_;
  std::map<std::string, FileEntry> files_;
};

}  // namespace ftok
