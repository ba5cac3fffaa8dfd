#include "core/lenient_json.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <system_error>

namespace ftok {
namespace {

constexpr size_t kPadding = 64;  // bytes that simdjson reads behind a text

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259's grammar of a number.
bool is_json_number(std::string_view text) {
  const auto digits = [&] {
    size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    text.remove_prefix(count);
    return count > 0;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0') && text.size() > 1 && is_digit(text[1]);
  if (zero || !digits()) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits()) return false;
  }
  if (!text.empty() && (text[0] | 32) == 'e') {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (!digits()) return false;
  }
  return text.empty();
}

// Whether an integer has 64 bits, and a double does not overflow.
bool fits(std::string_view number) {
  const char* const end = number.data() + number.size();
  if (number.find_first_of(".eE") != std::string_view::npos) {
    double value = 0;
    return std::from_chars(number.data(), end, value).ec == std::errc();
  }
  int64_t value = 0;
  uint64_t positive = 0;
  return std::from_chars(number.data(), end, value).ec == std::errc() ||
         (number[0] != '-' && std::from_chars(number.data(), end, positive).ec == std::errc());
}

}  // namespace

bool is_held_json_number(std::string_view text) { return is_json_number(text) && fits(text); }

namespace {

// The code unit that the escape at `at` of `text` stands for ("\ud83d"); -1 where there is none.
int code_unit_at(std::string_view text, size_t at) {
  constexpr size_t kSize = 6;
  if (text.size() < at + kSize || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  const char* const end = text.data() + at + kSize;
  const auto parsed = std::from_chars(text.data() + at + 2, end, unit, 16);
  return parsed.ptr == end && unit >= 0 ? unit : -1;  // "-" is a sign for from_chars
}

// Copies the escape at `at` of a string; returns its size.
size_t copy_escape(std::string_view json, size_t at, std::string& out, bool& replaced) {
  const auto is_high = [](int unit) { return unit >= 0xD800 && unit < 0xDC00; };
  const auto is_low = [](int unit) { return unit >= 0xDC00 && unit < 0xE000; };
  const int unit = code_unit_at(json, at);
  size_t size = std::min<size_t>(2, json.size() - at);
  if (is_high(unit) && is_low(code_unit_at(json, at + 6))) size = 12;
  else if (is_high(unit) || is_low(unit)) {
    out += "\\ufffd";
    replaced = true;
    return 6;
  }
  out += json.substr(at, size);
  return size;
}

}  // namespace

bool make_parsable(std::string_view json, std::string& out, std::string_view number) {
  static constexpr std::string_view kWords[] = {"NaN", "Infinity", "-Infinity"};  // as Python and JavaScript write them
  const auto is_of_number = [](char c) { return is_digit(c) || c == '.' || c == '-' || c == '+' || (c | 32) == 'e'; };
  out.clear();
  bool in_string = false, replaced = false;
  for (size_t i = 0; i < json.size();) {
    const char c = json[i];
    if (!in_string && (c == 'N' || c == 'I' || c == '-')) {
      const auto* const word = std::find_if(std::begin(kWords), std::end(kWords),
                                            [&](std::string_view w) { return json.substr(i).starts_with(w); });
      if (word != std::end(kWords)) {
        out += number;
        replaced = true;
        i += word->size();
        continue;
      }
    }
    if (!in_string && (is_digit(c) || c == '-')) {
      size_t end = i + 1;
      while (end < json.size() && is_of_number(json[end])) ++end;
      const std::string_view written = json.substr(i, end - i);
      const bool beyond = is_json_number(written) && !fits(written);
      out += beyond ? number : written;
      replaced = replaced || beyond;
      i = end;
      continue;
    }
    if (in_string && c == '\\') {
      i += copy_escape(json, i, out, replaced);
      continue;
    }
    if (c == '"') in_string = !in_string;
    out += c;
    ++i;
  }
  out.reserve(out.size() + kPadding);
  return replaced;
}

}  // namespace ftok
