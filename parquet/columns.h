// ParquetColumn: the values of one column of a row group, row by row, as members of a JSON object. Part of Arrow's
// module.
#pragma once

#include <parquet/column_reader.h>
#include <parquet/schema.h>

#include <cstdint>
#include <memory>
#include <string>

namespace ftok {

// What a column's values become.
enum class ColumnUse { kNone, kText, kTexts, kInteger, kIntegers, kUnsigned, kReal, kTime, kTruth };

// What a column holds, for messages: "INT64", "lists of strings".
std::string column_holds(const parquet::ColumnDescriptor& column);

// kNone where the column holds none of them: decimals, lists of anything but texts and whole numbers.
ColumnUse column_use(const parquet::ColumnDescriptor& column);

// Where the column stands in the file, the groups that make a list of it left out: "page.topics" of
// "page.topics.list.element".
std::string column_path(const parquet::ColumnDescriptor& column);

class ParquetColumn {
 public:
  virtual ~ParquetColumn() = default;
  // Appends `"key":value` of the next row, behind a comma where `comma` is set; nothing where it is null. Returns
  // whether it did. Throws std::runtime_error where the column ends.
  virtual bool append(std::string& out, bool comma) = 0;
};

// Values longer than `value_bytes_max` are cut, one byte behind it, and their string is left open.
std::unique_ptr<ParquetColumn> make_parquet_column(std::shared_ptr<parquet::ColumnReader> reader, ColumnUse use,
                                                   const std::string& key, uint64_t value_bytes_max);

}  // namespace ftok
