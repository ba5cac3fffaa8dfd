#include "crawl/sources/record_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "core/json.h"
#include "core/parquet_record.h"
#include "crawl/json_lines.h"

namespace ftok {
namespace {

// Documents out of values, as JsonDocumentParser makes them of the line that holds the same.
class ValueReader {
  using Type = ParquetValue::Type;

 public:
  ValueReader(const std::vector<ParquetField>& fields, const SourceOptions& options) : values_(fields.size()) {
    const auto find = [&](std::string_view key) -> const ParquetValue& {
      const auto field =
          std::find_if(fields.begin(), fields.end(), [&](const ParquetField& one) { return one.name == key; });
      return field == fields.end() ? none_ : values_[static_cast<size_t>(field - fields.begin())];
    };
    text_ = &find(options.text_key);
    id_ = &find(options.id_key);
    strings_ = {{&Document::url, &find("url")},
                {&Document::date, &find("date")},
                {&Document::dump, &find("dump")},
                {&Document::language, &find("language")}};
    language_score_ = &find("language_score");
    for (const std::string& name : options.fields.numbers) numbers_.emplace_back(*Reason::intern(name), &find(name));
    for (const std::string& name : options.fields.texts) texts_.emplace_back(*Reason::intern(name), &find(name));
  }
  ValueReader(const ValueReader&) = delete;
  ValueReader& operator=(const ValueReader&) = delete;

  void read(std::string_view record, Document& document) {
    for (ParquetValue& value : values_) value = take_parquet_value(record);
    document.text = text_->text;
    take_id(document.id);
    for (const auto& [member, value] : strings_) {
      if (value->type == Type::kText) document.*member = value->text;
    }
    if (double score = 0; is_number(*language_score_, score)) document.language_score = score;
    for (const auto& [name, value] : numbers_) {
      if (double number = 0; is_number(*value, number)) document.scores.push_back({name, number});
    }
    for (const auto& [name, value] : texts_) {
      if (std::string text; is_text(*value, text)) document.labels.push_back({name, false, {std::move(text)}});
    }
    document.charset = "UTF-8";
  }

 private:
  // A text, or a number as JSON has it.
  static bool is_text(const ParquetValue& value, std::string& text) {
    switch (value.type) {
      case Type::kText: text = value.text; return true;
      case Type::kInteger: text = std::to_string(value.integer); return true;
      case Type::kUnsigned: text = std::to_string(static_cast<uint64_t>(value.integer)); return true;
      case Type::kReal: append_json_number(text, value.real); return std::isfinite(value.real);
      default: return false;
    }
  }
  // What is no number of JSON is null there.
  static bool is_number(const ParquetValue& value, double& number) {
    switch (value.type) {
      case Type::kInteger: return exact_double(value.integer, number);
      case Type::kUnsigned: return exact_double(static_cast<uint64_t>(value.integer), number);
      case Type::kReal: number = value.real == 0 ? 0.0 : value.real; return std::isfinite(value.real);
      default: return false;
    }
  }

  void take_id(std::string& id) const {
    if (std::string text; is_text(*id_, text) && !text.empty()) id = std::move(text);
  }

  static constexpr ParquetValue none_{};

  std::vector<ParquetValue> values_;  // of the row; the rest points into it
  const ParquetValue *text_ = nullptr, *id_ = nullptr, *language_score_ = nullptr;
  std::vector<std::pair<std::string Document::*, const ParquetValue*>> strings_;
  std::vector<std::pair<Reason, const ParquetValue*>> numbers_, texts_;
};

class RecordSource : public Source {
 public:
  RecordSource(std::unique_ptr<DecodedInput> input, const std::vector<ParquetField>& fields,
               const SourceOptions& options)
      : input_(std::move(input)),
        parser_(options.text_key, options.id_key, {}, options.fields),
        values_(fields, options),
        options_(options) {}

  bool next(Item& item) override {
    ParquetRecordKind kind{};
    std::string_view record;
    do {
      if (!take_record(kind, record)) return false;
      row_ += kind == ParquetRecordKind::kLost ? take_record_bytes<uint64_t>(record) : 1;
    } while (kind == ParquetRecordKind::kLost);
    item.sequence = sequence_++;
    Document& document = item.document;
    document.file_path = options_.file_path;
    document.dump = options_.dump;
    document.offset = row_;
    document.id = fmt::format("{}:{}", options_.name, row_);
    if (kind == ParquetRecordKind::kValues) {
      values_.read(record, document);
      item.verdict = Verdict::keep();
    } else {
      item.verdict = read_line(record, document);
    }
    return true;
  }

  uint64_t bytes_read() const override { return input_->bytes_read(); }
  std::vector<Damage> take_damage() override { return input_->take_damage(); }

 private:
  // The next record, which lives until the one after it; false at the end.
  bool take_record(ParquetRecordKind& kind, std::string_view& record) {
    if (!grow_to(kParquetRecordHead)) return false;
    std::string_view head = input_->window();
    const auto size = take_record_bytes<uint32_t>(head);
    grow_to(sizeof size + size);
    record = input_->window().substr(sizeof size, size);
    kind = take_record_bytes<ParquetRecordKind>(record);
    input_->consume(sizeof size + size);
    return true;
  }

  bool grow_to(size_t bytes) {
    while (input_->window().size() < bytes) {
      if (!input_->grow()) return false;
    }
    return true;
  }

  // As JsonLineReader and what follows it do.
  Verdict read_line(std::string_view line, Document& document) {
    const auto bytes_max = static_cast<uint64_t>(options_.record_bytes_max);
    if (line.size() > bytes_max + 1) return Verdict::drop("text.too_large", 0, static_cast<double>(bytes_max));
    bool has_id = false;
    return parser_.parse(line, document, has_id);
  }

  std::unique_ptr<DecodedInput> input_;
  JsonDocumentParser parser_;  // of rows that are lines
  ValueReader values_;
  const SourceOptions options_;
  uint64_t row_ = 0, sequence_ = 0;
};

}  // namespace

std::unique_ptr<Source> make_record_source(std::unique_ptr<DecodedInput> records,
                                           const std::vector<ParquetField>& fields, const SourceOptions& options) {
  return std::make_unique<RecordSource>(std::move(records), fields, options);
}

}  // namespace ftok
