// FileChecksums: checksums of files that are read through once, and again only when the file system no longer says that
// they are what they were. So a training run is bound to the bytes of its data without reading all of them at every
// start.
//
// A file is taken to be unchanged when its device, inode, size, time of modification and time of change are those of
// when it was read, and both times lie at least a second before the reading began (a file system's clock is coarse, and
// a file that is written while it is read might keep its times). The time of change cannot be set back: a file that is
// replaced, or rewritten in place with its old time of modification, is read again.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ftok {

// Serial.
class FileChecksums {
 public:
  static constexpr int64_t kSettledNs = 1'000'000'000;

  // Takes up what save() wrote to `record`; nothing when there is none or it is damaged.
  explicit FileChecksums(std::string record, int64_t settled_ns = kSettledNs);

  // As checksum_of_file (shards/checksum.h). Throws Error naming the path that cannot be read.
  std::string of(const std::string& path);

  // Writes what of() was asked for, when it is something else than the record holds. Throws Error naming the record.
  void save() const;

  uint64_t files_read() const { return files_read_; }

 private:
  struct Seen {
    uint64_t device = 0, inode = 0, bytes = 0;
    int64_t modified_ns = 0, changed_ns = 0;
    int64_t read_ns = 0;  // when the reading began
    std::string checksum;

    bool is_same_file(const Seen& other) const;
    bool operator==(const Seen&) const = default;
  };
  static Seen look(const std::string& path);
  void take_up();

  std::string record_;
  int64_t settled_ns_;
  std::map<std::string, Seen> recorded_, asked_;  // by path
  uint64_t files_read_ = 0;
};

}  // namespace ftok
