// Renders chat templates for compare_chat_templates: a line {"template", "variables"} in, {"text"} or {"error", "line"}
// out.
#include <fmt/format.h>
#include <simdjson.h>

#include <iostream>
#include <string>

#include "core/json.h"
#include "tokenizer/jinja/interpreter.h"

namespace ftok::jinja {
namespace {

namespace json = simdjson::dom;

Value value_of(json::element element) {
  switch (element.type()) {
    case json::element_type::ARRAY: {
      List list;
      for (const json::element item : json::array(element)) {
        list.items.push_back(value_of(item));
        list.depth = std::max(list.depth, depth_of(list.items.back()) + 1);
        list.weight += weight_of(list.items.back());
      }
      return {std::make_shared<const List>(std::move(list))};
    }
    case json::element_type::OBJECT: {
      Dict dict;
      for (const auto field : json::object(element)) {
        dict.items.emplace_back(Value::text(field.key, 1), value_of(field.value));
        dict.depth = std::max(dict.depth, depth_of(dict.items.back().second) + 1);
        dict.weight += 1 + weight_of(dict.items.back().second);
      }
      return {std::make_shared<const Dict>(std::move(dict))};
    }
    case json::element_type::STRING: return Value::text(std::string_view(element), 1);
    case json::element_type::BOOL: return {bool(element)};
    case json::element_type::INT64: return {int64_t(element)};
    case json::element_type::DOUBLE: return {double(element)};
    default: return Value::none();
  }
}

std::string answer_of(const std::string& line) {
  json::parser parser;
  const json::element root = parser.parse(line);
  JsonWriter writer;
  writer.begin_object();
  try {
    RenderInput input;
    for (const auto field : json::object(root["variables"]))
      input.variables.emplace_back(std::string(field.key), value_of(field.value));
    input.now = [] {
      std::tm day{};
      day.tm_year = 124, day.tm_mon = 6, day.tm_mday = 26, day.tm_wday = 5, day.tm_yday = 207;  // 26 July 2024
      return day;
    };
    const Rendering made = render(*parse_jinja(std::string_view(root["template"])), input);
    if (made.text.bytes.size() != made.text.writers.size()) throw Failure{0, "bytes without writers"};
    writer.field("text", made.text.bytes);
  } catch (const Failure& failure) {
    writer.field("error", failure.what).field("line", failure.line);
  }
  return writer.end_object().take();
}

}  // namespace
}  // namespace ftok::jinja

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << ftok::jinja::answer_of(line) << std::endl;
}
