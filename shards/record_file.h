// RecordFile: a file of records (kept texts, rejects, measurements), one JSON object after the other: as JSON Lines in
// zstd, or as the rows of a Parquet file. It appears whole or not at all, and the same records give the same bytes
// (with the same libzstd, or Arrow).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/parquet.h"

namespace ftok {

// How kept texts are written: text.format of a recipe.
enum class TextFormat {
  kJsonl,    // a line a document, in FineWeb's columns
  kDolma,    // the same with dolma's members
  kParquet,  // a row a document, in FineWeb's columns
};
std::vector<std::string> text_format_names();
TextFormat parse_text_format(std::string_view name);  // one of those

inline constexpr uint64_t kRowGroupBytes = uint64_t{64} << 20;

// What the files of a format are called: "NNNNNN.text" and one of these.
std::string_view records_ending(TextFormat format);  // ".jsonl.zst", ".parquet"
bool is_parquet_name(std::string_view path);

// Serial. Throws Error naming the file where it cannot be written.
class RecordFile {
 public:
  virtual ~RecordFile() = default;

  // Records of several inputs may stand in one file: each from begin_part() to end_part().
  virtual void begin_part() = 0;
  virtual void write(std::string_view json) = 0;  // an object, on one line or none of its own
  virtual void end_part() = 0;
  // How many bytes of the file are the part's that ended; none where parts cannot be told apart.
  virtual std::optional<uint64_t> part_size() const = 0;

  virtual void commit() = 0;  // size() and hex() are of the whole file from then on
  virtual uint64_t size() const = 0;
  virtual std::string hex() const = 0;  // its checksum
};

// JSON Lines, or Parquet where `columns` are given. Members of a record that are null or missing are nulls; one that
// has no column, or is of another type, is an Error. `row_group_bytes`: of values, after which a row group ends.
std::unique_ptr<RecordFile> make_lines_file(const std::string& path);
std::unique_ptr<RecordFile> make_parquet_file(const std::string& path, std::vector<ParquetField> columns,
                                              uint64_t row_group_bytes = kRowGroupBytes);

// The columns of a Parquet file, and visit(line) for each of its rows: an object with a line feed. Both throw Error
// naming the file.
std::vector<ParquetField> parquet_columns(const std::string& path, std::string_view bytes);
void for_each_row(const std::string& path, std::string_view bytes, const std::function<void(std::string_view)>& visit);

// Throws Error saying that `what` needs Arrow, where this installation has none.
void require_arrow(std::string_view what);

}  // namespace ftok
