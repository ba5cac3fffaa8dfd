#include "pipeline/tokenize/buckets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "shards/bytes.h"
#include "shards/checksum.h"
#include "shards/token_bytes.h"

namespace ftok {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 16;  // of a file: 16 MiB for all
constexpr size_t kBlockHead = 4 + 8;
constexpr size_t kRowHead = 8 + 8 + 4 + 4 + 8;

size_t bucket_of(const ShuffleKey& key, size_t level) {
  const uint64_t half = level < 8 ? key.high : key.low;
  return half >> (56 - 8 * (level % 8)) & 0xFF;
}

}  // namespace

std::string bucket_path(const std::string& prefix, size_t bucket) { return fmt::format("{}.{:03}", prefix, bucket); }

BucketWriter::BucketWriter(const std::string& prefix, size_t token_bytes, const BucketSizes& sizes, size_t level)
    : files_(kBuckets), sizes_(sizes), token_bytes_(token_bytes), level_(level) {
  for (size_t i = 0; i < kBuckets; ++i) {
    File& file = files_[i];
    file.path = bucket_path(prefix, i);
    file.fd = ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file.fd < 0) throw_errno("cannot create " + file.path, errno);
    const auto size = static_cast<off_t>(sizes.bytes[i]);
    if (::lseek(file.fd, 0, SEEK_END) < size)
      throw Error(file.path + " is shorter than it was; delete the output folder and run again");
    if (::ftruncate(file.fd, size) != 0 || ::lseek(file.fd, 0, SEEK_END) != size)
      throw_errno("cannot truncate " + file.path, errno);
  }
}

BucketWriter::~BucketWriter() {
  for (const File& file : files_) {
    if (file.fd >= 0) ::close(file.fd);
  }
}

void BucketWriter::add(const ShuffleKey& key, std::string_view id, std::span<const uint32_t> tokens) {
  char* out = room_for_row(key, kRowHead + id.size() + tokens.size() * token_bytes_);
  const auto put = [&out](auto value) {
    std::memcpy(out, &value, sizeof value);
    out += sizeof value;
  };
  put(key.high);
  put(key.low);
  put(static_cast<uint32_t>(id.size()));
  put(static_cast<uint32_t>(token_bytes_));
  put(static_cast<uint64_t>(tokens.size()));
  out += id.copy(out, id.size());
  store_tokens(tokens, token_bytes_, out);
}

void BucketWriter::add_row(const ShuffleKey& key, std::string_view row) {
  row.copy(room_for_row(key, row.size()), row.size());
}

// Where the next row of that size goes, which the caller fills in.
char* BucketWriter::room_for_row(const ShuffleKey& key, uint64_t bytes) {
  if (bytes > UINT32_MAX) throw Error("a document of more than 4 GiB of tokens cannot be shuffled");
  const size_t bucket = bucket_of(key, level_);
  File& file = files_[bucket];
  if (file.filled != 0 && file.filled + bytes > kBufferBytes) write_block(bucket);
  if (file.filled == 0) file.filled = kBlockHead;
  if (file.capacity < file.filled + bytes) {  // the first row, or one that is larger than a block
    file.capacity = std::max<size_t>(kBufferBytes, file.filled + bytes);
    file.block = std::make_unique_for_overwrite<char[]>(file.capacity);
  }
  char* const room = file.block.get() + file.filled;
  file.filled += bytes;
  ++sizes_.documents[bucket];
  bytes_ += bytes;
  return room;
}

void BucketWriter::write_block(size_t bucket) {
  File& file = files_[bucket];
  if (file.filled == 0) return;
  const auto size = static_cast<uint32_t>(file.filled - kBlockHead);
  const uint64_t hash = block_checksum({file.block.get() + kBlockHead, size});
  std::memcpy(file.block.get(), &size, 4);
  std::memcpy(file.block.get() + 4, &hash, 8);
  std::string_view left(file.block.get(), file.filled);
  while (!left.empty()) {
    const ssize_t put = ::write(file.fd, left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_errno("cannot write " + file.path, errno);
    left.remove_prefix(static_cast<size_t>(put));
  }
  sizes_.bytes[bucket] += file.filled;
  file.filled = 0;
  if (file.capacity > kBufferBytes) {  // of a row larger than a block
    file.block.reset();
    file.capacity = 0;
  }
}

BucketSizes BucketWriter::flush() {
  for (size_t i = 0; i < kBuckets; ++i) {
    write_block(i);
    if (::fsync(files_[i].fd) != 0) throw_errno("cannot sync " + files_[i].path, errno);
  }
  bytes_ = 0;
  return sizes_;
}

void BucketRow::decode(std::vector<uint32_t>& out) const {
  out.resize(tokens.size() / token_bytes);
  load_tokens(tokens.data(), token_bytes, out);
}

BucketReader::BucketReader(const std::string& path, uint64_t bytes)
    : file_(path), left_(file_.bytes().substr(0, bytes)) {
  if (file_.bytes().size() < bytes) damaged();
}

void BucketReader::damaged() const {
  throw Error(file_.path() + " is damaged; delete the output folder and run again");
}

bool BucketReader::next(BucketRow& row) {
  if (block_.empty()) {
    if (left_.empty()) return false;
    if (left_.size() < kBlockHead) damaged();
    const auto size = load_little_endian<uint32_t>(left_, 0);
    const auto hash = load_little_endian<uint64_t>(left_, 4);
    left_.remove_prefix(kBlockHead);
    if (size == 0 || left_.size() < size || block_checksum(left_.substr(0, size)) != hash) damaged();
    block_ = left_.substr(0, size);
    left_.remove_prefix(size);
  }
  if (block_.size() < kRowHead) damaged();
  row.key = {load_little_endian<uint64_t>(block_, 0), load_little_endian<uint64_t>(block_, 8)};
  const auto id_bytes = load_little_endian<uint32_t>(block_, 16);
  row.token_bytes = load_little_endian<uint32_t>(block_, 20);
  const auto tokens = load_little_endian<uint64_t>(block_, 24);
  if ((row.token_bytes != 2 && row.token_bytes != 4) || tokens > block_.size() ||
      kRowHead + id_bytes + tokens * row.token_bytes > block_.size()) {
    damaged();
  }
  row.id = block_.substr(kRowHead, id_bytes);
  row.tokens = block_.substr(kRowHead + id_bytes, tokens * row.token_bytes);
  row.row = block_.substr(0, kRowHead + id_bytes + row.tokens.size());
  block_.remove_prefix(row.row.size());
  return true;
}

}  // namespace ftok
