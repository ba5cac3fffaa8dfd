// Methods of strings, lists, dicts and loops, and the functions that a template finds.
#include <fmt/format.h>

#include <algorithm>

#include "text/words.h"
#include "tokenizer/jinja/builtins.h"
#include "tokenizer/jinja/text_functions.h"

namespace ftok::jinja {
namespace {

constexpr size_t kRangeMax = 100'000;  // numbers of range(), as Jinja's sandbox has it
constexpr size_t kTimeBytesMax = 256;  // of a form of strftime_now

using Bound = std::vector<const Value*>;

bool is_given(const Value* value) { return value != nullptr && !value->is_none(); }

bool is_among(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// str.split and str.rsplit: at white space, or at a string.
std::vector<ByteRange> split_at_space(std::string_view text, int64_t most, bool from_right) {
  std::vector<ByteRange> words;
  bool in_word = false;
  for (const CharPlace& c : chars_of(text)) {
    const bool is_space = c.valid && is_python_space(c.code_point);
    if (!is_space && !in_word) words.push_back({c.begin, c.begin});
    if (!is_space) words.back().end = c.begin + c.size;
    in_word = !is_space;
  }
  const auto count = static_cast<int64_t>(words.size());
  if (most < 0 || count <= most + 1) return words;
  if (from_right) {
    const ByteRange rest =
        stripped_range(text.substr(0, words[static_cast<size_t>(count - most - 1)].end), false, true);
    words.erase(words.begin(), words.begin() + (count - most));
    words.insert(words.begin(), {0, rest.end});
  } else {
    const size_t end = stripped_range(text, false, false).end;
    words.resize(static_cast<size_t>(most + 1));
    words.back().end = end;
  }
  return words;
}

std::vector<ByteRange> split_at_text(std::string_view text, std::string_view by, int64_t most, bool from_right) {
  std::vector<ByteRange> parts;
  if (!from_right) {
    size_t begin = 0;
    for (size_t at = text.find(by); at != std::string_view::npos && most != 0; at = text.find(by, begin), --most) {
      parts.push_back({begin, at});
      begin = at + by.size();
    }
    parts.push_back({begin, text.size()});
    return parts;
  }
  size_t end = text.size();
  while (most != 0 && end >= by.size()) {
    const size_t at = text.substr(0, end).rfind(by);
    if (at == std::string_view::npos) break;
    parts.push_back({at + by.size(), end});
    end = at;
    --most;
  }
  parts.push_back({0, end});
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Value call_split(Machine& machine, const MarkedText& text, const Arguments& arguments, bool from_right) {
  const Bound bound = machine.bind(from_right ? "rsplit" : "split", arguments, {"sep", "maxsplit"}, 0);
  const int64_t most = bound[1] == nullptr ? -1 : machine.need_int("split", *bound[1]);
  std::vector<ByteRange> ranges;
  if (!is_given(bound[0])) {
    machine.spend(text.size() / 4);
    ranges = split_at_space(text.bytes, most, from_right);
  } else {
    const MarkedText& by = machine.need_text("split", *bound[0]);
    if (by.empty()) machine.fail("split by an empty string");
    machine.spend((text.size() / 16 + 1) * (by.size() / 16 + 1));
    ranges = split_at_text(text.bytes, by.bytes, most, from_right);
  }
  machine.spend(4 * ranges.size());
  std::vector<Value> items;
  for (const ByteRange& range : ranges) items.push_back(machine.make(text.part(range.begin, range.end)));
  return machine.make_list(std::move(items));
}

Value call_splitlines(Machine& machine, const MarkedText& text, const Arguments& arguments) {
  const Bound bound = machine.bind("splitlines", arguments, {"keepends"}, 0);
  const bool keeps = bound[0] != nullptr && is_true(*bound[0]);
  std::vector<Value> items;
  size_t begin = 0;
  const std::vector<CharPlace> chars = chars_of(text.bytes);
  for (size_t i = 0; i < chars.size(); ++i) {
    const char32_t c = chars[i].code_point;
    const bool is_end = (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!chars[i].valid || !is_end) continue;
    const size_t end = chars[i].begin;
    if (c == '\r' && i + 1 < chars.size() && chars[i + 1].code_point == '\n') ++i;
    const size_t behind = chars[i].begin + chars[i].size;
    items.push_back(machine.make(text.part(begin, keeps ? behind : end)));
    machine.spend(4);
    begin = behind;
  }
  if (begin < text.size()) items.push_back(machine.make(text.part(begin, text.size())));
  return machine.make_list(std::move(items));
}

Value call_strip(Machine& machine, const MarkedText& text, const std::string& name, const Arguments& arguments) {
  const Bound bound = machine.bind(name, arguments, {"chars"}, 0);
  const bool left = name != "rstrip", right = name != "lstrip";
  ByteRange range;
  if (is_given(bound[0])) {
    const MarkedText& chars = machine.need_text(name, *bound[0]);
    machine.spend((text.size() + 1) * (chars.size() / 16 + 1));
    range = stripped_range(text.bytes, chars.bytes, left, right);
  } else {
    range = stripped_range(text.bytes, left, right);
  }
  return machine.make(text.part(range.begin, range.end));
}

// startswith and endswith: of a string or one of several.
Value call_ends(Machine& machine, const MarkedText& text, const std::string& name, const Arguments& arguments) {
  const Bound bound = machine.bind(name, arguments, {"prefix"}, 1);
  std::vector<Value> among{*bound[0]};
  if (const List* list = bound[0]->as_list(); list != nullptr && list->is_tuple) among = list->items;
  for (const Value& one : among) {
    const MarkedText& part = machine.need_text(name, one);
    machine.spend(part.size() / 16 + 1);
    if (name == "startswith" ? text.bytes.starts_with(part.bytes) : text.bytes.ends_with(part.bytes)) return {true};
  }
  return {false};
}

// find, rfind, index and count.
Value call_search(Machine& machine, const MarkedText& text, const std::string& name, const Arguments& arguments) {
  const Bound bound = machine.bind(name, arguments, {"sub"}, 1);
  const MarkedText& part = machine.need_text(name, *bound[0]);
  machine.spend((text.size() / 16 + 1) * (part.size() / 16 + 1));
  if (name == "count") {
    if (part.empty()) return {static_cast<int64_t>(chars_of(text.bytes).size()) + 1};
    return {static_cast<int64_t>(split_at_text(text.bytes, part.bytes, -1, false).size()) - 1};
  }
  const size_t at = name == "rfind" ? text.bytes.rfind(part.bytes) : text.bytes.find(part.bytes);
  if (at == std::string::npos && name == "index") machine.fail("index: the string is not there");
  if (at == std::string::npos) return {int64_t{-1}};
  return {static_cast<int64_t>(chars_of(std::string_view(text.bytes).substr(0, at)).size())};
}

Value call_text_method(Machine& machine, const Value& object, const std::string& name, const Arguments& arguments) {
  const MarkedText& text = *object.as_text();
  machine.spend(text.size() / 16);
  if (is_among(name, {"strip", "lstrip", "rstrip"})) return call_strip(machine, text, name, arguments);
  if (name == "split" || name == "rsplit") return call_split(machine, text, arguments, name == "rsplit");
  if (name == "splitlines") return call_splitlines(machine, text, arguments);
  if (name == "startswith" || name == "endswith") return call_ends(machine, text, name, arguments);
  if (is_among(name, {"find", "rfind", "index", "count"})) return call_search(machine, text, name, arguments);
  if (name == "join")
    return joined(machine, machine.items_of(*machine.bind(name, arguments, {"iterable"}, 1)[0]), text, false);
  if (name == "replace") {
    const Bound bound = machine.bind(name, arguments, {"old", "new", "count"}, 2);
    const int64_t count = bound[2] == nullptr ? -1 : machine.need_int(name, *bound[2]);
    return replaced(machine, text, machine.need_text(name, *bound[0]), machine.need_text(name, *bound[1]), count);
  }
  if (name == "removeprefix" || name == "removesuffix") {
    const MarkedText& part = machine.need_text(name, *machine.bind(name, arguments, {"prefix"}, 1)[0]);
    const bool is_front = name == "removeprefix";
    const bool is_there = is_front ? text.bytes.starts_with(part.bytes) : text.bytes.ends_with(part.bytes);
    if (!is_there) return object;
    return machine.make(is_front ? text.part(part.size(), text.size()) : text.part(0, text.size() - part.size()));
  }
  if (is_among(name, {"upper", "lower", "title", "capitalize"})) {
    machine.bind(name, arguments, {}, 0);
    return machine.make(in_case(text, name == "upper"   ? LetterCase::kUpper
                                      : name == "lower" ? LetterCase::kLower
                                      : name == "title" ? LetterCase::kTitle
                                                        : LetterCase::kCapitalized));
  }
  machine.fail(fmt::format("the method {} of strings is not supported", name));
}

Value call_dict_method(Machine& machine, const Dict& dict, const std::string& name, const Arguments& arguments) {
  if (name == "get") {
    const Bound bound = machine.bind(name, arguments, {"key", "default"}, 1);
    machine.check_key(*bound[0]);
    machine.spend(dict.items.size());
    const Value* const value = find_item(dict, *bound[0]);
    return value != nullptr ? *value : bound[1] != nullptr ? *bound[1] : Value::none();
  }
  if (!is_among(name, {"items", "keys", "values"}))
    machine.fail(fmt::format("the method {} of dicts is not supported", name));
  machine.bind(name, arguments, {}, 0);
  std::vector<Value> items;
  for (const auto& [key, value] : dict.items)
    items.push_back(name == "items" ? machine.make_list({key, value}, true) : name == "keys" ? key : value);
  return machine.make_list(std::move(items));
}

Value call_list_method(Machine& machine, const List& list, const std::string& name, const Arguments& arguments) {
  if (name != "index" && name != "count") machine.fail(fmt::format("lists cannot be changed: .{}", name));
  const Value& item = *machine.bind(name, arguments, {"value"}, 1)[0];
  machine.spend(list.weight);
  int64_t count = 0;
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (!is_equal(list.items[i], item)) continue;
    if (name == "index") return {static_cast<int64_t>(i)};
    ++count;
  }
  if (name == "index") machine.fail("index: the value is not in the list");
  return {count};
}

Value call_loop_method(Machine& machine, Loop& loop, const std::string& name, const Arguments& arguments) {
  if (name == "cycle") {
    if (arguments.positional.empty()) machine.fail("cycle needs arguments");
    return arguments.positional[loop.at % arguments.positional.size()];
  }
  const Value now = machine.make_list(arguments.positional, true);
  machine.spend(weight_of(now));
  if (loop.changed && is_equal(*loop.changed, now)) return {false};
  loop.changed = std::make_shared<Value>(now);
  return {true};
}

Value call_range(Machine& machine, const Arguments& arguments) {
  const Bound bound = machine.bind("range", arguments, {"start", "stop", "step"}, 1);
  int64_t first = 0, last = machine.need_int("range", *bound[0]), step = 1;
  if (bound[1] != nullptr) first = std::exchange(last, machine.need_int("range", *bound[1]));
  if (bound[2] != nullptr) step = machine.need_int("range", *bound[2]);
  if (step == 0) machine.fail("range with a step of 0");
  std::vector<Value> items;
  for (int64_t i = first; step > 0 ? i < last : i > last;) {
    if (items.size() == kRangeMax) machine.fail(fmt::format("range of more than {} numbers", kRangeMax));
    items.push_back({i});
    machine.spend(4);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return machine.make_list(std::move(items));
}

Value call_namespace(Machine& machine, const Arguments& arguments) {
  Arguments given = arguments;
  if (!arguments.positional.empty()) {
    const Dict* const dict = arguments.positional[0].as_dict();
    if (dict == nullptr || arguments.positional.size() > 1)
      machine.fail("namespace takes a dict, or names with values");
    std::vector<std::pair<std::string, Value>> items;
    for (const auto& [key, value] : dict->items) items.emplace_back(machine.need_text("namespace", key).bytes, value);
    given.named.insert(given.named.begin(), items.begin(), items.end());
  }
  auto space = std::make_shared<Namespace>();
  for (const auto& [name, value] : given.named) {
    if (depth_of(value) >= kValueDepthMax) machine.refuse("a namespace cannot hold", value);
    machine.spend(4 + space->items.size());
    const auto same = [&name = name](const auto& item) { return item.first == name; };
    std::erase_if(space->items, same);
    space->items.emplace_back(name, value);
  }
  return {space};
}

Value call_dict(Machine& machine, const Arguments& arguments) {
  std::vector<std::pair<Value, Value>> items;
  if (!arguments.positional.empty()) {
    const Dict* const dict = arguments.positional[0].as_dict();
    if (dict == nullptr || arguments.positional.size() > 1) machine.fail("dict takes a dict, or names with values");
    items = dict->items;
  }
  for (const auto& [name, value] : arguments.named) items.emplace_back(Value::text(name), value);
  return machine.make_dict(std::move(items));
}

Value call_strftime(Machine& machine, const Arguments& arguments) {
  const Bound bound = machine.bind("strftime_now", arguments, {"format"}, 1);
  const MarkedText& form = machine.need_text("strftime_now", *bound[0]);
  if (form.size() > kTimeBytesMax)
    machine.fail(fmt::format("strftime_now with a form of more than {} bytes", kTimeBytesMax));
  if (form.empty()) return Value::text("");
  const std::tm now = machine.input().now();
  char text[64 * kTimeBytesMax];
  const size_t size = std::strftime(text, sizeof text, form.bytes.c_str(), &now);
  const auto own = std::find_if(form.writers.begin(), form.writers.end(), [](Writer writer) { return writer != 0; });
  return Value::text(std::string_view(text, size), own == form.writers.end() ? 0 : *own);
}

}  // namespace

bool is_text_method(std::string_view name) {
  return is_among(
      name,
      {"strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "find", "rfind", "index",
       "count", "join", "replace", "upper", "lower", "title", "capitalize", "removeprefix", "removesuffix",
       // Refused when called.
       "format", "format_map", "encode", "isalpha", "isdigit", "isalnum", "isspace", "isupper", "islower", "istitle",
       "isdecimal", "isnumeric", "isascii", "isidentifier", "isprintable", "partition", "rpartition", "zfill", "center",
       "ljust", "rjust", "swapcase", "casefold", "expandtabs", "translate", "maketrans", "rindex"});
}

bool is_dict_method(std::string_view name) {
  return is_among(
      name, {"items", "keys", "values", "get", "copy", "pop", "popitem", "setdefault", "update", "clear", "fromkeys"});
}

bool is_list_method(std::string_view name) {
  return is_among(
      name, {"index", "count", "append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear", "copy"});
}

bool is_function(std::string_view name) {
  return is_among(name,
                  {"range", "namespace", "dict", "raise_exception", "strftime_now", "lipsum", "cycler", "joiner"});
}

Value call_method(Machine& machine, const Value& object, const std::string& name, const Arguments& arguments) {
  if (object.as_text() != nullptr) return call_text_method(machine, object, name, arguments);
  if (const Dict* dict = object.as_dict()) return call_dict_method(machine, *dict, name, arguments);
  if (const List* list = object.as_list()) return call_list_method(machine, *list, name, arguments);
  return call_loop_method(machine, *std::get<std::shared_ptr<Loop>>(object.is), name, arguments);
}

Value call_function(Machine& machine, const std::string& name, const Arguments& arguments) {
  if (name == "range") return call_range(machine, arguments);
  if (name == "namespace") return call_namespace(machine, arguments);
  if (name == "dict") return call_dict(machine, arguments);
  if (name == "strftime_now") return call_strftime(machine, arguments);
  if (name == "raise_exception") {
    const Bound bound = machine.bind(name, arguments, {"message"}, 1);
    machine.fail("the template refuses the conversation: " + machine.str(*bound[0]).bytes);
  }
  machine.fail(fmt::format("the function {} is not supported", name));
}

}  // namespace ftok::jinja
