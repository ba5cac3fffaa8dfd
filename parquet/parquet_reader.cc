#include "parquet/parquet_reader.h"

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <fmt/format.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <vector>

#include "core/utf8.h"
#include "parquet/columns.h"
#include "parquet/one_line.h"

namespace ftok {
namespace {

constexpr uint32_t kFooterBytesMax = uint32_t{64} << 20;
constexpr int32_t kListedMax = 100'000;  // columns, row groups: of each list of the footer
constexpr int64_t kBufferBytes = int64_t{256} << 10;
constexpr size_t kNamesShown = 8, kNameBytesShown = 64;

// More than the first, at more than the second per stored byte, is a bomb (the bounds of DecodeLimits).
constexpr uint64_t kBombBytes = uint64_t{64} << 20, kBombRatio = 250;

// Arrow's view of ParquetBytes.
class BytesFile : public arrow::io::RandomAccessFile {
 public:
  explicit BytesFile(std::shared_ptr<ParquetBytes> bytes) : bytes_(std::move(bytes)) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(bytes_->size()); }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override {
    if (position < 0 || size < 0) return arrow::Status::IOError("a place outside the file");
    const int64_t got =
        bytes_->read_at(static_cast<uint64_t>(position), static_cast<char*>(out), static_cast<size_t>(size));
    if (got < 0) return arrow::Status::IOError("reading failed");
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position, size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got, false));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position_, size, out));
    position_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, size));
    position_ += buffer->size();
    return buffer;
  }

 private:
  std::shared_ptr<ParquetBytes> bytes_;
  int64_t position_ = 0;
  bool closed_ = false;
};

// A column that is read.
struct Chosen {
  int index = 0;
  ColumnUse use = ColumnUse::kNone;
  std::string key;  // of its values in the lines
};

ParquetType type_of(ColumnUse use) {
  switch (use) {
    case ColumnUse::kTexts: return ParquetType::kTexts;
    case ColumnUse::kIntegers: return ParquetType::kIntegers;
    case ColumnUse::kInteger:
    case ColumnUse::kUnsigned: return ParquetType::kInteger;
    case ColumnUse::kReal: return ParquetType::kReal;
    case ColumnUse::kTruth: return ParquetType::kTruth;
    default: return ParquetType::kText;
  }
}

class Rows : public ParquetRows {
 public:
  Rows(const std::shared_ptr<parquet::RowGroupReader>& group, const std::vector<Chosen>& chosen,
       const ParquetReadOptions& options)
      : rows_(static_cast<uint64_t>(std::max<int64_t>(0, group->metadata()->num_rows()))) {
    for (const Chosen& one : chosen) {
      stored_ += static_cast<uint64_t>(
          std::max<int64_t>(0, group->metadata()->ColumnChunk(one.index)->total_compressed_size()));
      columns_.push_back(make_parquet_column(group->Column(one.index), one.use, one.key, options.value_bytes_max));
    }
  }

  Outcome next(size_t bytes, std::string& out) override {
    const size_t before = out.size();
    while (done_ < rows_) {
      if (out.size() - before >= bytes) {
        given_ += out.size() - before;
        return given_ > kBombBytes && given_ / kBombRatio > stored_ ? Outcome::kBomb : Outcome::kMore;
      }
      const size_t row = out.size();
      try {
        append_row(out);
      } catch (const std::exception& error) {
        out.resize(row);
        throw std::runtime_error(problem(error));
      }
      ++done_;
    }
    return Outcome::kEnd;
  }
  uint64_t rows_done() const override { return done_; }

 protected:
  using Columns = std::vector<std::unique_ptr<ParquetColumn>>;
  const Columns& columns() const { return columns_; }

 private:
  virtual void append_row(std::string& lines) {
    lines += '{';
    bool comma = false;
    for (const auto& column : columns_) comma = column->append(lines, comma) || comma;
    lines += "}\n";
  }

  Columns columns_;
  uint64_t rows_, done_ = 0;
  uint64_t stored_ = 0, given_ = 0;
};

