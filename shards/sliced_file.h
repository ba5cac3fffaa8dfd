// A file in slices, each of which is read by itself and has its own checksum: what the tasks of one pass of a job leave
// for those of the next. A task of the next pass reads its slice of each file and nothing else.
//
// Layout (docs/formats.md): magic (8 bytes), u32 version, u32 slices; the slices, one after the other; for each its end
// in the file (u64) and its checksum (16 bytes); the checksum of the part that the file is about (16 bytes); u64 rows;
// the checksum of all but the slices (16 bytes). Little-endian. The first slice begins at byte 16.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/file.h"
#include "shards/checksum.h"

namespace ftok {

// Kinds of sliced files, by their magic.
inline constexpr std::string_view kKeyRunMagic = "FTOKRUNS";    // sorted key records, by range of keys
inline constexpr std::string_view kEdgesMagic = "FTOKEDGE";     // edges, by the task of their document
inline constexpr std::string_view kClustersMagic = "FTOKCLUS";  // documents in clusters, by their task
inline constexpr std::string_view kRepeatsMagic = "FTOKREPT";   // repeated documents, by the task of the earlier one
inline constexpr std::string_view kShuffledMagic = "FTOKSHUF";  // documents by range of their shuffle keys
inline constexpr std::string_view kAnswersMagic = "FTOKANSW";   // the same with ids, by the task of the later one

// In the names of bundles of such files (pipeline/job/bundles.h): "work/000003.bundle.repeats".
inline constexpr std::string_view kBundlePart = ".bundle.";

// What a receipt says of a sliced file besides its size and checksum: the checksum at its end, in hexadecimal digits.
struct SlicedFileEntry {
  FileEntry file;
  std::string table;
};

// For those who have a file of that size elsewhere and want some of its slices: its first bytes, where its table begins
// (it goes on to the end of the file), and where a slice lies, by the table's bytes.
std::string sliced_file_head(std::string_view magic, size_t slices);
uint64_t sliced_file_table(uint64_t file_bytes, size_t slices);
struct SlicePlace {
  uint64_t begin = 0, end = 0;
};
SlicePlace slice_place(std::string_view table, size_t number);

// Whether these bytes are the table of the file that `entry` lists, and whether these are a slice by such a table.
bool is_table_of(const SlicedFileEntry& entry, std::string_view magic, size_t slices, std::string_view table);
bool is_slice_of(std::string_view table, size_t number, std::string_view slice);

// Serial. Destroyed without commit() it leaves nothing behind.
class SlicedFileWriter {
 public:
  // `about`: 32 hexadecimal digits, the checksum of the part that the file is about.
  SlicedFileWriter(const std::string& path, std::string_view magic, size_t slices, std::string_view about);

  void write(std::string_view bytes);
  void end_slice();  // as often as there are slices
  // `name`: of the file, for the receipt; `rows`: as the kind of file defines it.
  SlicedFileEntry commit(std::string name, uint64_t rows);

 private:
  ChecksummedFile file_;
  std::string table_;
  Checksum slice_, head_;
  std::string about_;
  size_t slices_;
  size_t ended_ = 0;
};

// Const, thread-safe. Throws Error naming the file when it is not what `entry` lists, or where a slice is damaged.
class SlicedFile {
 public:
  SlicedFile(const std::string& path, std::string_view magic, size_t slices, const SlicedFileEntry& entry);

  std::string_view slice(size_t number) const;  // its checksum is verified; aligned to 16 bytes where all slices are
  std::string_view table() const { return file_.bytes().substr(table_at_); }
  const std::string& about() const { return about_; }
  uint64_t rows() const { return rows_; }

 private:
  [[noreturn]] void damaged(const std::string& what) const;

  MappedFile file_;
  size_t slices_;
  size_t table_at_ = 0;
  std::string about_;
  uint64_t rows_ = 0;
};

}  // namespace ftok
