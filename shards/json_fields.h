// JsonFields: the fields of a JSON object by name, for reading ftok's own receipts and manifests; a value is also
// available as the text it was written as, so that what is copied from one file into another does not change.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "shards/checksum.h"

namespace ftok {

// Views into the text, which must outlive it. Const, thread-safe.
class JsonFields {
 public:
  // A field is missing or of another type; never leaves shards/ (parsers turn it into a Damage).
  struct Missing : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  // Parses the text of an object; throws Missing when it is not one.
  explicit JsonFields(std::string_view text);

  bool has(std::string_view name) const;
  std::string_view raw(std::string_view name) const;  // the value's text
  std::string text(std::string_view name) const;      // of a string
  uint64_t number(std::string_view name) const;       // of an unsigned integer
  JsonFields object(std::string_view name) const;
  std::vector<JsonFields> objects(std::string_view name) const;                // of an array of objects
  std::vector<std::string> texts(std::string_view name) const;                 // of an array of strings
  std::map<std::string, std::string> string_map(std::string_view name) const;  // of an object of strings
  std::map<std::string, uint64_t> number_map(std::string_view name) const;     // of unsigned integers

  // Throws Missing unless the field has this value.
  void expect(std::string_view name, std::string_view value) const;
  void expect(std::string_view name, uint64_t value) const;

 private:
  JsonFields() = default;
  static JsonFields of_valid(std::string_view text);

  std::vector<std::pair<std::string_view, std::string_view>> fields_;  // name as written, value as written
};

// {"name":...,"bytes":N,"checksum":...}, and back.
std::string write_file_entry(const FileEntry& file);
FileEntry read_file_entry(const JsonFields& fields);

// "NAME":{"KEY":value,...}: what string_map and number_map read.
template <typename Value>
void write_map(JsonWriter& json, std::string_view name, const std::map<std::string, Value>& map) {
  json.key(name).begin_object();
  for (const auto& [key, value] : map) json.field(key, value);
  json.end_object();
}

// "NAME":["TEXT",...]: what texts reads; nothing where there are none.
void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts);

// For each split, under its name, {"documents":N,"tokens":N}, and back. Numbers are by Split.
void write_split_counts(JsonWriter& json, const uint64_t (&documents)[2], const uint64_t (&tokens)[2]);
void read_split_counts(const JsonFields& fields, uint64_t (&documents)[2], uint64_t (&tokens)[2]);

}  // namespace ftok
