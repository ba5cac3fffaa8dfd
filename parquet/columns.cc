#include "parquet/columns.h"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/json_escape.h"

namespace ftok {
namespace {

using parquet::LogicalType;
using parquet::Type;

// A row's value of a column of one physical type: views into the page that the reader holds, a batch at a time. A batch
// never reaches beyond its page (parquet::TypedColumnReader::ReadBatch), so that its views live as long as it does.
template <typename DType>
class Values {
 public:
  explicit Values(std::shared_ptr<parquet::ColumnReader> reader)
      : reader_(std::move(reader)), level_max_(reader_->descr()->max_definition_level()) {}

  // The next row's value; null where it has none.
  const typename DType::c_type* next() {
    if (level_ == levels_) read();
    if (level_max_ > 0 && definitions_[level_] != level_max_) {
      ++level_;
      return nullptr;
    }
    ++level_;
    if (value_ == values_) throw std::runtime_error("a page has fewer values than it says");
    return &batch_[value_++];
  }

 private:
  static constexpr int64_t kBatch = 256;

  void read() {
    auto& typed = static_cast<parquet::TypedColumnReader<DType>&>(*reader_);
    int64_t values = 0;
    const int64_t levels =
        typed.HasNext() ? typed.ReadBatch(kBatch, level_max_ > 0 ? definitions_ : nullptr, nullptr, batch_, &values)
                        : 0;
    if (levels == 0) throw std::runtime_error("a column ends before its row group does");
    levels_ = static_cast<size_t>(levels);
    values_ = static_cast<size_t>(values);
    level_ = value_ = 0;
  }

  std::shared_ptr<parquet::ColumnReader> reader_;
  int16_t level_max_;
  int16_t definitions_[kBatch];
  typename DType::c_type batch_[kBatch];
  size_t level_ = 0, levels_ = 0, value_ = 0, values_ = 0;
};

// `"key":`, with a comma before it.
std::string opening(const std::string& key) {
  std::string out = ",\"";
  append_json_escaped(out, key);
  return out + "\":";
}

class TextColumn : public PlainParquetColumn {
 public:
  TextColumn(std::shared_ptr<parquet::ColumnReader> reader, const std::string& key, uint64_t value_bytes_max)
      : PlainParquetColumn(key, value_bytes_max), values_(std::move(reader)) {}

  ParquetValue next() override {
    const parquet::ByteArray* const value = values_.next();
    if (value == nullptr) return {};
    return {ParquetValue::Type::kText, {reinterpret_cast<const char*>(value->ptr), value->len}};
  }

 private:
  Values<parquet::ByteArrayType> values_;
};

// The node of a column of lists that is repeated. The lists are those of parquet-format: a group annotated as a list,
// in it a repeated group of one element; or, older, a repeated element in either's place.
const parquet::schema::Node& repeated_node(const parquet::ColumnDescriptor& column) {
  const parquet::schema::Node* node = column.schema_node().get();
  while (!node->is_repeated()) node = node->parent();
  return *node;
}

bool is_list(const parquet::schema::Node* node) {
  return node != nullptr && node->is_group() && node->logical_type() != nullptr && node->logical_type()->is_list();
}

bool is_list_of_one(const parquet::ColumnDescriptor& column) {
  if (column.max_repetition_level() != 1) return false;
  const parquet::schema::Node& repeated = repeated_node(column);
  const parquet::schema::Node* const leaf = column.schema_node().get();
  if (&repeated == leaf) return true;
  return is_list(repeated.parent()) && static_cast<const parquet::schema::GroupNode&>(repeated).field_count() == 1 &&
         leaf->parent() == &repeated;
}

// Lists of texts or whole numbers. Nulls among these are left out.
template <typename DType>
class ListColumn : public ParquetColumn {
 public:
  ListColumn(std::shared_ptr<parquet::ColumnReader> reader, const std::string& key, uint64_t value_bytes_max)
      : reader_(std::move(reader)), opening_(opening(key)), value_bytes_max_(value_bytes_max) {
    const parquet::ColumnDescriptor& column = *reader_->descr();
    level_max_ = element_level_ = column.max_definition_level();
    for (const parquet::schema::Node* node = column.schema_node().get(); !node->is_repeated(); node = node->parent())
      element_level_ = static_cast<int16_t>(element_level_ - (node->is_optional() ? 1 : 0));
  }

