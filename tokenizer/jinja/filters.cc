// Filters: what stands behind | in a template.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/words.h"
#include "tokenizer/jinja/builtins.h"
#include "tokenizer/jinja/text_functions.h"

namespace ftok::jinja {
namespace {

using Bound = std::vector<const Value*>;
using Filter = Value (*)(Machine&, const Value&, const Arguments&);

bool is_set(const Value* value) { return value != nullptr && is_true(*value); }

// The first arguments from `from` on, as a filter or test in selectattr and map takes them.
Arguments rest_of(const Arguments& arguments, size_t from) {
  Arguments rest;
  for (size_t i = from; i < arguments.positional.size(); ++i) rest.positional.push_back(arguments.positional[i]);
  rest.named = arguments.named;
  return rest;
}

// "a.b.0" of a value.
Value value_at(Machine& machine, Value value, const Value& path) {
  int64_t number = 0;
  if (path.as_int(number)) return machine.item(value, path);
  std::string_view rest = machine.need_text("an attribute", path).bytes;
  while (true) {
    const size_t point = rest.find('.');
    const std::string_view name = rest.substr(0, point);
    const bool is_number =
        std::from_chars(name.data(), name.data() + name.size(), number).ptr == name.data() + name.size();
    value = machine.item(value, is_number && !name.empty() ? Value{number} : Value::text(name));
    if (point == std::string_view::npos) return value;
    rest.remove_prefix(point + 1);
  }
}

Value filter_trim(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("trim", arguments, {"chars"}, 0);
  Arguments chars;
  if (bound[0] != nullptr) chars.positional.push_back(*bound[0]);
  return call_method(machine, machine.make(machine.str(input)), "strip", chars);
}

Value filter_tojson(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}, 0);
  JsonForm form;
  form.ascii = is_set(bound[0]);
  form.sorts_keys = is_set(bound[3]);
  if (bound[1] != nullptr && !bound[1]->is_none()) {
    const int64_t indent = machine.need_int("tojson", *bound[1]);
    if (indent < 0 || indent > 64) machine.fail("tojson with an indent outside 0..64");
    form.indent = static_cast<int>(indent);
    form.item_separator = ",";
  }
  if (bound[2] != nullptr && !bound[2]->is_none()) {
    const List* const pair = bound[2]->as_list();
    if (pair == nullptr || pair->items.size() != 2) machine.fail("tojson: separators are two strings");
    form.item_separator = machine.need_text("tojson", pair->items[0]).bytes;
    form.key_separator = machine.need_text("tojson", pair->items[1]).bytes;
  }
  MarkedText text;
  machine.spend(weight_of(input));
  const std::string wrong = append_json(text, input, form, machine.input().limits.text_bytes);
  if (!wrong.empty()) machine.fail("tojson cannot write " + wrong);
  return machine.make(std::move(text));
}

Value filter_length(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("length", arguments, {}, 0);
  return {machine.length_of(input)};
}

template <LetterCase kCase>
Value filter_case(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("a filter of letters", arguments, {}, 0);
  return machine.make(in_case(machine.str(input), kCase));
}

// Jinja's title: words begin behind white space and - ( { [ <.
Value filter_title(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("title", arguments, {}, 0);
  const MarkedText text = machine.str(input);
  MarkedText out;
  size_t begin = 0;
  const auto add_word = [&](size_t end) {
    out.append(in_case(text.part(begin, end), LetterCase::kCapitalized));
    begin = end;
  };
  for (const CharPlace& c : chars_of(text.bytes)) {
    const bool is_between = is_python_space(c.code_point) ||
                            (c.code_point < 0x80 && c.code_point != 0 &&
                             std::string_view("-({[<").find(static_cast<char>(c.code_point)) != std::string_view::npos);
    if (!c.valid || !is_between) continue;
    add_word(c.begin);
    out.append(text.part(c.begin, c.begin + c.size));
    begin = c.begin + c.size;
  }
  add_word(text.size());
  return machine.make(std::move(out));
}

