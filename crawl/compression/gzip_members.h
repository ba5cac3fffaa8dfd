// GzipMembers: follows a gzip file as its bytes arrive and knows where the last whole member ended: the place a broken
// download is resumed from, and the proof that a finished one is whole (every member's CRC-32 and length are checked).
// Nothing of the decoded bytes is kept. Not thread-safe.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace ftok {

class GzipMembers {
 public:
  GzipMembers();
  ~GzipMembers();
  GzipMembers(const GzipMembers&) = delete;
  GzipMembers& operator=(const GzipMembers&) = delete;

  // Takes the file's next bytes; false at the first damage, after which nothing more may be fed.
  bool feed(std::string_view bytes);

  uint64_t bytes() const { return bytes_; }        // fed so far
  uint64_t whole_bytes() const { return whole_; }  // up to the end of the last whole member
  uint64_t members() const { return members_; }
  bool at_boundary() const { return bytes_ == whole_; }

  // Starts over at a member's first byte, `offset` bytes and `members` members into the file.
  void restart(uint64_t offset, uint64_t members);

 private:
  z_stream stream_{};
  uint64_t bytes_ = 0, whole_ = 0, members_ = 0;
};

}  // namespace ftok
