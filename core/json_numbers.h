// Numbers of JSON beyond 64 bits: RFC 8259 allows them, simdjson refuses the whole text that holds one, and it may well
// be in a field that nobody reads. So may NaN and Infinity, which are no JSON, but what Python writes.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// Whether `text` is a number of JSON that 64 bits or a double can hold.
bool is_held_json_number(std::string_view text);

// Puts null in place of each number of `json` outside strings that neither 64 bits nor a double can hold, and of NaN,
// Infinity and -Infinity, into `out`, with the room behind it that simdjson wants; false when there is none.
bool replace_large_numbers(std::string_view json, std::string& out);

// Parses `text` into a value with a simdjson::dom::parser, such numbers in it taken for null; returns simdjson's error
// code. `is_padded`: bytes behind the text are readable, as simdjson wants it. `plain` holds what the value views where
// there were such numbers.
template <typename Parser, typename Value>
auto parse_json(Parser& parser, std::string_view text, Value& value, std::string& plain, bool is_padded = false) {
  auto error = parser.parse(text.data(), text.size(), !is_padded).get(value);
  if (error && replace_large_numbers(text, plain)) error = parser.parse(plain.data(), plain.size(), false).get(value);
  return error;
}

}  // namespace ftok
