#include "parquet/request_batch.h"

#include <arrow/array.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <stdexcept>

#include "parquet/one_line.h"

namespace ftok {
namespace {

using FieldType = ArrowField::Type;

void require(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error(one_line(status.message(), kProblemBytesMax));
}

// Arrow's view of a string that grows.
class StringStream : public arrow::io::OutputStream {
 public:
  explicit StringStream(std::string& out) : out_(out) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(out_.size()); }
  arrow::Status Write(const void* data, int64_t size) override {
    out_.append(static_cast<const char*>(data), static_cast<size_t>(size));
    return arrow::Status::OK();
  }

 private:
  std::string& out_;
  bool closed_ = false;
};

std::shared_ptr<arrow::DataType> arrow_type(FieldType type) {
  switch (type) {
    case FieldType::kText: return arrow::utf8();
    case FieldType::kBytes: return arrow::binary();
    case FieldType::kIndex: return arrow::int64();
    case FieldType::kNumber: return arrow::float64();
    default: return arrow::list(arrow::utf8());
  }
}

std::unique_ptr<arrow::ArrayBuilder> builder_of(FieldType type) {
  arrow::MemoryPool* const pool = arrow::default_memory_pool();
  switch (type) {
    case FieldType::kText: return std::make_unique<arrow::StringBuilder>(pool);
    case FieldType::kBytes: return std::make_unique<arrow::BinaryBuilder>(pool);
    case FieldType::kIndex: return std::make_unique<arrow::Int64Builder>(pool);
    case FieldType::kNumber: return std::make_unique<arrow::DoubleBuilder>(pool);
    default: return std::make_unique<arrow::ListBuilder>(pool, std::make_shared<arrow::StringBuilder>(pool));
  }
}

class RequestBatch : public ArrowRequests {
 public:
  explicit RequestBatch(const ArrowRequestSchema& schema) : columns_(schema.columns.size()) {
    std::vector<std::shared_ptr<arrow::Field>> columns;
    for (const ArrowField& field : schema.columns) columns.push_back(add(field));
    for (const ArrowField& field : schema.fields) fields_.push_back(add(field));
    if (!fields_.empty()) columns.push_back(arrow::field("fields", arrow::struct_(fields_)));
    schema_ = arrow::schema(std::move(columns));
  }

  void text(size_t column, std::string_view value) override {
    require(static_cast<arrow::BinaryBuilder&>(given(column)).Append(value));
  }
  void index(size_t column, uint64_t value) override {
    require(static_cast<arrow::Int64Builder&>(given(column)).Append(static_cast<int64_t>(value)));
  }
  void number(size_t column, double value) override {
    require(static_cast<arrow::DoubleBuilder&>(given(column)).Append(value));
  }
  void texts(size_t column, const std::vector<std::string>& values) override {
    auto& list = static_cast<arrow::ListBuilder&>(given(column));
    require(list.Append());
    for (const std::string& value : values)
      require(static_cast<arrow::StringBuilder&>(*list.value_builder()).Append(value));
  }

  void end_row() override {
    ++rows_;
    for (const auto& builder : builders_) {
      if (builder->length() < rows_) require(builder->AppendNull());
    }
    require(has_fields_.Append(has_field_));
    has_field_ = false;
  }

  std::string finish() override {
    std::vector<std::shared_ptr<arrow::Array>> columns, fields;
    for (size_t i = 0; i < builders_.size(); ++i) {
      std::shared_ptr<arrow::Array> array;
      require(builders_[i]->Finish(&array));
      (i < columns_ ? columns : fields).push_back(std::move(array));
    }
    if (!fields_.empty()) {
      std::shared_ptr<arrow::Buffer> valid;
      require(has_fields_.Finish(&valid));
      columns.push_back(std::make_shared<arrow::StructArray>(arrow::struct_(fields_), rows_, fields, valid));
    }
    const auto batch = arrow::RecordBatch::Make(schema_, rows_, std::move(columns));
    arrow::ipc::IpcWriteOptions options;
    options.use_threads = false;
    int64_t size = 0;
    require(arrow::ipc::GetRecordBatchSize(*batch, options, &size));
    std::string message;
    message.reserve(static_cast<size_t>(size));
    StringStream stream(message);
    require(arrow::ipc::SerializeRecordBatch(*batch, options, &stream));
    return message;
  }

  std::string schema() const override {
    const auto message = arrow::ipc::SerializeSchema(*schema_);
    require(message.status());
    return (*message)->ToString();
  }

 private:
  // An index is there in every row.
  std::shared_ptr<arrow::Field> add(const ArrowField& field) {
    builders_.push_back(builder_of(field.type));
    return arrow::field(field.name, arrow_type(field.type), field.type != FieldType::kIndex);
  }

  arrow::ArrayBuilder& given(size_t column) {
    has_field_ = has_field_ || column >= columns_;
    return *builders_[column];
  }

  const size_t columns_;
  std::vector<std::shared_ptr<arrow::Field>> fields_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;  // of the columns, then of the fields
  arrow::TypedBufferBuilder<bool> has_fields_;                  // of each row
  bool has_field_ = false;                                      // of this one
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<ArrowRequests> make_arrow_requests(const ArrowRequestSchema& schema) {
  return std::make_unique<RequestBatch>(schema);
}

}  // namespace ftok
