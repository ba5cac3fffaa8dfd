// A zstd-compressed file that is complete or absent: a frame with a content checksum for each part, level 3, one
// thread, so that the same bytes in give the same bytes out (for one version of libzstd).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "shards/checksum.h"

struct ZSTD_CCtx_s;

namespace ftok {

// Not thread-safe. Throws Error naming the file when it cannot be written.
class ZstdFile {
 public:
  explicit ZstdFile(const std::string& path);

  void begin_part();  // begins a frame
  void write(std::string_view bytes);
  void finish();  // ends the frame; size() and hex() are of the compressed file from then on
  uint64_t part_size() const { return file_.part_size(); }
  uint64_t size() const { return file_.size(); }
  std::string hex() const { return file_.hex(); }
  void commit() { file_.commit(); }  // after finish()

 private:
  void compress(std::string_view bytes, bool end);

  ChecksummedFile file_;
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::string out_;
};

}  // namespace ftok
