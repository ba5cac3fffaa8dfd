// ParquetColumn: the values of one column of a row group, row by row, as members of a JSON object. Part of Arrow's
// module.
#pragma once

#include <parquet/column_reader.h>
#include <parquet/schema.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/parquet_record.h"

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

// One of a value a row: no lists.
class PlainParquetColumn : public ParquetColumn {
 public:
  PlainParquetColumn(const std::string& key, uint64_t value_bytes_max);

  // The next row's value; kNone where it is null. Its text lives until the next call.
  virtual ParquetValue next() = 0;
  // The same as append() of a value that next() gave.
  bool append_value(const ParquetValue& value, std::string& out, bool comma) const;
  bool append(std::string& out, bool comma) final { return append_value(next(), out, comma); }
  // The bytes of its member in a line at most, values beyond `value_bytes_max` aside.
  uint64_t line_bytes_max(const ParquetValue& value) const;

 private:
  const std::string opening_;
  const uint64_t value_bytes_max_;
};

// PlainParquetColumn but of lists. Values longer than `value_bytes_max` are cut in lines, one byte behind it, and their
// string is left open.
std::unique_ptr<ParquetColumn> make_parquet_column(std::shared_ptr<parquet::ColumnReader> reader, ColumnUse use,
                                                   const std::string& key, uint64_t value_bytes_max);

}  // namespace ftok
