#include "parquet/parquet_writer.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <variant>
#include <vector>

namespace ftok {
namespace {

using parquet::Type;

constexpr int kLevel = 3;  // zstd's default, as in the .zst files

// Arrow's view of a ParquetSink. What it throws waits until Arrow has returned.
class SinkStream : public arrow::io::OutputStream {
 public:
  explicit SinkStream(ParquetSink& sink) : sink_(sink) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return written_; }
  arrow::Status Write(const void* data, int64_t size) override {
    try {
      sink_.write({static_cast<const char*>(data), static_cast<size_t>(size)});
    } catch (...) {
      failure_ = std::current_exception();
      return arrow::Status::IOError("writing failed");
    }
    written_ += size;
    return arrow::Status::OK();
  }
  void rethrow_failure() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  ParquetSink& sink_;
  int64_t written_ = 0;
  bool closed_ = false;
  std::exception_ptr failure_;
};

bool holds_lists(ParquetType type) { return type == ParquetType::kTexts || type == ParquetType::kIntegers; }

std::shared_ptr<parquet::schema::GroupNode> schema_of(const std::vector<ParquetField>& fields) {
  using parquet::Repetition;
  using parquet::schema::GroupNode;
  using parquet::schema::PrimitiveNode;
  parquet::schema::NodeVector nodes;
  for (const ParquetField& field : fields) {
    if (holds_lists(field.type)) {  // three levels, as parquet-format's "Lists" has it
      const bool is_texts = field.type == ParquetType::kTexts;
      const auto element = PrimitiveNode::Make("element", Repetition::OPTIONAL,
                                               is_texts ? parquet::LogicalType::String() : parquet::LogicalType::None(),
                                               is_texts ? Type::BYTE_ARRAY : Type::INT64);
      const auto list = GroupNode::Make("list", Repetition::REPEATED, {element});
      nodes.push_back(GroupNode::Make(field.name, Repetition::OPTIONAL, {list}, parquet::LogicalType::List()));
      continue;
    }
    const auto logical =
        field.type == ParquetType::kText ? parquet::LogicalType::String() : parquet::LogicalType::None();
    const Type::type physical = field.type == ParquetType::kText      ? Type::BYTE_ARRAY
                                : field.type == ParquetType::kInteger ? Type::INT64
                                : field.type == ParquetType::kReal    ? Type::DOUBLE
                                                                      : Type::BOOLEAN;
    nodes.push_back(PrimitiveNode::Make(field.name, Repetition::OPTIONAL, logical, physical));
  }
  return std::static_pointer_cast<GroupNode>(GroupNode::Make("schema", Repetition::REQUIRED, nodes));
}

// zstd; dictionaries for what repeats. Texts have neither a dictionary nor bounds in the table of contents.
std::shared_ptr<parquet::WriterProperties> properties_of(const std::vector<ParquetField>& fields) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)->compression_level(kLevel)->enable_page_checksum();
  for (const ParquetField& field : fields) {
    if (field.name != "text") continue;
    const auto path = std::make_shared<parquet::schema::ColumnPath>(std::vector<std::string>{field.name});
    builder.disable_dictionary(path)->disable_statistics(path);
  }
  return builder.build();
}

class Writer : public ParquetWriter {
 public:
  Writer(ParquetSink& sink, const ParquetWriteOptions& options)
      : options_(options), stream_(std::make_shared<SinkStream>(sink)), row_(options.fields.size()) {
    guarded([&] {
      file_ = parquet::ParquetFileWriter::Open(stream_, schema_of(options.fields), properties_of(options.fields));
    });
  }

  void text(size_t field, std::string_view value) override { row_[field] = std::string(value); }
  void texts(size_t field, std::vector<std::string> values) override { row_[field] = std::move(values); }
  void integer(size_t field, int64_t value) override { row_[field] = value; }
  void integers(size_t field, std::vector<int64_t> values) override { row_[field] = std::move(values); }
  void real(size_t field, double value) override { row_[field] = value; }
  void truth(size_t field, bool value) override { row_[field] = value; }

