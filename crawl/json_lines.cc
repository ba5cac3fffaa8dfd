#include "crawl/json_lines.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "core/ascii.h"
#include "core/error.h"
#include "core/lenient_json.h"
#include "core/text_file.h"
#include "crawl/charset.h"
#include "document/document_fields.h"
#include "text/unicode.h"

namespace ftok {

const char* damage_within(const DecodedInput& input, size_t& size) {
  for (const Member& member : input.members()) {
    if (member.start > input.offset() + size) break;
    if (member.damage == nullptr || member.end <= input.offset() || member.end > input.offset() + size) continue;
    size = member.end - input.offset();
    return member.damage;
  }
  return nullptr;
}

bool JsonLineReader::next(JsonLine& line) {
  while (true) {
    size_t size = 0;
    bool too_large = false;
    if (!find_line(size, too_large)) return false;
    ++number_;
    const std::string_view text = too_large ? std::string_view() : input_->window().substr(0, size);
    const char* const damage = too_large ? nullptr : damage_within(*input_, size);
    if (!too_large && damage == nullptr && trim(text).empty()) {
      input_->consume(size);
      continue;
    }
    line = {{}, number_, input_->has_rows() ? number_ : input_->stored_offset(input_->offset()), {}};
    if (too_large) {
      line.verdict = Verdict::drop("text.too_large", 0, static_cast<double>(line_bytes_max_));
      skip_line();
      return true;
    }
    if (damage != nullptr) {
      line.verdict = Verdict::drop("text.damaged", 0, 0, damage);
    } else {
      line.text = without_byte_order_mark(text);  // where files have been put behind each other
    }
    input_->consume(size);  // keeps the view
    return true;
  }
}

// The next line, its newline included; false at the end of the input.
bool JsonLineReader::find_line(size_t& size, bool& too_large) {
  size_t from = 0;
  while (true) {
    const std::string_view window = input_->window();
    const void* const hit =
        from < window.size() ? std::memchr(window.data() + from, '\n', window.size() - from) : nullptr;
    if (hit != nullptr) {
      size = static_cast<size_t>(static_cast<const char*>(hit) - window.data()) + 1;
      too_large = size > line_bytes_max_ + 1;
      return true;
    }
    from = window.size();
    if (from > line_bytes_max_) return too_large = true;
    if (!input_->grow()) {
      size = input_->window().size();
      return size > 0;
    }
  }
}

void JsonLineReader::skip_line() {
  while (true) {
    const std::string_view window = input_->window();
    const size_t end = window.find('\n');
    input_->consume(end == std::string_view::npos ? window.size() : end + 1);
    if (end != std::string_view::npos || !input_->grow()) return;
  }
}

bool exact_double(uint64_t integer, double& number) {
  constexpr double kEnd = 18446744073709551616.0;  // 2^64: what the largest integers round to
  number = static_cast<double>(integer);
  return number < kEnd && static_cast<uint64_t>(number) == integer;
}

bool exact_double(int64_t integer, double& number) {
  const uint64_t size = integer < 0 ? -static_cast<uint64_t>(integer) : static_cast<uint64_t>(integer);
  const bool is_exact = exact_double(size, number);
  if (integer < 0) number = -number;
  return is_exact;
}

std::string_view utf8_line(std::string_view line, std::string& copy, uint64_t& replaced) {
  replaced = 0;
  if (simdjson::validate_utf8(line)) return line;
  replaced = decode_utf8_text(line, copy);
  copy.reserve(copy.size() + ByteWindow::kPadding);
  return copy;
}

struct JsonDocumentParser::Parser {
  simdjson::dom::parser dom;
};

JsonDocumentParser::JsonDocumentParser(std::string text_key, std::string id_key, std::string start_after,
                                       const NamedFields& fields)
    : parser_(std::make_unique<Parser>()),
      text_key_(std::move(text_key)),
      id_key_(std::move(id_key)),
      start_after_(std::move(start_after)) {
  const auto intern = [](const std::vector<std::string>& names, std::vector<Reason>& reasons) {
    for (const std::string& name : names) {
      const std::optional<Reason> interned = Reason::intern(name);
      if (!interned) throw UsageError(fmt::format("'{}' cannot be the name of a field", name));
      reasons.push_back(*interned);
    }
  };
  intern(fields.numbers, numbers_);
  intern(fields.texts, texts_);
  intern(fields.lists, lists_);
}
JsonDocumentParser::~JsonDocumentParser() = default;

namespace {

bool take_string(const simdjson::dom::object& object, std::string_view key, std::string& out) {
  std::string_view value;
  if (!get_last(object, key, value)) return false;
  out = value;
  return true;
}

// The texts of a list, but for its nulls; false where it is none, or holds anything else.
bool take_strings(const simdjson::dom::element& element, std::vector<std::string>& out) {
  simdjson::dom::array values;
  if (element.get(values) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element value : values) {
    std::string_view text;
    if (value.is_null()) continue;
    if (value.get(text) != simdjson::SUCCESS) return false;
    out.emplace_back(text);
  }
  return true;
}

// What a line has in place of the text's key, for whoever named another: its first keys, cut short.
std::string other_keys(const simdjson::dom::object& object, std::string_view missing) {
  constexpr size_t kKeysMax = 8;
  constexpr int64_t kKeyBytesMax = 32;
  std::string out = fmt::format("no string under \"{}\"; the keys are", missing);
  size_t count = 0;
  for (const auto& field : object) {
    if (count == kKeysMax) return out + ", ...";
    std::string key(utf8_prefix(field.key, kKeyBytesMax));
    std::replace_if(
        key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
    out += fmt::format("{}{}", count++ == 0 ? " " : ", ", key);
  }
  return count == 0 ? out + " none" : out;
}

}  // namespace

bool id_as_written(std::string_view line, std::string_view key, std::string& id) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(line);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS)
    return false;
  std::string_view written;
  for (auto one : object) {
    simdjson::ondemand::field field;
    std::string_view name;
    if (std::move(one).get(field) != simdjson::SUCCESS) return false;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS || name != key) continue;
    if (simdjson::to_json_string(field.value()).get(written) != simdjson::SUCCESS) return false;
  }
  if (written.empty() || written == "null") return false;
  id.resize(written.size());
  size_t size = 0;
  if (simdjson::minify(written.data(), written.size(), id.data(), size) != simdjson::SUCCESS) return false;
  id.resize(size);
  return true;
}

