#include "shards/record_file.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <map>
#include <type_traits>
#include <utility>

#include "core/error.h"
#include "shards/checksum.h"
#include "shards/files/zstd_file.h"

namespace ftok {
namespace {

constexpr std::pair<TextFormat, const char*> kNames[] = {
    {TextFormat::kJsonl, "jsonl"}, {TextFormat::kDolma, "dolma"}, {TextFormat::kParquet, "parquet"}};

class LinesFile : public RecordFile {
 public:
  explicit LinesFile(const std::string& path) : file_(path) {}

  void begin_part() override { file_.begin_part(); }
  void write(std::string_view json) override {
    file_.write(json);
    if (!json.ends_with('\n')) file_.write("\n");
  }
  void end_part() override { file_.finish(); }
  std::optional<uint64_t> part_size() const override { return file_.part_size(); }
  void commit() override { file_.commit(); }
  uint64_t size() const override { return file_.size(); }
  std::string hex() const override { return file_.hex(); }

 private:
  ZstdFile file_;
};

class FileSink : public ParquetSink {
 public:
  explicit FileSink(const std::string& path) : file(path) {}
  void write(std::string_view bytes) override { file.write(bytes); }

  ChecksummedFile file;
};

class ParquetRecords : public RecordFile {
 public:
  ParquetRecords(const std::string& path, std::vector<ParquetField> columns, uint64_t row_group_bytes)
      : path_(path), sink_(path), columns_(std::move(columns)) {
    require_arrow(path);
    for (size_t i = 0; i < columns_.size(); ++i) places_[columns_[i].name] = i;
    guarded([&] { writer_ = arrow_module()->create(sink_, {columns_, row_group_bytes}); });
  }

  void begin_part() override {}
  void write(std::string_view json) override {
    simdjson::dom::object object;
    if (parser_.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) fail("a record is not JSON");
    guarded([&] {
      for (const auto& [key, value] : object) {
        if (!value.is_null()) write_value(key, value);
      }
      writer_->end_row();
    });
  }
  void end_part() override {}
  std::optional<uint64_t> part_size() const override { return std::nullopt; }
  void commit() override {
    guarded([&] { writer_->finish(); });
    sink_.file.commit();
  }
  uint64_t size() const override { return sink_.file.size(); }
  std::string hex() const override { return sink_.file.hex(); }

 private:
  void write_value(std::string_view key, const simdjson::dom::element& value) {
    const auto place = places_.find(key);
    if (place == places_.end()) fail(fmt::format("a document has \"{}\", for which there is no column", key));
    std::string_view text;
    int64_t integer = 0;
    double real = 0;
    bool truth = false;
    simdjson::dom::array list;
    switch (columns_[place->second].type) {
      case ParquetType::kText:
        if (value.get(text) == simdjson::SUCCESS) return writer_->text(place->second, text);
        break;
      case ParquetType::kTexts:
        if (value.get(list) == simdjson::SUCCESS)
          return writer_->texts(place->second, elements<std::string>(place->second, list));
        break;
      case ParquetType::kInteger:
        if (value.get(integer) == simdjson::SUCCESS) return writer_->integer(place->second, integer);
        break;
      case ParquetType::kIntegers:
        if (value.get(list) == simdjson::SUCCESS)
          return writer_->integers(place->second, elements<int64_t>(place->second, list));
        break;
      case ParquetType::kReal:
        if (value.get(real) == simdjson::SUCCESS) return writer_->real(place->second, real);
        break;
      case ParquetType::kTruth:
        if (value.get(truth) == simdjson::SUCCESS) return writer_->truth(place->second, truth);
    }
    fail(fmt::format("\"{}\" of a document is of another type than its column", key));
  }

  template <typename Value>
  std::vector<Value> elements(size_t column, const simdjson::dom::array& list) const {
    constexpr bool kIsText = std::is_same_v<Value, std::string>;
    std::vector<Value> values;
    for (const simdjson::dom::element element : list) {
      std::conditional_t<kIsText, std::string_view, Value> value{};
      if (element.get(value) != simdjson::SUCCESS) {
        fail(fmt::format("\"{}\" of a document holds something that is not {}", columns_[column].name,
                         kIsText ? "text" : "a whole number"));
      }
      values.emplace_back(value);
    }
    return values;
  }

