#include "parquet/answer_rows.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "parquet/one_line.h"

namespace ftok {
namespace {

using arrow::Type;
using Found = AnswerObject::Found;

constexpr uint64_t kEntryBytes = 8;  // what each entry of a list counts for

// What answers may still hold.
class Allowance {
 public:
  explicit Allowance(uint64_t bytes_max) : max_(bytes_max), left_(bytes_max) {}

  void take(uint64_t bytes) {
    if (bytes > left_) {
      throw std::runtime_error(
          fmt::format("answers of more than {} bytes once dictionaries are written out (answer_bytes_max)", max_));
    }
    left_ -= bytes;
  }

 private:
  const uint64_t max_;
  uint64_t left_;
};

// The text at `row`, which is not null, of a column of texts, plain or by dictionary; false where it is none.
bool text_at(const arrow::Array& array, int64_t row, std::string_view& out) {
  switch (array.type_id()) {
    case Type::STRING: out = static_cast<const arrow::StringArray&>(array).GetView(row); return true;
    case Type::LARGE_STRING: out = static_cast<const arrow::LargeStringArray&>(array).GetView(row); return true;
    case Type::DICTIONARY: {
      const auto& words = static_cast<const arrow::DictionaryArray&>(array);
      const arrow::Array& values = *words.dictionary();
      const int64_t at = words.GetValueIndex(row);
      return values.type_id() != Type::DICTIONARY && text_at(values, at, out);
    }
    default: return false;
  }
}

template <typename Array>
double value_at(const arrow::Array& array, int64_t row) {
  return static_cast<double>(static_cast<const Array&>(array).Value(row));
}

bool number_at(const arrow::Array& array, int64_t row, double& out) {
  switch (array.type_id()) {
    case Type::INT8: out = value_at<arrow::Int8Array>(array, row); return true;
    case Type::INT16: out = value_at<arrow::Int16Array>(array, row); return true;
    case Type::INT32: out = value_at<arrow::Int32Array>(array, row); return true;
    case Type::INT64: out = value_at<arrow::Int64Array>(array, row); return true;
    case Type::UINT8: out = value_at<arrow::UInt8Array>(array, row); return true;
    case Type::UINT16: out = value_at<arrow::UInt16Array>(array, row); return true;
    case Type::UINT32: out = value_at<arrow::UInt32Array>(array, row); return true;
    case Type::UINT64: out = value_at<arrow::UInt64Array>(array, row); return true;
    case Type::FLOAT: out = value_at<arrow::FloatArray>(array, row); return true;
    case Type::DOUBLE: out = value_at<arrow::DoubleArray>(array, row); return true;
    default: return false;
  }
}

// Exact: 2^53 and one is itself.
bool index_at(const arrow::Array& array, int64_t row, uint64_t& out) {
  double value = 0;
  if (array.type_id() == Type::INT64) {
    const int64_t signed_value = static_cast<const arrow::Int64Array&>(array).Value(row);
    out = static_cast<uint64_t>(signed_value);
    return signed_value >= 0;
  }
  if (array.type_id() == Type::UINT64) {
    out = static_cast<const arrow::UInt64Array&>(array).Value(row);
    return true;
  }
  if (!arrow::is_integer(array.type_id()) || !number_at(array, row, value) || value < 0) return false;
  out = static_cast<uint64_t>(value);  // of at most 32 bits
  return true;
}

// The entries of the list at `row`: from `begin` to `end` of what is returned, null where it is no list.
const arrow::Array* list_at(const arrow::Array& array, int64_t row, int64_t& begin, int64_t& end) {
  if (array.type_id() == Type::LIST) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    begin = list.value_offset(row), end = begin + list.value_length(row);
    return list.values().get();
  }
  if (array.type_id() == Type::LARGE_LIST) {
    const auto& list = static_cast<const arrow::LargeListArray&>(array);
    begin = list.value_offset(row), end = begin + list.value_length(row);
    return list.values().get();
  }
  return nullptr;
}

// The columns of a record batch, or of a struct in one.
struct Columns {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;

  explicit Columns(const arrow::RecordBatch& batch) : fields(batch.schema()->fields()), arrays(batch.columns()) {}
  explicit Columns(const arrow::StructArray& structs) : fields(structs.type()->fields()) {
    for (int i = 0; i < structs.num_fields(); ++i) arrays.push_back(structs.field(i));
  }

  const arrow::Array* find(std::string_view key) const {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i]->name() == key) return arrays[i].get();
    }
    return nullptr;
  }
  std::string shown() const {
    constexpr size_t kShown = 80, kFieldsShown = 8;
    std::string names;
    for (size_t i = 0; i < std::min(fields.size(), kFieldsShown); ++i)
      names += (i == 0 ? "" : ", ") + fields[i]->name() + ": " + fields[i]->type()->ToString();
    return one_line(std::move(names), kShown);
  }
};

// A null of the column, or one of its dictionary's.
bool is_null(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return true;
  if (array.type_id() != Type::DICTIONARY) return false;
  const auto& words = static_cast<const arrow::DictionaryArray&>(array);
  return words.dictionary()->IsNull(words.GetValueIndex(row));
}

class RowObject : public AnswerObject {
 public:
  RowObject(std::shared_ptr<const Columns> columns, int64_t row, std::shared_ptr<Allowance> allowance)
      : columns_(std::move(columns)), row_(row), allowance_(std::move(allowance)) {}