namespace {

// Whether a member of such an object is a field under a name of its own. So is what was found out about the document's
// cluster before the run ended.
bool is_named_field(std::string_view key) {
  return key == "cluster_id" || key == "cluster_size" || !is_reserved_field(key);
}

// One field of a document after the other, from the object that write_document_fields() made of it.
class FieldTaker {
 public:
  explicit FieldTaker(const simdjson::dom::object& object) : object_(object) {}

  template <typename Value>
  void operator()(std::string_view name, Value& value) {
    std::conditional_t<std::is_same_v<Value, std::string>, std::string_view, Value> taken{};
    if (object_[name].get(taken) == simdjson::SUCCESS) {
      value = Value(taken);
    } else if (missing.empty() && !is_left_out_where_empty(name)) {
      missing = name;
    }
  }
  template <typename Number>
  void operator()(std::string_view name, std::vector<Number>& numbers) {
    simdjson::dom::array values;
    if (object_[name].get(values) != simdjson::SUCCESS) return;  // left out where empty
    for (const simdjson::dom::element element : values) {
      uint64_t number = 0;
      if (element.get(number) != simdjson::SUCCESS || number > std::numeric_limits<Number>::max()) {
        numbers.clear();
        if (missing.empty()) missing = name;
        return;
      }
      numbers.push_back(static_cast<Number>(number));
    }
  }
  // Under their own names: the numbers that are no field of a document.
  void operator()(std::string_view, std::vector<NamedScore>& scores) {
    for (const auto& [key, value] : object_) {
      double score = 0;
      if (!value.is_number() || !is_named_field(key) || value.get(score) != simdjson::SUCCESS) continue;
      if (const std::optional<Reason> name = Reason::intern(key)) scores.push_back({*name, score});
    }
  }
  // The same of texts and lists of texts.
  void operator()(std::string_view, std::vector<NamedTexts>& labels) {
    for (const auto& [key, value] : object_) {
      if (!is_named_field(key) || !(value.is_string() || value.is_array())) continue;
      NamedTexts label;
      label.is_list = value.is_array();
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) label.texts.emplace_back(text);
      if (label.is_list && !take_strings(value, label.texts)) continue;
      const std::optional<Reason> name = Reason::intern(key);
      if (!name) continue;
      label.name = *name;
      labels.push_back(std::move(label));
    }
  }