  bool append(std::string& out, bool comma) override {
    if (level_ == levels_ && !read()) throw std::runtime_error("a column ends before its row group does");
    if (definitions_[level_] < element_level_ - 1) {
      ++level_;
      return false;
    }
    out.append(opening_, comma ? 0 : 1);
    out += '[';
    bool is_first = true, is_whole = true;
    uint64_t bytes = 0;
    do {
      const bool has_value = definitions_[level_++] == level_max_;
      if (!has_value) continue;
      if (value_ == values_) throw std::runtime_error("a page has fewer values than it says");
      const typename DType::c_type& value = batch_[value_++];
      if (!is_whole) continue;
      if (!is_first) out += ',';
      is_first = false;
      is_whole = append_element(out, value, bytes);
    } while ((level_ < levels_ || read()) && repetitions_[level_] > 0);
    if (is_whole) out += ']';
    return true;
  }

 private:
  static constexpr int64_t kBatch = 256;

  // Counts its bytes; false where the list has more than it may, and the element is cut.
  bool append_element(std::string& out, const parquet::ByteArray& value, uint64_t& bytes) const {
    const std::string_view text(reinterpret_cast<const char*>(value.ptr), value.len);
    const bool is_whole = text.size() <= value_bytes_max_ - bytes;
    out += '"';
    append_json_escaped(out, is_whole ? text : text.substr(0, value_bytes_max_ - bytes + 1));
    bytes += text.size();
    if (is_whole) out += '"';
    return is_whole;
  }
  template <typename Integer>
  bool append_element(std::string& out, Integer value, uint64_t& bytes) const {
    const size_t before = out.size();
    fmt::format_to(std::back_inserter(out), "{}", value);
    const uint64_t size = out.size() - before + 1;
    const bool is_whole = size <= value_bytes_max_ - bytes;
    bytes += size;
    return is_whole;
  }

  // The next levels; false at the end. What `batch_` held before is gone.
  bool read() {
    auto& typed = static_cast<parquet::TypedColumnReader<DType>&>(*reader_);
    int64_t values = 0;
    const int64_t levels = typed.HasNext() ? typed.ReadBatch(kBatch, definitions_, repetitions_, batch_, &values) : 0;
    levels_ = static_cast<size_t>(levels);
    values_ = static_cast<size_t>(values);
    level_ = value_ = 0;
    return levels > 0;
  }

  std::shared_ptr<parquet::ColumnReader> reader_;
  const std::string opening_;
  const uint64_t value_bytes_max_;
  int16_t level_max_, element_level_;  // of a text; from which on there is an element
  int16_t definitions_[kBatch], repetitions_[kBatch];
  typename DType::c_type batch_[kBatch];
  size_t level_ = 0, levels_ = 0, value_ = 0, values_ = 0;
};

template <typename DType>
class NumberColumn : public PlainParquetColumn {
 public:
  NumberColumn(std::shared_ptr<parquet::ColumnReader> reader, const std::string& key, bool is_unsigned)
      : PlainParquetColumn(key, UINT64_MAX), values_(std::move(reader)), is_unsigned_(is_unsigned) {}

  ParquetValue next() override {
    using Number = typename DType::c_type;
    const Number* const number = values_.next();
    ParquetValue value;
    if (number == nullptr) return value;
    if constexpr (std::is_floating_point_v<Number>) {
      value.type = ParquetValue::Type::kReal;
      value.real = static_cast<double>(*number);
    } else if (is_unsigned_) {
      value.type = ParquetValue::Type::kUnsigned;
      value.integer = static_cast<int64_t>(static_cast<std::make_unsigned_t<Number>>(*number));
    } else {
      value.type = ParquetValue::Type::kInteger;
      value.integer = *number;
    }
    return value;
  }

 private:
  Values<DType> values_;
  const bool is_unsigned_;
};

class TruthColumn : public PlainParquetColumn {
 public:
  TruthColumn(std::shared_ptr<parquet::ColumnReader> reader, const std::string& key)
      : PlainParquetColumn(key, UINT64_MAX), values_(std::move(reader)) {}

  ParquetValue next() override {
    const bool* const truth = values_.next();
    ParquetValue value;
    if (truth == nullptr) return value;
    value.type = ParquetValue::Type::kTruth;
    value.truth = *truth;
    return value;
  }

