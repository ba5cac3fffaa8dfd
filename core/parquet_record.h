// A row of a Parquet file as Arrow's module hands it to who makes documents of it (ParquetReadOptions::records):
// values, not a line of JSON that has to be parsed again. In memory only.
//
// u32 bytes that follow; u8 kind. kLine: a line of JSON. kValues: for each of ParquetFile::fields() a value: u8 type;
// kText u32 bytes and these, kInteger i64, kUnsigned u64, kReal f64. kLost: u64 rows that cannot be read.
// Little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ftok {

enum class ParquetRecordKind : uint8_t { kLine, kValues, kLost };

// What a member of an object of JSON would be.
struct ParquetValue {
  enum class Type : uint8_t { kNone, kText, kInteger, kUnsigned, kReal, kTruth };

  Type type = Type::kNone;
  std::string_view text = {};
  int64_t integer = 0;  // kUnsigned: its bits
  double real = 0;
  bool truth = false;
};

inline constexpr size_t kParquetRecordHead = sizeof(uint32_t) + 1;

template <typename Number>
void append_record_bytes(std::string& out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

// Takes a number off the beginning of `bytes`, which hold it.
template <typename Number>
Number take_record_bytes(std::string_view& bytes) {
  Number number;
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return number;
}

// Begins a record; end_parquet_record() of what this returns ends it.
inline size_t begin_parquet_record(std::string& out, ParquetRecordKind kind) {
  const size_t begin = out.size();
  append_record_bytes(out, uint32_t{0});
  append_record_bytes(out, kind);
  return begin;
}
inline void end_parquet_record(std::string& out, size_t begin) {
  const auto size = static_cast<uint32_t>(out.size() - begin - sizeof(uint32_t));
  std::memcpy(out.data() + begin, &size, sizeof size);
}

// Of a value that is no truth.
inline void append_parquet_value(std::string& out, const ParquetValue& value) {
  using Type = ParquetValue::Type;
  append_record_bytes(out, value.type);
  if (value.type == Type::kText) {
    append_record_bytes(out, static_cast<uint32_t>(value.text.size()));
    out += value.text;
  } else if (value.type == Type::kInteger || value.type == Type::kUnsigned) {
    append_record_bytes(out, value.integer);
  } else if (value.type == Type::kReal) {
    append_record_bytes(out, value.real);
  }
}
inline ParquetValue take_parquet_value(std::string_view& record) {
  using Type = ParquetValue::Type;
  ParquetValue value;
  value.type = take_record_bytes<Type>(record);
  if (value.type == Type::kText) {
    const auto size = take_record_bytes<uint32_t>(record);
    value.text = record.substr(0, size);
    record.remove_prefix(size);
  } else if (value.type == Type::kInteger || value.type == Type::kUnsigned) {
    value.integer = take_record_bytes<int64_t>(record);
  } else if (value.type == Type::kReal) {
    value.real = take_record_bytes<double>(record);
  }
  return value;
}

}  // namespace ftok
