// JSON out: a small writer whose output is the same bytes for the same calls. (JSON in goes through simdjson.)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ftok {

// Appends `text` as a JSON string, quotes included, control characters up to U+009F escaped (no terminal is steered).
// Bytes that are not UTF-8 become U+FFFD, so the output always parses (names come escaped: core/shown.h).
void append_json_string(std::string& out, std::string_view text);

// Appends a finite double in the shortest form that reads back to the same value; "null" when it is not finite.
void append_json_number(std::string& out, double value);

// Writes one JSON value into a string, compact or indented by two spaces. Keys come out in the order they are given.
//
//   JsonWriter json;
//   json.begin_object().key("records").value(uint64_t{3}).end_object();
//   json.text()  ->  {"records":3}
class JsonWriter {
 public:
  explicit JsonWriter(bool indented = false) : indented_(indented) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(double number);
  JsonWriter& value(uint64_t number);
  JsonWriter& value(int64_t number);
  JsonWriter& value(int number) { return value(static_cast<int64_t>(number)); }
  JsonWriter& value(uint32_t number) { return value(static_cast<uint64_t>(number)); }
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // an already written value

  template <typename T>
  JsonWriter& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }

  const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void before_value();
  void new_line();

  std::string out_;
  bool indented_;
  bool after_key_ = false;
  bool first_ = true;  // nothing yet in the innermost object or array
  int depth_ = 0;
};

}  // namespace ftok