 private:
  Values<parquet::BooleanType> values_;
};

// Units of a second, and how many of them since 1970 a value says.
struct TimeForm {
  explicit TimeForm(const parquet::ColumnDescriptor& column) {
    if (column.physical_type() == Type::INT96) return;  // Spark's older files: a Julian day and nanoseconds of it
    const LogicalType& logical = *column.logical_type();
    if (logical.is_date()) {
      is_day = true;
      return;
    }
    const auto& timestamp = static_cast<const parquet::TimestampLogicalType&>(logical);
    is_utc = timestamp.is_adjusted_to_utc();
    if (timestamp.time_unit() == LogicalType::TimeUnit::MILLIS) digits = 3, a_second = 1'000;
    if (timestamp.time_unit() == LogicalType::TimeUnit::MICROS) digits = 6, a_second = 1'000'000;
  }
  int digits = 9;
  int64_t a_second = 1'000'000'000;
  bool is_utc = false, is_day = false;
};

// A point in time as ISO 8601 has it, "2024-05-18T01:58:10Z", with the fraction of the second where it has one; or a
// day.
template <typename DType>
class TimeColumn : public PlainParquetColumn {
 public:
  TimeColumn(std::shared_ptr<parquet::ColumnReader> reader, const std::string& key)
      : PlainParquetColumn(key, UINT64_MAX), form_(*reader->descr()), values_(std::move(reader)) {}

