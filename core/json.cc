#include "core/json.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "core/utf8.h"

namespace ftok {

namespace {

// Where the bytes from text[i] on end that JSON has as they are: printable ASCII but for quotation marks and
// backslashes. Eight bytes at a time, then one.
size_t end_of_plain(std::string_view text, size_t i) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL, kHigh = 0x8080808080808080ULL;
  // The high bit of each byte that is zero; one above such a byte may be marked too, which ends the loop no later.
  const auto zeros = [](uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHigh; };
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, 8);
    const uint64_t control = (bytes - kOnes * 0x20) & ~bytes & kHigh;
    const uint64_t beyond = (bytes | (bytes + kOnes)) & kHigh;  // from 0x7F on
    if ((control | beyond | zeros(bytes ^ (kOnes * '"')) | zeros(bytes ^ (kOnes * '\\'))) != 0) break;
  }
  const auto is_plain = [](unsigned char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  while (i < text.size() && is_plain(static_cast<unsigned char>(text[i]))) ++i;
  return i;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t plain = 0;  // start of the run not yet copied
  size_t i = 0;
  const auto copy_run = [&] { out.append(text, plain, i - plain); };
  while (i < text.size()) {
    i = end_of_plain(text, i);
    if (i == text.size()) break;
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const Utf8Char decoded = decode_utf8(text, i);
      if (!decoded.valid) {
        copy_run();
        out += "\xEF\xBF\xBD";
        plain = i + decoded.size;
      } else if (decoded.code_point < 0xA0) {
        copy_run();
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint32_t>(decoded.code_point));
        plain = i + decoded.size;
      }
      i += decoded.size;
      continue;
    }
    copy_run();
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    }
    plain = ++i;
  }
  copy_run();
  out.push_back('"');
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
  } else if (value == std::floor(value) && std::fabs(value) < 1e15) {
    fmt::format_to(std::back_inserter(out), "{:.0f}", value == 0 ? 0.0 : value);
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void JsonWriter::new_line() {
  if (!indented_) return;
  out_.push_back('\n');
  out_.append(static_cast<size_t>(depth_) * 2, ' ');
}

void JsonWriter::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ == 0) return;
  if (!first_) out_.push_back(',');
  new_line();
  first_ = false;
}

JsonWriter& JsonWriter::begin_object() {
  before_value();
  out_.push_back('{');
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  --depth_;
  if (!first_) new_line();
  out_.push_back('}');
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  before_value();
  out_.push_back('[');
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  --depth_;
  if (!first_) new_line();
  out_.push_back(']');
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  before_value();
  append_json_string(out_, name);
  out_ += indented_ ? ": " : ":";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  before_value();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(bool truth) { return raw(truth ? "true" : "false"); }

JsonWriter& JsonWriter::value(double number) {
  before_value();
  append_json_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(uint64_t number) { return raw(fmt::format("{}", number)); }
JsonWriter& JsonWriter::value(int64_t number) { return raw(fmt::format("{}", number)); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  before_value();
  out_ += json;
  return *this;
}

}  // namespace ftok
