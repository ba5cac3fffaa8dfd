#include "tokenizer/jinja/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ftok::jinja {
namespace {

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[40];
  const char* const end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  std::string out = text.starts_with('-') ? "-" : "";
  if (!out.empty()) text.remove_prefix(1);
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  const int n = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1) + (n > 1 ? "." + digits.substr(1) : "") + (exponent < 0 ? "e-" : "e+");
    const std::string size = std::to_string(std::abs(exponent));
    return out + (size.size() < 2 ? "0" : "") + size;
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (n <= exponent + 1) return out + digits + std::string(static_cast<size_t>(exponent + 1 - n), '0') + ".0";
  const size_t whole = static_cast<size_t>(exponent) + 1;
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

// A character as \xNN, \uNNNN or \UNNNNNNNN.
std::string escape_of(char32_t c) {
  static const char* const kHex = "0123456789abcdef";
  const int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
  std::string out = digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
  for (int i = digits - 1; i >= 0; --i) out += kHex[(c >> (4 * i)) & 15];
  return out;
}

void append_repr(MarkedText& out, const MarkedText& text) {
  const bool has_single = text.bytes.find('\'') != std::string::npos;
  const char quote = has_single && text.bytes.find('"') == std::string::npos ? '"' : '\'';
  out.append(std::string_view(&quote, 1), 0);
  for (const CharPlace& c : chars_of(text.bytes)) {
    const Writer writer = text.writers[c.begin];
    const char32_t code = c.code_point;
    if (code == static_cast<unsigned char>(quote) || code == '\\') {
      out.append("\\", writer);
      out.append(std::string_view(text.bytes).substr(c.begin, c.size), writer);
    } else if (code == '\n' || code == '\r' || code == '\t') {
      out.append(code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t", writer);
    } else if (c.valid && (code < 0x20 || (code >= 0x7F && code <= 0xA0) || code == 0xAD)) {
      out.append(escape_of(code), writer);
    } else {
      out.append(std::string_view(text.bytes).substr(c.begin, c.size), writer);
    }
  }
  out.append(std::string_view(&quote, 1), 0);
}

bool append_either(MarkedText& out, const Value& value, size_t budget, bool is_repr) {
  if (out.size() > budget) return false;
  if (const MarkedText* text = value.as_text()) {
    is_repr ? append_repr(out, *text) : out.append(*text);
  } else if (const List* list = value.as_list()) {
    out.append(list->is_tuple ? "(" : "[", 0);
    for (size_t i = 0; i < list->items.size(); ++i) {
      if (i > 0) out.append(", ", 0);
      if (!append_either(out, list->items[i], budget, true)) return false;
    }
    if (list->is_tuple && list->items.size() == 1) out.append(",", 0);
    out.append(list->is_tuple ? ")" : "]", 0);
  } else if (const Dict* dict = value.as_dict()) {
    out.append("{", 0);
    for (size_t i = 0; i < dict->items.size(); ++i) {
      if (i > 0) out.append(", ", 0);
      if (!append_either(out, dict->items[i].first, budget, true)) return false;
      out.append(": ", 0);
      if (!append_either(out, dict->items[i].second, budget, true)) return false;
    }
    out.append("}", 0);
  } else if (value.is_undefined()) {
    out.append(is_repr ? "Undefined" : "", 0);
  } else if (value.is_none()) {
    out.append("None", 0);
  } else if (value.is_number()) {
    out.append(number_text(value), value.writer);
  }
  return out.size() <= budget;
}

void append_json_text(MarkedText& out, const MarkedText& text, bool ascii) {
  out.append("\"", 0);
  for (const CharPlace& c : chars_of(text.bytes)) {
    const Writer writer = text.writers[c.begin];
    const char32_t code = c.code_point;
    constexpr std::string_view kNamed = "\"\\\n\r\t\b\f", kLetters = "\"\\nrtbf";
    const size_t named = code < 0x80 ? kNamed.find(static_cast<char>(code)) : std::string_view::npos;
    if (named != std::string_view::npos) {
      out.append("\\", writer);
      out.append(kLetters.substr(named, 1), writer);
    } else if (code < 0x20 || (ascii && c.valid && code >= 0x7F && code < 0x100)) {
      out.append("\\u00" + escape_of(code).substr(2), writer);
    } else if (ascii && c.valid && code >= 0x10000) {
      out.append(escape_of(0xD800 + ((code - 0x10000) >> 10)) + escape_of(0xDC00 + ((code - 0x10000) & 0x3FF)), writer);
    } else if (ascii && c.valid && code >= 0x100) {
      out.append(escape_of(code), writer);
    } else {
      out.append(std::string_view(text.bytes).substr(c.begin, c.size), writer);
    }
  }
  out.append("\"", 0);
}

std::string json_number(const Value& value) {
  if (value.holds<bool>()) return std::get<bool>(value.is) ? "true" : "false";
  const double* number = std::get_if<double>(&value.is);
  if (number != nullptr && std::isnan(*number)) return "NaN";
  if (number != nullptr && std::isinf(*number)) return *number < 0 ? "-Infinity" : "Infinity";
  return number_text(value);
}

void append_json_break(MarkedText& out, const JsonForm& form, int level) {
  if (form.indent < 0) return;
  out.append("\n" + std::string(static_cast<size_t>(form.indent) * static_cast<size_t>(level), ' '), 0);
}

std::string append_json_key(MarkedText& out, const Value& key, const JsonForm& form) {
  if (const MarkedText* text = key.as_text()) {
    append_json_text(out, *text, form.ascii);
    return "";
  }
  if (!key.is_number() && !key.is_none()) return std::string(type_name(key)) + " as a key";
  append_json_text(out, MarkedText(key.is_none() ? "null" : json_number(key), key.writer), form.ascii);
  return "";
}

std::string append_json_dict(MarkedText& out, const Dict& dict, const JsonForm& form, size_t budget, int level) {
  std::vector<std::pair<Value, Value>> items = dict.items;
  if (form.sorts_keys) {
    for (const auto& [key, value] : items) {
      if (key.as_text() == nullptr) return std::string(type_name(key)) + " as a key to sort by";
    }
    std::stable_sort(items.begin(), items.end(),
                     [](const auto& a, const auto& b) { return a.first.as_text()->bytes < b.first.as_text()->bytes; });
  }
  out.append("{", 0);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.append(form.item_separator, 0);
    append_json_break(out, form, level + 1);
    if (std::string wrong = append_json_key(out, items[i].first, form); !wrong.empty()) return wrong;
    out.append(form.key_separator, 0);
    if (std::string wrong = append_json(out, items[i].second, form, budget, level + 1); !wrong.empty()) return wrong;
  }
  if (!items.empty()) append_json_break(out, form, level);
  out.append("}", 0);
  return "";
}

}  // namespace

