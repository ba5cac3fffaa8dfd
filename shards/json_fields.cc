#include "shards/json_fields.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include "core/json.h"
#include "shards/split.h"

namespace ftok {
namespace {

// The scanner below walks text that simdjson has already accepted as JSON: it looks for no errors, but never leaves the
// text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  char peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void skip() { ++at_; }

  // The text of the value that starts here.
  std::string_view value() {
    peek();
    const size_t begin = at_;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') skip_string();
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) break;
        --depth;
      }
      if (depth == 0 && (c == ',' || c == ':' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) break;
    }
    return text_.substr(begin, std::min(at_, text_.size()) - begin);
  }

 private:
  void skip_string() {  // from its first quote to its last
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::vector<std::string_view> elements_of(std::string_view array) {
  std::vector<std::string_view> elements;
  Scanner scanner(array);
  if (scanner.peek() != '[') throw JsonFields::Missing("not an array");
  scanner.skip();
  while (scanner.peek() != ']' && scanner.peek() != '\0') {
    elements.push_back(scanner.value());
    if (scanner.peek() == ',') scanner.skip();
  }
  return elements;
}

std::string string_of(std::string_view value) {
  simdjson::dom::parser parser;
  std::string_view text;
  const simdjson::padded_string padded(value);
  if (parser.parse(padded).get_string().get(text) != simdjson::SUCCESS) {
    throw JsonFields::Missing(fmt::format("{} is not a string", value.substr(0, 40)));
  }
  return std::string(text);
}

}  // namespace

JsonFields::JsonFields(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::padded_string padded(text);
  if (parser.parse(padded).get_object().get(object) != simdjson::SUCCESS) throw Missing("not a JSON object");
  *this = of_valid(text);
}

JsonFields JsonFields::of_valid(std::string_view text) {
  JsonFields fields;
  Scanner scanner(text);
  if (scanner.peek() != '{') throw Missing("not an object");
  scanner.skip();
  while (scanner.peek() != '}' && scanner.peek() != '\0') {
    std::string_view name = scanner.value();
    if (scanner.peek() == ':') scanner.skip();
    const std::string_view value = scanner.value();
    if (name.size() >= 2) name = name.substr(1, name.size() - 2);
    fields.fields_.emplace_back(name, value);
    if (scanner.peek() == ',') scanner.skip();
  }
  return fields;
}

bool JsonFields::has(std::string_view name) const {
  for (const auto& field : fields_) {
    if (field.first == name) return true;
  }
  return false;
}

std::string_view JsonFields::raw(std::string_view name) const {
  for (const auto& field : fields_) {
    if (field.first == name) return field.second;
  }
  throw Missing(fmt::format("no field \"{}\"", name));
}

std::string JsonFields::text(std::string_view name) const { return string_of(raw(name)); }

uint64_t JsonFields::number(std::string_view name) const {
  const std::string_view value = raw(name);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw Missing(fmt::format("\"{}\" is not an unsigned integer", name));
  }
  return number;
}

JsonFields JsonFields::object(std::string_view name) const { return of_valid(raw(name)); }

std::vector<JsonFields> JsonFields::objects(std::string_view name) const {
  std::vector<JsonFields> objects;
  for (const std::string_view element : elements_of(raw(name))) objects.push_back(of_valid(element));
  return objects;
}

std::vector<std::string> JsonFields::texts(std::string_view name) const {
  std::vector<std::string> texts;
  for (const std::string_view element : elements_of(raw(name))) texts.push_back(string_of(element));
  return texts;
}

std::map<std::string, std::string> JsonFields::string_map(std::string_view name) const {
  std::map<std::string, std::string> map;
  const JsonFields object = of_valid(raw(name));
  for (const auto& [key, value] : object.fields_) map[string_of(fmt::format("\"{}\"", key))] = string_of(value);
  return map;
}

std::map<std::string, uint64_t> JsonFields::number_map(std::string_view name) const {
  std::map<std::string, uint64_t> map;
  const JsonFields object = of_valid(raw(name));
  for (const auto& [key, value] : object.fields_) map[string_of(fmt::format("\"{}\"", key))] = object.number(key);
  return map;
}

void JsonFields::expect(std::string_view name, std::string_view value) const {
  const std::string got = text(name);
  if (got != value) throw Missing(fmt::format("\"{}\" is \"{}\", expected \"{}\"", name, got, value));
}

void JsonFields::expect(std::string_view name, uint64_t value) const {
  const uint64_t got = number(name);
  if (got != value) throw Missing(fmt::format("\"{}\" is {}, expected {}", name, got, value));
}

std::string write_file_entry(const FileEntry& file) {
  JsonWriter json;
  json.begin_object().field("name", file.name).field("bytes", file.bytes).field("checksum", file.checksum).end_object();
  return json.take();
}

FileEntry read_file_entry(const JsonFields& fields) {
  return {fields.text("name"), fields.number("bytes"), fields.text("checksum")};
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_split_counts(JsonWriter& json, const uint64_t (&documents)[2], const uint64_t (&tokens)[2]) {
  for (const Split split : kSplits) {
    const auto s = static_cast<size_t>(split);
    // As a raw value: it stays on one line where the writer indents.
    json.key(split_name(split)).raw(fmt::format("{{\"documents\":{},\"tokens\":{}}}", documents[s], tokens[s]));
  }
}

void read_split_counts(const JsonFields& fields, uint64_t (&documents)[2], uint64_t (&tokens)[2]) {
  for (const Split split : kSplits) {
    const JsonFields of_split = fields.object(split_name(split));
    documents[static_cast<size_t>(split)] = of_split.number("documents");
    tokens[static_cast<size_t>(split)] = of_split.number("tokens");
  }
}

}  // namespace ftok
