// Files that are complete or absent: written under a temporary name, synced, renamed into place.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "core/output_target.h"
#include "core/temporary_files.h"

namespace ftok {

// Throws UsageError naming a path that is an address ("s3://bucket/x"): as a path it would name a local folder "s3:".
// All that opens or makes something here asks it first.
void refuse_address(const std::string& path);

// Writes `path` so that it exists only when whole. Destroyed without commit(), it leaves nothing behind. Every failure
// (no space, no permission) throws Error naming the path. The temporary name is unique to the attempt
// (core/temporary_files.h), so that any number of live attempts at one file, on any machines, never mix. Symbolic links
// are followed: the file they lead to is replaced, and they stay. What is not a regular file (a device, a FIFO,
// /dev/stdout) is not replaced but written into: commit() copies to it what a file without a name has kept till then.
// Not thread-safe.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void write_at(uint64_t offset, std::string_view bytes);  // over bytes already written; the end does not move
  uint64_t size() const { return size_; }
  void commit();  // flush, fsync, rename, fsync the folder; a device or FIFO is written into instead
  // The same, but leaves a file that is there already as it is: false then, and this file is gone.
  bool commit_unless_there();

 private:
  void flush();
  void sync();
  void publish();
  void copy_to_stream();
  void close_published();

  std::string path_;
  OutputTarget target_;
  std::string temporary_;  // empty where the target is a stream
  std::string buffer_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// A file that grows by records and is read back by someone who can tell a whole record from a torn one. Not
// thread-safe.
class AppendFile {
 public:
  explicit AppendFile(const std::string& path);  // exists
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Returns when the bytes are on the disk. A process killed inside leaves some first part of them.
  void append(std::string_view bytes);

 private:
  std::string path_;
  int fd_ = -1;
};

// The whole file; throws Error naming the path, also when it is larger than `bytes_max`.
std::string read_file(const std::string& path, uint64_t bytes_max = uint64_t{1} << 40);

// Writes the whole file atomically.
void write_file(const std::string& path, std::string_view bytes);

// Makes the folder and its parents, and syncs the folders that hold the new ones; throws Error naming it.
void make_folder(const std::string& path);

// Writes the file that a command was told to write: write_file(), after removing what killed attempts at it left.
void write_output(const std::string& path, std::string_view bytes);

// Syncs the folder that holds `path`: from then on a new name in it outlasts a loss of power. Throws Error naming it;
// file systems that cannot do so are left be.
void sync_folder_of(const std::string& path);

// Removes a file that may be there; throws Error naming it when it stays.
void remove_file(const std::string& path);

// A read-only memory map of a file. The views it gives live as long as it does.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

  // Brings all of it into memory, where that can be done: before it is read in any order. Never fails.
  void read_ahead() const;

 private:
  std::string path_;
  const char* data_ = nullptr;
  size_t size_ = 0;
};

// An exclusive lock on a folder (flock on FOLDER/.lock), held while it lives; throws Error when another process holds
// it.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace ftok