// Rows as records, of columns without lists, the first of which is the text's. What a line would tell by being no JSON,
// too long, or without a text stays a line.
class RecordRows : public Rows {
 public:
  RecordRows(const std::shared_ptr<parquet::RowGroupReader>& group, const std::vector<Chosen>& chosen,
             const ParquetReadOptions& options)
      : Rows(group, chosen, options), line_bytes_max_(options.value_bytes_max), values_(chosen.size()) {}

 private:
  void append_row(std::string& out) override {
    uint64_t line_bytes = 0;
    bool is_utf8 = true;
    for (size_t i = 0; i < values_.size(); ++i) {
      PlainParquetColumn& column = plain(i);
      values_[i] = column.next();
      line_bytes += column.line_bytes_max(values_[i]);
      is_utf8 = is_utf8 && is_valid_utf8(values_[i].text);
    }
    const bool is_plain = is_utf8 && line_bytes < line_bytes_max_ && values_[0].type == ParquetValue::Type::kText;
    const size_t begin = begin_parquet_record(out, is_plain ? ParquetRecordKind::kValues : ParquetRecordKind::kLine);
    if (is_plain) {
      for (const ParquetValue& value : values_) append_parquet_value(out, value);
    } else {
      append_line(out);
    }
    end_parquet_record(out, begin);
  }

  void append_line(std::string& out) const {
    out += '{';
    bool comma = false;
    for (size_t i = 0; i < values_.size(); ++i) comma = plain(i).append_value(values_[i], out, comma) || comma;
    out += "}\n";
  }

  PlainParquetColumn& plain(size_t i) const { return static_cast<PlainParquetColumn&>(*columns()[i]); }

  const uint64_t line_bytes_max_;
  std::vector<ParquetValue> values_;  // of the row; each lives until its column goes on
};

class File : public ParquetFile {
 public:
  File(std::shared_ptr<ParquetBytes> bytes, const ParquetReadOptions& options)
      : options_(options), pool_(arrow::default_memory_pool(), static_cast<int64_t>(options.memory_bytes_max)) {
    check_footer(*bytes);
    parquet::ReaderProperties properties(&pool_);
    properties.enable_buffered_stream();  // a page at a time, not a column of a row group
    properties.set_buffer_size(kBufferBytes);
    properties.set_thrift_container_size_limit(kListedMax);
    properties.set_page_checksum_verification(true);
    try {
      reader_ = parquet::ParquetFileReader::Open(std::make_shared<BytesFile>(std::move(bytes)), properties);
    } catch (const std::exception& error) {
      const std::string text = problem(error);
      if (text.find("Exceeded size limit") == std::string::npos)
        throw std::runtime_error("its table of contents cannot be read: " + text);
      throw std::runtime_error(
          fmt::format("its table of contents lists more than {} columns or row groups", kListedMax));
    }
    metadata_ = reader_->metadata();
    choose_columns();
    options_.records = options_.records && has_plain_columns();
  }

  std::vector<ParquetField> fields() const override {
    std::vector<ParquetField> fields;
    for (const Chosen& one : chosen_) fields.push_back({one.key, type_of(one.use)});
    return fields;
  }
  bool gives_records() const override { return options_.records; }
  size_t row_groups() const override { return static_cast<size_t>(metadata_->num_row_groups()); }
  uint64_t rows(size_t row_group) const override {
    return static_cast<uint64_t>(std::max<int64_t>(0, metadata_->RowGroup(static_cast<int>(row_group))->num_rows()));
  }
  uint64_t stored_end(size_t row_group) const override {
    const auto group = metadata_->RowGroup(static_cast<int>(row_group));
    int64_t end = 0;
    for (const Chosen& one : chosen_) {
      const auto chunk = group->ColumnChunk(one.index);
      const int64_t begin = chunk->has_dictionary_page()
                                ? std::min(chunk->dictionary_page_offset(), chunk->data_page_offset())
                                : chunk->data_page_offset();
      if (begin < 0 || chunk->total_compressed_size() < 0) continue;
      end = std::max(end, begin + std::min(chunk->total_compressed_size(), INT64_MAX - begin));
    }
    return static_cast<uint64_t>(end);
  }