  void end_row() override {
    guarded([&] {
      if (group_ == nullptr) group_ = file_->AppendBufferedRowGroup();
      for (size_t i = 0; i < row_.size(); ++i) {
        parquet::ColumnWriter& column = *group_->column(static_cast<int>(i));
        switch (options_.fields[i].type) {
          case ParquetType::kTexts: write_list<parquet::ByteArrayType, std::string>(column, row_[i]); break;
          case ParquetType::kIntegers: write_list<parquet::Int64Type, int64_t>(column, row_[i]); break;
          default: write_value(column, row_[i]);
        }
      }
    });
    for (Value& value : row_) value = std::monostate();
    if (bytes_ >= options_.row_group_bytes) end_row_group();
  }

  void end_row_group() override {
    if (group_ == nullptr) return;
    guarded([&] { group_->Close(); });
    group_ = nullptr;
    bytes_ = 0;
  }

  void finish() override {
    end_row_group();
    guarded([&] { file_->Close(); });
  }

 private:
  using Value =
      std::variant<std::monostate, std::string, std::vector<std::string>, int64_t, std::vector<int64_t>, double, bool>;

  template <typename DType>
  static void put(parquet::ColumnWriter& column, const typename DType::c_type* value) {
    const int16_t level = value == nullptr ? 0 : 1;
    static_cast<parquet::TypedColumnWriter<DType>&>(column).WriteBatch(1, &level, nullptr, value);
  }

  static uint64_t bytes_of(const std::string& text) { return text.size(); }
  static uint64_t bytes_of(int64_t) { return sizeof(int64_t); }

  // Levels of definition: 0 no list, 1 an empty one, 3 a value in it.
  template <typename DType, typename Element>
  void write_list(parquet::ColumnWriter& column, const Value& value) {
    const auto* const list = std::get_if<std::vector<Element>>(&value);
    const size_t count = list == nullptr ? 0 : list->size();
    const int16_t none = list == nullptr ? 0 : 1;
    std::vector<int16_t> definitions(std::max<size_t>(count, 1), count == 0 ? none : int16_t{3});
    std::vector<int16_t> repetitions(definitions.size(), 1);
    repetitions[0] = 0;
    std::vector<typename DType::c_type> values;
    for (size_t i = 0; i < count; ++i) {
      values.emplace_back((*list)[i]);
      bytes_ += bytes_of((*list)[i]);
    }
    static_cast<parquet::TypedColumnWriter<DType>&>(column).WriteBatch(
        static_cast<int64_t>(definitions.size()), definitions.data(), repetitions.data(), values.data());
  }

  void write_value(parquet::ColumnWriter& column, const Value& value) {
    switch (column.type()) {
      case Type::BYTE_ARRAY: {
        const auto* const text = std::get_if<std::string>(&value);
        if (text == nullptr) return put<parquet::ByteArrayType>(column, nullptr);
        bytes_ += text->size();
        const parquet::ByteArray bytes(*text);
        return put<parquet::ByteArrayType>(column, &bytes);
      }
      case Type::INT64: bytes_ += 8; return put<parquet::Int64Type>(column, std::get_if<int64_t>(&value));
      case Type::DOUBLE: bytes_ += 8; return put<parquet::DoubleType>(column, std::get_if<double>(&value));
      default: bytes_ += 1; return put<parquet::BooleanType>(column, std::get_if<bool>(&value));
    }
  }

  template <typename Work>
  void guarded(Work&& work) {
    try {
      work();
    } catch (const std::exception& error) {
      stream_->rethrow_failure();
      throw std::runtime_error(error.what());
    }
  }

  const ParquetWriteOptions options_;
  std::shared_ptr<SinkStream> stream_;
  std::unique_ptr<parquet::ParquetFileWriter> file_;
  parquet::RowGroupWriter* group_ = nullptr;  // of file_
  std::vector<Value> row_;
  uint64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<ParquetWriter> create_parquet_file(ParquetSink& sink, const ParquetWriteOptions& options) {
  return std::make_unique<Writer>(sink, options);
}

}  // namespace ftok