Value filter_first(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("first", arguments, {}, 0);
  std::vector<Value> items = machine.items_of(input);
  return items.empty() ? Value::undefined("the first of nothing") : std::move(items.front());
}

Value filter_last(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("last", arguments, {}, 0);
  std::vector<Value> items = machine.items_of(input);
  return items.empty() ? Value::undefined("the last of nothing") : std::move(items.back());
}

Value filter_join(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("join", arguments, {"d", "attribute"}, 0);
  std::vector<Value> items = machine.items_of(input);
  if (bound[1] != nullptr) {
    for (Value& item : items) item = value_at(machine, item, *bound[1]);
  }
  return joined(machine, items, bound[0] == nullptr ? MarkedText() : machine.str(*bound[0]), true);
}

Value filter_default(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("default", arguments, {"default_value", "boolean"}, 0);
  const bool is_missing = input.is_undefined() || (is_set(bound[1]) && !is_true(input));
  return !is_missing ? input : bound[0] == nullptr ? Value::text("") : *bound[0];
}

Value filter_items(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("items", arguments, {}, 0);
  if (input.is_undefined()) return machine.make_list({});
  if (input.as_dict() == nullptr) machine.refuse("items needs a dict, got", input);
  return call_method(machine, input, "items", {});
}

Value filter_list(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("list", arguments, {}, 0);
  return machine.make_list(machine.items_of(input));
}

Value filter_int(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("int", arguments, {"default", "base"}, 0);
  if (bound[1] != nullptr && machine.need_int("int", *bound[1]) != 10) machine.fail("int with a base is not supported");
  Value otherwise = bound[0] == nullptr ? Value{int64_t{0}} : *bound[0];
  if (input.is_undefined()) machine.refuse("there is no number in", input);
  int64_t whole = 0;
  double real = 0;
  if (input.as_int(whole)) return {whole, input.writer};
  const MarkedText* const text = input.as_text();
  const Writer writer = text == nullptr || text->empty() ? input.writer : text->writers[0];
  if (text != nullptr && read_int(text->bytes, whole)) return {whole, writer};
  const bool is_real = text != nullptr ? read_float(text->bytes, real) : input.as_double(real);
  if (!is_real || !(std::abs(real) < 9.2e18)) return otherwise;
  return {static_cast<int64_t>(real), writer};
}

Value filter_float(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("float", arguments, {"default"}, 0);
  if (input.is_undefined()) machine.refuse("there is no number in", input);
  double real = 0;
  const MarkedText* const text = input.as_text();
  const Writer writer = text == nullptr || text->empty() ? input.writer : text->writers[0];
  if (text != nullptr ? read_float(text->bytes, real) : input.as_double(real)) return {real, writer};
  return bound[0] == nullptr ? Value{0.0} : *bound[0];
}

Value filter_string(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("string", arguments, {}, 0);
  return machine.make(machine.str(input));
}

Value filter_safe(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("safe", arguments, {}, 0);
  return machine.make(machine.str(input));
}

// selectattr, rejectattr, select, reject: with an attribute, and the name of a test.
template <bool kWithAttribute, bool kWanted>
Value filter_select(Machine& machine, const Value& input, const Arguments& arguments) {
  const size_t name_at = kWithAttribute ? 1 : 0;
  if (kWithAttribute && arguments.positional.empty()) machine.fail("selectattr needs its attribute");
  const bool has_test = arguments.positional.size() > name_at;
  const std::string name = has_test ? machine.need_text("the name of a test", arguments.positional[name_at]).bytes : "";
  const Arguments rest = rest_of(arguments, name_at + 1);
  std::vector<Value> kept;
  if (!is_true(input)) return machine.make_list({});
  for (const Value& item : machine.items_of(input)) {
    const Value value = kWithAttribute ? value_at(machine, item, arguments.positional[0]) : item;
    machine.spend(1);
    if ((has_test ? apply_test(machine, name, value, rest) : is_true(value)) == kWanted) kept.push_back(item);
  }
  return machine.make_list(std::move(kept));
}