  std::unique_ptr<ParquetRows> open(size_t row_group) override {
    try {
      const auto group = reader_->RowGroup(static_cast<int>(row_group));
      if (options_.records) return std::make_unique<RecordRows>(group, chosen_, options_);
      return std::make_unique<Rows>(group, chosen_, options_);
    } catch (const std::exception& error) {
      throw std::runtime_error(problem(error));
    }
  }

 private:
  // The file ends in the length of its footer and PAR1 (parquet-format, "File format").
  static void check_footer(ParquetBytes& bytes) {
    unsigned char tail[8] = {};
    const bool read = bytes.size() >= 12 && bytes.read_at(bytes.size() - 8, reinterpret_cast<char*>(tail), 8) == 8;
    if (!read || !std::equal(tail + 4, tail + 8, "PAR1")) {
      if (read && std::equal(tail + 4, tail + 8, "PARE")) throw std::runtime_error("it is encrypted");
      throw std::runtime_error("it is cut short: its table of contents, at the end, is missing");
    }
    const uint32_t size = tail[0] | tail[1] << 8 | tail[2] << 16 | static_cast<uint32_t>(tail[3]) << 24;
    if (size > kFooterBytesMax) {
      throw std::runtime_error(
          fmt::format("its table of contents has {} bytes; at most {} are read", size, kFooterBytesMax));
    }
  }

  // Whether each column has a value a row and a name of its own.
  bool has_plain_columns() const {
    std::set<std::string_view> keys;
    return !options_.all && std::all_of(chosen_.begin(), chosen_.end(), [&](const Chosen& one) {
      const bool is_list = one.use == ColumnUse::kTexts || one.use == ColumnUse::kIntegers;
      return !is_list && is_valid_utf8(one.key) && keys.insert(one.key).second;
    });
  }

  void choose_columns() {
    if (options_.all) return choose_all();
    chosen_.push_back({text_column(), ColumnUse::kText, options_.text_key});
    std::vector<std::string_view> keys = {options_.id_key, "url", "date", "dump", "language", "language_score"};
    for (const std::string_view key : keys) {
      const bool is_id = key.data() == options_.id_key.data();
      if (key == options_.text_key || (key == options_.id_key && !is_id)) continue;
      const std::vector<int> found = columns_of(key);
      if (is_id) check_id(found);
      if (found.size() != 1 || is_chosen(found[0])) continue;
      const ColumnUse use = column_use(*metadata_->schema()->Column(found[0]));
      if (is_value(use)) chosen_.push_back({found[0], use, std::string(key)});
    }
    for (const std::string& key : options_.more) choose_named(key);
  }

  // Texts, numbers, times.
  static bool is_value(ColumnUse use) {
    return use != ColumnUse::kNone && use != ColumnUse::kTruth && use != ColumnUse::kTexts &&
           use != ColumnUse::kIntegers;
  }

  void choose_named(const std::string& key) {
    std::vector<int> found;
    for (int i = 0; i < metadata_->num_columns(); ++i) {
      if (column_path(*metadata_->schema()->Column(i)) == key) found.push_back(i);
    }
    if (found.size() != 1 || is_chosen(found[0])) return;
    const ColumnUse use = column_use(*metadata_->schema()->Column(found[0]));
    if (use != ColumnUse::kNone && use != ColumnUse::kTruth) chosen_.push_back({found[0], use, key});
  }

  bool is_chosen(int column) const {
    return std::any_of(chosen_.begin(), chosen_.end(), [&](const Chosen& one) { return one.index == column; });
  }

  void choose_all() {
    for (int i = 0; i < metadata_->num_columns(); ++i) {
      const parquet::ColumnDescriptor& column = *metadata_->schema()->Column(i);
      const ColumnUse use = column_use(column);
      if (use != ColumnUse::kNone) chosen_.push_back({i, use, column_path(column)});
    }
  }

