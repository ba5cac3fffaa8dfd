// JSON that simdjson refuses as a whole for one value, in a field that may well be read by nobody: numbers beyond 64
// bits, which RFC 8259 allows; NaN and Infinity, which are no JSON, but what Python writes; half of a surrogate pair
// ("\ud83d"), which Python writes where a text was cut within an emoji; and values nested more than 1,024 deep.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ftok {

// Whether `text` is a number of JSON that 64 bits or a double can hold.
bool is_held_json_number(std::string_view text);

// Copies `json` into `out`, with the room behind it that simdjson wants, and in it puts `number` (a value of JSON) in
// place of each number outside strings that neither 64 bits nor a double can hold, and of NaN, Infinity and -Infinity,
// and within strings \ufffd in place of each escape that is half of a surrogate pair. False when there is nothing to
// replace.
bool make_parsable(std::string_view json, std::string& out, std::string_view number = "null");

inline constexpr size_t kJsonDepthMax = 8192;  // of arrays and objects within each other

// Parses `text` into a value with a simdjson::dom::parser, what make_parsable() replaces taken for what it puts there;
// returns simdjson's error code. `is_padded`: bytes behind the text are readable, as simdjson wants it. `plain` holds
// what the value views where something was replaced, and is empty otherwise. `number`: as of make_parsable().
template <typename Parser, typename Value>
auto parse_json(Parser& parser, std::string_view text, Value& value, std::string& plain, bool is_padded = false,
                std::string_view number = "null") {
  plain.clear();
  auto error = parser.parse(text.data(), text.size(), !is_padded).get(value);
  if (!error) return error;
  const bool is_deeper = parser.max_depth() < kJsonDepthMax && !parser.allocate(parser.capacity(), kJsonDepthMax);
  if (make_parsable(text, plain, number)) return parser.parse(plain.data(), plain.size(), false).get(value);
  plain.clear();
  return is_deeper ? parser.parse(text.data(), text.size(), !is_padded).get(value) : error;
}

// The value under a key of a simdjson::dom::object: the last where the key is there more than once, as Python and
// JavaScript have it. False when it is not there, or not a value of that type.
template <typename Object, typename Value>
bool get_last(const Object& object, std::string_view key, Value& value) {
  bool is_there = false;
  for (const auto& field : object) {
    if (field.key == key) is_there = !field.value.get(value);
  }
  return is_there;
}

}  // namespace ftok
