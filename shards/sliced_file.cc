#include "shards/sliced_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/error.h"
#include "core/hex.h"
#include "shards/bytes.h"

namespace ftok {
namespace {

constexpr uint32_t kSlicedVersion = 1;
constexpr size_t kHeadBytes = 16;
constexpr size_t kSlicedRowBytes = 8 + kChecksumBytes;
constexpr size_t kTailBytes = kChecksumBytes + 8 + kChecksumBytes;  // about, rows, the checksum of it all

}  // namespace

std::string sliced_file_head(std::string_view magic, size_t slices) {
  std::string head(magic);
  append_little_endian(head, kSlicedVersion);
  append_little_endian(head, static_cast<uint32_t>(slices));
  assert(head.size() == kHeadBytes);
  return head;
}

uint64_t sliced_file_table(uint64_t file_bytes, size_t slices) {
  const uint64_t bytes = slices * kSlicedRowBytes + kTailBytes;
  return file_bytes - std::min(file_bytes, bytes);
}

SlicePlace slice_place(std::string_view table, size_t number) {
  const size_t row = number * kSlicedRowBytes;
  if (table.size() < row + kSlicedRowBytes) return {};
  return {number == 0 ? kHeadBytes : load_little_endian<uint64_t>(table, row - kSlicedRowBytes),
          load_little_endian<uint64_t>(table, row)};
}

bool is_table_of(const SlicedFileEntry& entry, std::string_view magic, size_t slices, std::string_view table) {
  if (table.size() != slices * kSlicedRowBytes + kTailBytes || entry.file.bytes < kHeadBytes + table.size())
    return false;
  Checksum checksum;
  checksum.update(sliced_file_head(magic, slices));
  checksum.update(table.substr(0, table.size() - kChecksumBytes));
  return checksum.hex() == entry.table && checksum.bytes() == table.substr(table.size() - kChecksumBytes);
}

bool is_slice_of(std::string_view table, size_t number, std::string_view slice) {
  const SlicePlace place = slice_place(table, number);
  if (place.begin > place.end || place.end - place.begin != slice.size()) return false;
  Checksum checksum;
  checksum.update(slice);
  return checksum.bytes() == table.substr(number * kSlicedRowBytes + 8, kChecksumBytes);
}

SlicedFileWriter::SlicedFileWriter(const std::string& path, std::string_view magic, size_t slices,
                                   std::string_view about)
    : file_(path), about_(from_hex(about)), slices_(slices) {
  const std::string head = sliced_file_head(magic, slices);
  file_.write(head);
  head_.update(head);
}

void SlicedFileWriter::write(std::string_view bytes) {
  assert(ended_ < slices_);
  file_.write(bytes);
  slice_.update(bytes);
}

void SlicedFileWriter::end_slice() {
  assert(ended_ < slices_);
  append_little_endian(table_, file_.size());
  table_ += slice_.bytes();
  slice_ = Checksum();
  ++ended_;
}

SlicedFileEntry SlicedFileWriter::commit(std::string name, uint64_t rows) {
  assert(ended_ == slices_);
  std::string tail = table_ + about_;
  append_little_endian(tail, rows);
  head_.update(tail);
  file_.write(tail);
  file_.write(head_.bytes());
  SlicedFileEntry entry{{std::move(name), file_.size(), file_.hex()}, head_.hex()};
  file_.commit();
  return entry;
}

SlicedFile::SlicedFile(const std::string& path, std::string_view magic, size_t slices, const SlicedFileEntry& entry)
    : file_(path), slices_(slices) {
  const std::string_view bytes = file_.bytes();
  if (bytes.size() != entry.file.bytes) {
    damaged(fmt::format("it has {} bytes, its receipt lists {}", bytes.size(), entry.file.bytes));
  }
  if (bytes.size() < kHeadBytes + slices * kSlicedRowBytes + kTailBytes || !bytes.starts_with(magic) ||
      load_little_endian<uint32_t>(bytes, 8) != kSlicedVersion || load_little_endian<uint32_t>(bytes, 12) != slices) {
    damaged("it is not what its receipt lists");
  }
  table_at_ = bytes.size() - kTailBytes - slices * kSlicedRowBytes;
  Checksum checksum;
  checksum.update(bytes.substr(0, kHeadBytes));
  checksum.update(bytes.substr(table_at_, bytes.size() - kChecksumBytes - table_at_));
  if (checksum.bytes() != bytes.substr(bytes.size() - kChecksumBytes)) damaged("its table of slices");
  if (checksum.hex() != entry.table) damaged("it is another file than its receipt lists");
  about_ = to_hex(bytes.substr(bytes.size() - kTailBytes, kChecksumBytes));
  rows_ = load_little_endian<uint64_t>(bytes, bytes.size() - kTailBytes + kChecksumBytes);
}

std::string_view SlicedFile::slice(size_t number) const {
  assert(number < slices_);
  const std::string_view bytes = file_.bytes();
  const size_t row = table_at_ + number * kSlicedRowBytes;
  const auto [begin, end] = slice_place(bytes.substr(table_at_), number);
  if (begin > end || end > table_at_) damaged(fmt::format("slice {}", number));
  const std::string_view slice = bytes.substr(begin, end - begin);
  Checksum checksum;
  checksum.update(slice);
  if (checksum.bytes() != bytes.substr(row + 8, kChecksumBytes)) {
    damaged(fmt::format("the checksum of slice {} does not match its bytes", number));
  }
  return slice;
}

void SlicedFile::damaged(const std::string& what) const { throw Error(file_.path() + " is damaged: " + what); }

}  // namespace ftok