  // What the file throws passes as it is; what Arrow says gets the file's name.
  template <typename Work>
  void guarded(Work&& work) {
    try {
      work();
    } catch (const Error&) {
      throw;
    } catch (const std::runtime_error& error) {
      fail(error.what());
    }
  }
  [[noreturn]] void fail(const std::string& what) const { throw Error(fmt::format("{}: {}", path_, what)); }

  std::string path_;
  FileSink sink_;
  std::vector<ParquetField> columns_;
  std::map<std::string, size_t, std::less<>> places_;
  std::unique_ptr<ParquetWriter> writer_;
  simdjson::dom::parser parser_;
};

class MemoryBytes : public ParquetBytes {
 public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  int64_t read_at(uint64_t offset, char* out, size_t size) override {
    if (offset >= bytes_.size()) return 0;
    return static_cast<int64_t>(bytes_.copy(out, size, offset));
  }

 private:
  std::string_view bytes_;
};

template <typename Work>
auto as_damage(const std::string& path, Work&& work) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Error(fmt::format("{} is damaged: {}", path, error.what()));
  }
}

constexpr size_t kStepBytes = size_t{1} << 20;  // of lines at a time

std::unique_ptr<ParquetFile> open_all(const std::string& path, std::string_view bytes) {
  require_arrow(path);
  ParquetReadOptions options;
  options.all = true;
  options.value_bytes_max = options.memory_bytes_max = uint64_t{1} << 32;
  return arrow_module()->open(std::make_shared<MemoryBytes>(bytes), options);
}

}  // namespace

std::vector<std::string> text_format_names() {
  std::vector<std::string> names;
  for (const auto& [format, name] : kNames) names.emplace_back(name);
  return names;
}

TextFormat parse_text_format(std::string_view name) {
  for (const auto& [format, own] : kNames) {
    if (name == own) return format;
  }
  throw UsageError(fmt::format("text.format: expected {}, got {}", fmt::join(text_format_names(), ", "), name));
}

std::string_view records_ending(TextFormat format) {
  return format == TextFormat::kParquet ? ".parquet" : ".jsonl.zst";
}

bool is_parquet_name(std::string_view path) { return path.ends_with(".parquet"); }

std::unique_ptr<RecordFile> make_lines_file(const std::string& path) { return std::make_unique<LinesFile>(path); }

std::unique_ptr<RecordFile> make_parquet_file(const std::string& path, std::vector<ParquetField> columns,
                                              uint64_t row_group_bytes) {
  return std::make_unique<ParquetRecords>(path, std::move(columns), row_group_bytes);
}

std::vector<ParquetField> parquet_columns(const std::string& path, std::string_view bytes) {
  return as_damage(path, [&] { return open_all(path, bytes)->fields(); });
}

void for_each_row(const std::string& path, std::string_view bytes, const std::function<void(std::string_view)>& visit) {
  const std::unique_ptr<ParquetFile> file = as_damage(path, [&] { return open_all(path, bytes); });
  std::string lines;
  const auto visit_lines = [&] {
    std::string_view rest = lines;
    for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      visit(rest.substr(0, end + 1));
      rest.remove_prefix(end + 1);
    }
    lines.clear();
  };
  for (size_t group = 0; group < file->row_groups(); ++group) {
    const std::unique_ptr<ParquetRows> rows = as_damage(path, [&] { return file->open(group); });
    // A file of our own may be compressed well: kBomb is no end here.
    for (bool more = true; more; visit_lines())
      more = as_damage(path, [&] { return rows->next(kStepBytes, lines); }) != ParquetRows::Outcome::kEnd;
  }
}

void require_arrow(std::string_view what) {
  if (arrow_module() != nullptr) return;
  throw Error(
      fmt::format("{}: this ftok was built without Arrow: build it with FTOK_ARROW=ON (docs/formats.md, Parquet), or "
                  "write JSON Lines",
                  what));
}

}  // namespace ftok