  std::string_view missing;  // the first field that is not there

 private:
  const simdjson::dom::object& object_;
};

Verdict take_all_fields(const simdjson::dom::object& object, const std::string& start_after, Document& document) {
  std::string stage;
  if (!take_string(object, kStoppedAfterKey, stage)) {
    return Verdict::drop("text.other_stage", 0, 0, fmt::format("not of a run that stopped after {}", start_after));
  }
  if (stage != start_after)
    return Verdict::drop("text.other_stage", 0, 0, fmt::format("of a run that stopped after {}", stage));
  FieldTaker take(object);
  for_each_field(document, kInStoppedLine, take);
  if (!take.missing.empty()) return Verdict::drop("text.bad_json", 0, 0, fmt::format("no field {}", take.missing));
  return Verdict::keep();
}

// `has_replaced`: values of the object are null in place of what the line has.
bool take_id(const simdjson::dom::object& object, std::string_view line, std::string_view key, bool has_replaced,
             std::string& id) {
  if (std::string_view text; get_last(object, key, text)) {
    if (!text.empty()) id = text;
    return !text.empty();
  }
  if (int64_t number = 0; get_last(object, key, number) && number != 0) {  // "-0" is its own
    id = std::to_string(number);
    return true;
  }
  simdjson::dom::element value;
  return get_last(object, key, value) && (!value.is_null() || has_replaced) && id_as_written(line, key, id);
}

}  // namespace

namespace {

// False for integers that a double does not hold.
bool take_number(const simdjson::dom::object& object, std::string_view key, double& number) {
  simdjson::dom::element value;
  if (!get_last(object, key, value)) return false;
  if (int64_t integer = 0; value.get(integer) == simdjson::SUCCESS) return exact_double(integer, number);
  if (uint64_t integer = 0; value.get(integer) == simdjson::SUCCESS) return exact_double(integer, number);
  return value.get(number) == simdjson::SUCCESS;
}

// A string, or a number with all its digits. `has_replaced`: as for take_id().
bool take_text(const simdjson::dom::object& object, std::string_view line, std::string_view key, bool has_replaced,
               std::string& text) {
  if (take_string(object, key, text)) return true;
  simdjson::dom::element value;
  if (!get_last(object, key, value) || !(value.is_number() || (value.is_null() && has_replaced))) return false;
  return id_as_written(line, key, text) && (is_digit(text[0]) || text[0] == '-');
}

}  // namespace

Verdict JsonDocumentParser::parse(std::string_view line, Document& document, bool& has_id) {
  has_id = false;
  // simdjson refuses bytes that are not UTF-8; they are replaced first, and counted.
  line = utf8_line(line, sanitized_, document.replacements);
  simdjson::dom::element root;
  const simdjson::error_code error = parse_json(parser_->dom, line, root, plain_, true);
  simdjson::dom::object object;
  if (error != simdjson::SUCCESS || root.get(object) != simdjson::SUCCESS) {
    return Verdict::drop("text.bad_json", 0, 0,
                         error != simdjson::SUCCESS ? simdjson::error_message(error) : "not an object");
  }
  if (!take_string(object, text_key_, document.text))
    return Verdict::drop("text.no_text", 0, 0, other_keys(object, text_key_));
  if (!start_after_.empty()) {
    has_id = true;
    document.replacements = 0;
    return take_all_fields(object, start_after_, document);
  }
  has_id = take_id(object, line, id_key_, !plain_.empty(), document.id);
  take_string(object, "url", document.url);
  take_string(object, "date", document.date);
  take_string(object, "dump", document.dump);
  take_string(object, "language", document.language);
  double score = 0;
  if (take_number(object, "language_score", score)) document.language_score = score;
  for (const Reason& name : numbers_) {
    if (take_number(object, name.view(), score)) document.scores.push_back({name, score});
  }
  std::string text;
  for (const Reason& name : texts_) {
    if (take_text(object, line, name.view(), !plain_.empty(), text))
      document.labels.push_back({name, false, {std::move(text)}});
  }
  simdjson::dom::element list;
  for (const Reason& name : lists_) {
    NamedTexts label{name, true, {}};
    if (get_last(object, name.view(), list) && take_strings(list, label.texts))
      document.labels.push_back(std::move(label));
  }
  document.charset = "UTF-8";
  return Verdict::keep();
}

}  // namespace ftok