Value filter_map(Machine& machine, const Value& input, const Arguments& arguments) {
  if (!is_true(input)) return machine.make_list({});
  std::vector<Value> items = machine.items_of(input);
  if (arguments.positional.empty()) {
    const Bound bound = machine.bind("map", arguments, {"attribute", "default"}, 1);
    for (Value& item : items) {
      item = value_at(machine, item, *bound[0]);
      if (item.is_undefined() && bound[1] != nullptr) item = *bound[1];
    }
    return machine.make_list(std::move(items));
  }
  const std::string name = machine.need_text("the name of a filter", arguments.positional[0]).bytes;
  const Arguments rest = rest_of(arguments, 1);
  for (Value& item : items) {
    machine.spend(1);
    item = apply_filter(machine, name, item, rest);
  }
  return machine.make_list(std::move(items));
}

Value filter_replace(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("replace", arguments, {"old", "new", "count"}, 2);
  const int64_t count = bound[2] == nullptr || bound[2]->is_none() ? -1 : machine.need_int("replace", *bound[2]);
  return replaced(machine, machine.str(input), machine.str(*bound[0]), machine.str(*bound[1]), count);
}

Value filter_reverse(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("reverse", arguments, {}, 0);
  if (input.as_text() != nullptr) return slice(machine, input, {}, {}, Value{int64_t{-1}});
  std::vector<Value> items = machine.items_of(input);
  std::reverse(items.begin(), items.end());
  return machine.make_list(std::move(items));
}

// Strings compare in lower case unless they are told not to.
Value sort_key(Machine& machine, const Value& value, bool is_sensitive) {
  const MarkedText* const text = value.as_text();
  return text == nullptr || is_sensitive ? value : machine.make(in_case(*text, LetterCase::kLower));
}

Value sorted(Machine& machine, std::vector<Value> items, const std::vector<Value>& keys, bool is_reverse) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto before = [&](size_t a, size_t b) {
    machine.spend(1 + std::min(weight_of(keys[a]), weight_of(keys[b])));
    return is_reverse ? machine.compare(keys[b], keys[a]) < 0 : machine.compare(keys[a], keys[b]) < 0;
  };
  std::stable_sort(order.begin(), order.end(), before);
  std::vector<Value> out;
  for (const size_t at : order) out.push_back(items[at]);
  return machine.make_list(std::move(out));
}

Value filter_sort(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("sort", arguments, {"reverse", "case_sensitive", "attribute"}, 0);
  std::vector<Value> items = machine.items_of(input), keys;
  for (const Value& item : items) {
    const Value value = bound[2] == nullptr || bound[2]->is_none() ? item : value_at(machine, item, *bound[2]);
    keys.push_back(sort_key(machine, value, is_set(bound[1])));
  }
  return sorted(machine, std::move(items), keys, is_set(bound[0]));
}

Value filter_dictsort(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("dictsort", arguments, {"case_sensitive", "by", "reverse"}, 0);
  std::vector<Value> pairs = machine.items_of(filter_items(machine, input, {})), keys;
  const bool by_value = bound[1] != nullptr && machine.need_text("dictsort", *bound[1]).bytes == "value";
  for (const Value& pair : pairs)
    keys.push_back(sort_key(machine, pair.as_list()->items[by_value ? 1 : 0], is_set(bound[0])));
  return sorted(machine, std::move(pairs), keys, is_set(bound[2]));
}

Value filter_unique(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("unique", arguments, {"case_sensitive", "attribute"}, 0);
  std::vector<Value> kept, keys;
  for (const Value& item : machine.items_of(input)) {
    const Value value = bound[1] == nullptr || bound[1]->is_none() ? item : value_at(machine, item, *bound[1]);
    const Value key = sort_key(machine, value, is_set(bound[0]));
    machine.check_key(key);
    machine.spend((keys.size() + 1) * weight_of(key));
    if (std::any_of(keys.begin(), keys.end(), [&](const Value& one) { return is_equal(one, key); })) continue;
    kept.push_back(item);
    keys.push_back(key);
  }
  return machine.make_list(std::move(kept));
}