  ParquetValue next() override {
    namespace chrono = std::chrono;
    const auto* const value = values_.next();
    if (value == nullptr) return {};
    const auto [second, fraction] = parts(*value);
    if (second < kYear0 || second >= kYear10000) return {};
    const chrono::sys_seconds time{chrono::seconds(second)};
    const auto day = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date(day);
    const chrono::hh_mm_ss clock(time - day);
    text_.clear();
    const auto out = std::back_inserter(text_);
    fmt::format_to(out, "{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()));
    if (form_.is_day) return {ParquetValue::Type::kText, text_};
    fmt::format_to(out, "T{:02}:{:02}:{:02}", clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    if (fraction != 0) fmt::format_to(out, ".{:0{}}", fraction, form_.digits);
    if (form_.is_utc) text_ += 'Z';
    return {ParquetValue::Type::kText, text_};
  }

 private:
  static constexpr int64_t kYear0 = -62'167'219'200, kYear10000 = 253'402'300'800;  // years of four digits
  static constexpr int64_t kDaySeconds = 86'400, kJulianDay1970 = 2'440'588;

  // Seconds since 1970, and units of a second.
  std::pair<int64_t, int64_t> parts(int64_t value) const {
    const int64_t fraction = (value % form_.a_second + form_.a_second) % form_.a_second;
    return {value / form_.a_second - (value % form_.a_second < 0 ? 1 : 0), fraction};
  }
  std::pair<int64_t, int64_t> parts(int32_t day) const { return {day * kDaySeconds, 0}; }
  std::pair<int64_t, int64_t> parts(const parquet::Int96& value) const {
    const auto nanoseconds = static_cast<int64_t>(value.value[0] | uint64_t{value.value[1]} << 32);
    if (nanoseconds < 0 || nanoseconds >= kDaySeconds * form_.a_second) return {kYear10000, 0};
    const int64_t day = static_cast<int32_t>(value.value[2]) - kJulianDay1970;
    return {day * kDaySeconds + nanoseconds / form_.a_second, nanoseconds % form_.a_second};
  }

  const TimeForm form_;
  Values<DType> values_;
  std::string text_;  // that next() gave
};

bool is_signed_integer(const LogicalType& logical) {
  return logical.is_int() && static_cast<const parquet::IntLogicalType&>(logical).is_signed();
}

}  // namespace

std::string column_holds(const parquet::ColumnDescriptor& column) {
  const auto& logical = column.logical_type();
  const bool is_named = logical != nullptr && logical->is_valid() && !logical->is_none();
  const std::string type = is_named ? logical->ToString() : parquet::TypeToString(column.physical_type());
  return (column.max_repetition_level() > 0 ? "lists of " : "") + type;
}

std::string column_path(const parquet::ColumnDescriptor& column) {
  if (!is_list_of_one(column)) return column.path()->ToDotString();
  const parquet::schema::Node& repeated = repeated_node(column);
  return (is_list(repeated.parent()) ? *repeated.parent() : repeated).path()->ToDotString();
}

ColumnUse column_use(const parquet::ColumnDescriptor& column) {
  const bool is_repeated = column.max_repetition_level() > 0;
  if (is_repeated && !is_list_of_one(column)) return ColumnUse::kNone;
  const auto& logical = column.logical_type();
  const bool is_plain = logical == nullptr || !logical->is_valid() || logical->is_none();
  if (is_repeated && column.physical_type() != Type::BYTE_ARRAY) {
    const bool is_integer = column.physical_type() == Type::INT32 || column.physical_type() == Type::INT64;
    return is_integer && (is_plain || is_signed_integer(*logical)) ? ColumnUse::kIntegers : ColumnUse::kNone;
  }
  switch (column.physical_type()) {
    case Type::BYTE_ARRAY:
      if (!is_plain && !logical->is_string() && !logical->is_enum() && !logical->is_JSON()) return ColumnUse::kNone;
      return is_repeated ? ColumnUse::kTexts : ColumnUse::kText;
    case Type::INT32:
    case Type::INT64:
      if (is_plain) return ColumnUse::kInteger;
      if (logical->is_int()) return is_signed_integer(*logical) ? ColumnUse::kInteger : ColumnUse::kUnsigned;
      return logical->is_timestamp() || logical->is_date() ? ColumnUse::kTime : ColumnUse::kNone;
    case Type::INT96: return ColumnUse::kTime;
    case Type::FLOAT:
    case Type::DOUBLE: return ColumnUse::kReal;
    case Type::BOOLEAN: return ColumnUse::kTruth;
    default: return ColumnUse::kNone;
  }
}

PlainParquetColumn::PlainParquetColumn(const std::string& key, uint64_t value_bytes_max)
    : opening_(opening(key)), value_bytes_max_(value_bytes_max) {}

bool PlainParquetColumn::append_value(const ParquetValue& value, std::string& out, bool comma) const {
  using Type = ParquetValue::Type;
  if (value.type == Type::kNone) return false;
  out.append(opening_, comma ? 0 : 1);
  if (value.type == Type::kText) {
    const bool is_whole = value.text.size() <= value_bytes_max_;
    out += '"';
    append_json_escaped(out, is_whole ? value.text : value.text.substr(0, value_bytes_max_ + 1));
    if (is_whole) out += '"';
  } else if (value.type == Type::kInteger) {
    fmt::format_to(std::back_inserter(out), "{}", value.integer);
  } else if (value.type == Type::kUnsigned) {
    fmt::format_to(std::back_inserter(out), "{}", static_cast<uint64_t>(value.integer));
  } else if (value.type == Type::kReal) {
    append_json_number(out, value.real);
  } else {
    out += value.truth ? "true" : "false";
  }
  return true;
}

uint64_t PlainParquetColumn::line_bytes_max(const ParquetValue& value) const {
  constexpr uint64_t kEscapedMax = 6, kNumberMax = 32;  // "\u0001"
  return opening_.size() + kNumberMax + kEscapedMax * value.text.size();
}

std::unique_ptr<ParquetColumn> make_parquet_column(std::shared_ptr<parquet::ColumnReader> reader, ColumnUse use,
                                                   const std::string& key, uint64_t value_bytes_max) {
  const bool is_unsigned = use == ColumnUse::kUnsigned;
  if (use == ColumnUse::kText) return std::make_unique<TextColumn>(std::move(reader), key, value_bytes_max);
  if (use == ColumnUse::kTexts)
    return std::make_unique<ListColumn<parquet::ByteArrayType>>(std::move(reader), key, value_bytes_max);
  if (use == ColumnUse::kIntegers && reader->type() == Type::INT32)
    return std::make_unique<ListColumn<parquet::Int32Type>>(std::move(reader), key, value_bytes_max);
  if (use == ColumnUse::kIntegers)
    return std::make_unique<ListColumn<parquet::Int64Type>>(std::move(reader), key, value_bytes_max);
  if (use == ColumnUse::kTruth) return std::make_unique<TruthColumn>(std::move(reader), key);
  if (use == ColumnUse::kTime) {
    switch (reader->type()) {
      case Type::INT32: return std::make_unique<TimeColumn<parquet::Int32Type>>(std::move(reader), key);
      case Type::INT96: return std::make_unique<TimeColumn<parquet::Int96Type>>(std::move(reader), key);
      default: return std::make_unique<TimeColumn<parquet::Int64Type>>(std::move(reader), key);
    }
  }
  switch (reader->type()) {
    case Type::INT32: return std::make_unique<NumberColumn<parquet::Int32Type>>(std::move(reader), key, is_unsigned);
    case Type::INT64: return std::make_unique<NumberColumn<parquet::Int64Type>>(std::move(reader), key, is_unsigned);
    case Type::FLOAT: return std::make_unique<NumberColumn<parquet::FloatType>>(std::move(reader), key, false);
    default: return std::make_unique<NumberColumn<parquet::DoubleType>>(std::move(reader), key, false);
  }
}

}  // namespace ftok