  Found text(std::string_view key, std::string_view& out) const override {
    const arrow::Array* const column = value_of(key);
    if (column == nullptr) return Found::kNone;
    if (!text_at(*column, row_, out)) return Found::kOther;
    allowance_->take(out.size());
    return Found::kValue;
  }
  Found number(std::string_view key, double& out) const override {
    const arrow::Array* const column = value_of(key);
    if (column == nullptr) return Found::kNone;
    return number_at(*column, row_, out) ? Found::kValue : Found::kOther;
  }
  // Null is none of its numbers.
  Found index(std::string_view key, uint64_t& out) const override {
    const arrow::Array* const column = columns_->find(key);
    if (column == nullptr) return Found::kNone;
    return !column->IsNull(row_) && index_at(*column, row_, out) ? Found::kValue : Found::kOther;
  }
  Found texts(std::string_view key, std::vector<std::string>& out) const override {
    const arrow::Array* const column = value_of(key);
    if (column == nullptr) return Found::kNone;
    int64_t begin = 0, end = 0;
    const arrow::Array* const entries = list_at(*column, row_, begin, end);
    if (entries == nullptr) return Found::kOther;
    allowance_->take(static_cast<uint64_t>(end - begin) * kEntryBytes);
    for (int64_t i = begin; i < end; ++i) {
      std::string_view text;
      if (is_null(*entries, i) || !text_at(*entries, i, text)) return Found::kOther;
      allowance_->take(text.size());
      out.emplace_back(text);
    }
    return Found::kValue;
  }
  Found object(std::string_view key, std::unique_ptr<AnswerObject>& out) const override {
    const arrow::Array* const column = value_of(key);
    if (column == nullptr) return Found::kNone;
    if (column->type_id() != Type::STRUCT) return Found::kOther;
    out = std::make_unique<RowObject>(std::make_shared<Columns>(static_cast<const arrow::StructArray&>(*column)), row_,
                                      allowance_);
    return Found::kValue;
  }
  Found objects(std::string_view key, Objects& out) const override {
    const arrow::Array* const column = value_of(key);
    if (column == nullptr) return Found::kNone;
    int64_t begin = 0, end = 0;
    const arrow::Array* const entries = list_at(*column, row_, begin, end);
    if (entries == nullptr || (end > begin && entries->type_id() != Type::STRUCT)) return Found::kOther;
    if (end == begin) return Found::kValue;
    allowance_->take(static_cast<uint64_t>(end - begin) * kEntryBytes);
    const auto members = std::make_shared<Columns>(static_cast<const arrow::StructArray&>(*entries));
    for (int64_t i = begin; i < end; ++i) {
      if (entries->IsNull(i)) return Found::kOther;
      out.push_back(std::make_unique<RowObject>(members, i, allowance_));
    }
    return Found::kValue;
  }

  std::vector<std::string> keys() const override {
    std::vector<std::string> keys;
    for (size_t i = 0; i < columns_->fields.size(); ++i) {
      if (!is_null(*columns_->arrays[i], row_)) keys.push_back(columns_->fields[i]->name());
    }
    return keys;
  }
  std::string shown() const override { return fmt::format("row {} of {}", row_, columns_->shown()); }

 private:
  // The column `key` where it is there and not null.
  const arrow::Array* value_of(std::string_view key) const {
    const arrow::Array* const column = columns_->find(key);
    return column == nullptr || is_null(*column, row_) ? nullptr : column;
  }

  const std::shared_ptr<const Columns> columns_;
  const int64_t row_;
  const std::shared_ptr<Allowance> allowance_;
};

class BatchRows : public ArrowRows {
 public:
  BatchRows(std::shared_ptr<arrow::RecordBatch> batch, std::shared_ptr<arrow::MemoryPool> pool, uint64_t bytes_max)
      : pool_(std::move(pool)),
        batch_(std::move(batch)),
        columns_(std::make_shared<Columns>(*batch_)),
        allowance_(std::make_shared<Allowance>(bytes_max)) {}

  uint64_t size() const override { return static_cast<uint64_t>(batch_->num_rows()); }
  std::unique_ptr<AnswerObject> row(uint64_t number) const override {
    return std::make_unique<RowObject>(columns_, static_cast<int64_t>(number), allowance_);
  }

  std::string as_stream() const override {
    const auto write = [this]() -> arrow::Result<std::shared_ptr<arrow::Buffer>> {
      ARROW_ASSIGN_OR_RAISE(const auto sink, arrow::io::BufferOutputStream::Create());
      ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeStreamWriter(sink, batch_->schema()));
      ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch_));
      ARROW_RETURN_NOT_OK(writer->Close());
      return sink->Finish();
    };
    const auto stream = write();
    if (!stream.ok()) throw std::runtime_error(one_line(stream.status().message(), kProblemBytesMax));
    return (*stream)->ToString();
  }

 private:
  const std::shared_ptr<arrow::MemoryPool> pool_;  // before what lies in it
  const std::shared_ptr<arrow::RecordBatch> batch_;
  const std::shared_ptr<const Columns> columns_;
  const std::shared_ptr<Allowance> allowance_;
};

}  // namespace

std::unique_ptr<ArrowRows> make_arrow_rows(std::shared_ptr<arrow::RecordBatch> batch,
                                           std::shared_ptr<arrow::MemoryPool> pool, uint64_t bytes_max) {
  return std::make_unique<BatchRows>(std::move(batch), std::move(pool), bytes_max);
}

}  // namespace ftok