Value filter_indent(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("indent", arguments, {"width", "first", "blank"}, 0);
  MarkedText indent("    ", 0);
  if (bound[0] != nullptr && bound[0]->as_text() != nullptr) {
    indent = *bound[0]->as_text();
  } else if (bound[0] != nullptr) {
    const int64_t width = machine.need_int("indent", *bound[0]);
    if (width > 1024) machine.fail("indent of more than 1024");
    indent = MarkedText(std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' '), 0);
  }
  const MarkedText text = machine.str(input);
  MarkedText out;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t found = text.bytes.find('\n', begin), end = std::min(found, text.size());
    const bool is_blank = end == begin && !is_set(bound[2]);
    if (begin == 0 ? is_set(bound[1]) : !is_blank) out.append(indent);
    out.append(text.part(begin, std::min(end + 1, text.size())));
    machine.spend(indent.size() / 16 + 1);
    machine.check_size(out.size());
    if (found == std::string::npos) break;
    begin = end + 1;
  }
  return machine.make(std::move(out));
}

Value filter_abs(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind("abs", arguments, {}, 0);
  double number = 0;
  if (!input.as_double(number)) machine.refuse("abs needs a number, got", input);
  return apply_sign(machine, number < 0 ? "-" : "+", input);
}

template <bool kLargest>
Value filter_extreme(Machine& machine, const Value& input, const Arguments& arguments) {
  machine.bind(kLargest ? "max" : "min", arguments, {}, 0);
  Value best = Value::undefined("the extreme of nothing");
  for (const Value& item : machine.items_of(input)) {
    const Value key = sort_key(machine, item, false);
    const bool is_better = best.is_undefined() || (kLargest ? machine.compare(key, sort_key(machine, best, false)) > 0
                                                            : machine.compare(key, sort_key(machine, best, false)) < 0);
    if (is_better) best = item;
  }
  return best;
}

Value filter_sum(Machine& machine, const Value& input, const Arguments& arguments) {
  const Bound bound = machine.bind("sum", arguments, {"attribute", "start"}, 0);
  Value sum = bound[1] == nullptr ? Value{int64_t{0}} : *bound[1];
  for (const Value& item : machine.items_of(input)) {
    const bool is_whole = bound[0] == nullptr || bound[0]->is_none();
    sum = apply_binary(machine, "+", sum, is_whole ? item : value_at(machine, item, *bound[0]));
  }
  return sum;
}

struct NamedFilter {
  std::string_view name;
  Filter filter;
};

constexpr NamedFilter kFilters[] = {
    {"abs", filter_abs},
    {"capitalize", filter_case<LetterCase::kCapitalized>},
    {"count", filter_length},
    {"d", filter_default},
    {"default", filter_default},
    {"dictsort", filter_dictsort},
    {"first", filter_first},
    {"float", filter_float},
    {"indent", filter_indent},
    {"int", filter_int},
    {"items", filter_items},
    {"join", filter_join},
    {"last", filter_last},
    {"length", filter_length},
    {"list", filter_list},
    {"lower", filter_case<LetterCase::kLower>},
    {"map", filter_map},
    {"max", filter_extreme<true>},
    {"min", filter_extreme<false>},
    {"reject", filter_select<false, false>},
    {"rejectattr", filter_select<true, false>},
    {"replace", filter_replace},
    {"reverse", filter_reverse},
    {"safe", filter_safe},
    {"select", filter_select<false, true>},
    {"selectattr", filter_select<true, true>},
    {"sort", filter_sort},
    {"string", filter_string},
    {"sum", filter_sum},
    {"title", filter_title},
    {"tojson", filter_tojson},
    {"trim", filter_trim},
    {"unique", filter_unique},
    {"upper", filter_case<LetterCase::kUpper>},
};

}  // namespace

Value apply_filter(Machine& machine, const std::string& name, const Value& input, const Arguments& arguments) {
  for (const NamedFilter& one : kFilters) {
    if (one.name == name) return one.filter(machine, input, arguments);
  }
  machine.fail(fmt::format("the filter {} is not supported", name));
}

}  // namespace ftok::jinja