  // Numbers of rows do not take the place of ids that are there and cannot be read.
  void check_id(const std::vector<int>& found) const {
    if (options_.id_key.empty()) return;
    for (int i = 0; i < metadata_->num_columns(); ++i) {
      const parquet::ColumnDescriptor& column = *metadata_->schema()->Column(i);
      if (column.path()->ToDotString().starts_with(options_.id_key + ".")) refuse_id(i, 1);  // a list's, or a group's
    }
    for (const int column : found) {
      const auto& logical = metadata_->schema()->Column(column)->logical_type();
      const bool is_null = logical != nullptr && logical->is_null();  // nothing but nulls
      const ColumnUse use = column_use(*metadata_->schema()->Column(column));
      const bool is_read = is_value(use) && found.size() == 1;
      if (!is_null && !is_read) refuse_id(column, found.size());
    }
  }

  [[noreturn]] void refuse_id(int column, size_t columns) const {
    const std::string why = columns > 1
                                ? fmt::format("it has {} columns \"{}\"", columns, options_.id_key)
                                : fmt::format("its column \"{}\" holds {}, which is not read as ids", options_.id_key,
                                              column_holds(*metadata_->schema()->Column(column)));
    throw std::runtime_error(
        fmt::format("{}; its columns are {}; name another, or one that is not there for the numbers of the rows "
                    "(--id-key)",
                    why, names_shown()));
  }

  std::vector<int> columns_of(std::string_view path) const {
    std::vector<int> found;
    for (int i = 0; i < metadata_->num_columns(); ++i) {
      if (metadata_->schema()->Column(i)->path()->ToDotString() == path) found.push_back(i);
    }
    return found;
  }

  int text_column() const {
    if (options_.text_key.empty())
      throw std::runtime_error(
          fmt::format("nothing says which of its columns to read (--field, or decontaminate.fields in a recipe); "
                      "they are {}",
                      names_shown()));
    const std::vector<int> found = columns_of(options_.text_key);
    if (found.empty()) refuse_lists(options_.text_key);
    if (found.size() != 1) {
      throw std::runtime_error(
          fmt::format("{} \"{}\"; its columns are {}; name the one that holds the text (--text-key)",
                      found.empty() ? "it has no column" : "it has several columns", options_.text_key, names_shown()));
    }
    const parquet::ColumnDescriptor& column = *metadata_->schema()->Column(found[0]);
    if (column_use(column) != ColumnUse::kText) {
      throw std::runtime_error(fmt::format("its column \"{}\" holds {}, not texts; its columns are {}",
                                           options_.text_key, column_holds(column), names_shown()));
    }
    return found[0];
  }

  // Where a column of this name is there, but holds lists or a group.
  void refuse_lists(const std::string& key) const {
    for (int i = 0; i < metadata_->num_columns(); ++i) {
      const parquet::ColumnDescriptor& column = *metadata_->schema()->Column(i);
      if (!column.path()->ToDotString().starts_with(key + ".")) continue;
      const bool is_list = column_path(column) == key;
      throw std::runtime_error(
          fmt::format("its column \"{}\" holds {}, not texts; its columns are {}; name the one that "
                      "holds the text (--text-key)",
                      key, is_list ? column_holds(column) : "other columns", names_shown()));
    }
  }

  std::string names_shown() const {
    std::string names;
    for (int i = 0; i < metadata_->num_columns(); ++i) {
      if (i == static_cast<int>(kNamesShown)) return names + ", ...";
      const std::string path = column_path(*metadata_->schema()->Column(i));
      names += (i == 0 ? "" : ", ") + one_line(path, kNameBytesShown);
    }
    return names;
  }

  ParquetReadOptions options_;
  arrow::CappedMemoryPool pool_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::vector<Chosen> chosen_;
};

}  // namespace

std::unique_ptr<ParquetFile> open_parquet_file(std::shared_ptr<ParquetBytes> bytes, const ParquetReadOptions& options) {
  try {
    return std::make_unique<File>(std::move(bytes), options);
  } catch (const std::runtime_error&) {
    throw;
  } catch (const std::exception& error) {
    throw std::runtime_error(problem(error));
  }
}

}  // namespace ftok