const MarkedText* Value::as_text() const {
  const TextPtr* text = std::get_if<TextPtr>(&is);
  return text == nullptr ? nullptr : text->get();
}

const List* Value::as_list() const {
  const auto* list = std::get_if<std::shared_ptr<const List>>(&is);
  return list == nullptr ? nullptr : list->get();
}

const Dict* Value::as_dict() const {
  const auto* dict = std::get_if<std::shared_ptr<const Dict>>(&is);
  return dict == nullptr ? nullptr : dict->get();
}

bool Value::as_int(int64_t& number) const {
  if (const bool* truth = std::get_if<bool>(&is)) return number = *truth ? 1 : 0, true;
  if (const int64_t* whole = std::get_if<int64_t>(&is)) return number = *whole, true;
  return false;
}

bool Value::as_double(double& number) const {
  if (const double* real = std::get_if<double>(&is)) return number = *real, true;
  int64_t whole = 0;
  if (!as_int(whole)) return false;
  number = static_cast<double>(whole);
  return true;
}

int depth_of(const Value& value) {
  if (const List* list = value.as_list()) return list->depth;
  if (const Dict* dict = value.as_dict()) return dict->depth;
  const bool is_plain = value.is_undefined() || value.is_none() || value.is_number() || value.as_text() != nullptr;
  return is_plain ? 0 : kValueDepthMax;
}

