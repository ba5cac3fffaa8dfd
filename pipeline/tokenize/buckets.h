// The buckets of a shuffle: documents spread over 256 files by the first byte of their key, so that each can be sorted
// in memory. A file is a chain of blocks: u32 bytes of the payload, u64 XXH3 of it, the payload; a payload is whole
// rows: u64 high and low half of the key, u32 bytes of the id, u32 width of a token (2 or 4), u64 tokens, the id, the
// tokens. Little-endian.
//
// The files grow; what counts are the sizes that a checkpoint recorded.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "shards/shuffle_key.h"

namespace ftok {

inline constexpr size_t kBuckets = 256;

struct BucketSizes {
  std::array<uint64_t, kBuckets> bytes{}, documents{};
};

// Serial. Every failure to write throws Error naming the file.
class BucketWriter {
 public:
  // Goes on with the files PREFIX.NNN cut to `sizes`. A document goes to the file of byte `level` of its key (0: the
  // highest).
  BucketWriter(const std::string& prefix, size_t token_bytes, const BucketSizes& sizes, size_t level = 0);
  ~BucketWriter();
  BucketWriter(const BucketWriter&) = delete;
  BucketWriter& operator=(const BucketWriter&) = delete;

  void add(const ShuffleKey& key, std::string_view id, std::span<const uint32_t> tokens);
  void add_row(const ShuffleKey& key, std::string_view row);  // as BucketReader gives it
  uint64_t bytes() const { return bytes_; }                   // added since the last flush

  BucketSizes flush();  // all of it is on disk then

 private:
  struct File {
    int fd = -1;
    std::string path;
    std::unique_ptr<char[]> block;  // its head and whole rows; made for the first
    size_t filled = 0, capacity = 0;
  };
  char* room_for_row(const ShuffleKey& key, uint64_t bytes);
  void write_block(size_t bucket);

  std::vector<File> files_;
  BucketSizes sizes_;
  size_t token_bytes_, level_;
  uint64_t bytes_ = 0;
};

std::string bucket_path(const std::string& prefix, size_t bucket);

// A document in a bucket.
struct BucketRow {
  ShuffleKey key;
  std::string_view id;      // into the bucket's bytes
  std::string_view tokens;  // as stored
  size_t token_bytes = 4;
  std::string_view row;  // all of it

  void decode(std::vector<uint32_t>& out) const;
};

// The rows of the first `bytes` bytes of a bucket's file, in the order they were added. Throws Error naming the file
// when a block is damaged. Serial; views live as long as it.
class BucketReader {
 public:
  BucketReader(const std::string& path, uint64_t bytes);
  bool next(BucketRow& row);

 private:
  [[noreturn]] void damaged() const;

  MappedFile file_;
  std::string_view left_, block_;
};

}  // namespace ftok