uint64_t weight_of(const Value& value) {
  if (const List* list = value.as_list()) return list->weight;
  if (const Dict* dict = value.as_dict()) return dict->weight;
  const MarkedText* text = value.as_text();
  return text == nullptr ? 1 : 1 + text->size() / 16;
}

bool is_true(const Value& value) {
  if (const MarkedText* text = value.as_text()) return !text->empty();
  if (const List* list = value.as_list()) return !list->items.empty();
  if (const Dict* dict = value.as_dict()) return !dict->items.empty();
  double number = 0;
  if (value.as_double(number)) return number != 0;
  return !value.is_undefined() && !value.is_none();
}

bool is_equal(const Value& a, const Value& b) {
  int64_t whole_a = 0, whole_b = 0;
  if (a.as_int(whole_a) && b.as_int(whole_b)) return whole_a == whole_b;
  double real_a = 0, real_b = 0;
  if (a.as_double(real_a) && b.as_double(real_b)) return real_a == real_b;
  if (a.is.index() != b.is.index()) return false;
  if (const MarkedText* text = a.as_text()) return text->bytes == b.as_text()->bytes;
  if (const List* list = a.as_list()) {
    const List& other = *b.as_list();
    return list->is_tuple == other.is_tuple &&
           std::equal(list->items.begin(), list->items.end(), other.items.begin(), other.items.end(), is_equal);
  }
  if (const Dict* dict = a.as_dict()) {
    if (dict->items.size() != b.as_dict()->items.size()) return false;
    for (const auto& [key, value] : dict->items) {
      const Value* other = find_item(*b.as_dict(), key);
      if (other == nullptr || !is_equal(value, *other)) return false;
    }
    return true;
  }
  if (a.is_undefined() || a.is_none()) return true;
  if (const auto* space = std::get_if<std::shared_ptr<Namespace>>(&a.is))
    return *space == std::get<std::shared_ptr<Namespace>>(b.is);
  return false;
}

const Value* find_item(const Dict& dict, const Value& key) {
  for (const auto& [name, value] : dict.items) {
    if (is_equal(name, key)) return &value;
  }
  return nullptr;
}

const Value* find_item(const Dict& dict, std::string_view key) {
  for (const auto& [name, value] : dict.items) {
    if (const MarkedText* text = name.as_text(); text != nullptr && text->bytes == key) return &value;
  }
  return nullptr;
}

std::string_view type_name(const Value& value) {
  static const char* const kNames[] = {"undefined", "none",   "a truth value", "a number", "a number",  "a string",
                                       "a list",    "a dict", "a namespace",   "a loop",   "a function"};
  return kNames[value.is.index()];
}

bool append_str(MarkedText& out, const Value& value, size_t budget) { return append_either(out, value, budget, false); }

std::string number_text(const Value& value) {
  if (const bool* truth = std::get_if<bool>(&value.is)) return *truth ? "True" : "False";
  if (const int64_t* whole = std::get_if<int64_t>(&value.is)) return std::to_string(*whole);
  return float_text(std::get<double>(value.is));
}

std::string append_json(MarkedText& out, const Value& value, const JsonForm& form, size_t budget, int level) {
  if (out.size() > budget) return "so much text";
  if (const MarkedText* text = value.as_text()) {
    append_json_text(out, *text, form.ascii);
  } else if (const List* list = value.as_list()) {
    out.append("[", 0);
    for (size_t i = 0; i < list->items.size(); ++i) {
      if (i > 0) out.append(form.item_separator, 0);
      append_json_break(out, form, level + 1);
      if (std::string wrong = append_json(out, list->items[i], form, budget, level + 1); !wrong.empty()) return wrong;
    }
    if (!list->items.empty()) append_json_break(out, form, level);
    out.append("]", 0);
  } else if (const Dict* dict = value.as_dict()) {
    return append_json_dict(out, *dict, form, budget, level);
  } else if (value.is_none()) {
    out.append("null", 0);
  } else if (value.is_number()) {
    out.append(json_number(value), value.writer);
  } else {
    return std::string(type_name(value));
  }
  return "";
}

}  // namespace ftok::jinja
