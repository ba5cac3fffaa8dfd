// What filters, methods and functions of templates have in common: bounds, arguments, how values are looked into.
#include <fmt/format.h>

#include <algorithm>

#include "tokenizer/jinja/builtins.h"
#include "tokenizer/jinja/machine.h"

namespace ftok::jinja {

void Machine::spend(uint64_t steps) {
  steps_ += std::min(steps, input_.limits.steps + 1);
  if (steps_ > input_.limits.steps) fail(fmt::format("it takes more than {} steps", input_.limits.steps));
}

void Machine::fail(std::string what) const { throw Failure{line_, std::move(what)}; }

void Machine::refuse(std::string_view what, const Value& value) const {
  if (const Undefined* undefined = std::get_if<Undefined>(&value.is); undefined != nullptr && undefined->what)
    fail(fmt::format("{} {}, which is undefined", what, *undefined->what));
  fail(fmt::format("{} {}", what, type_name(value)));
}

void Machine::check_size(size_t bytes) const {
  if (bytes > input_.limits.text_bytes) fail(fmt::format("a text of more than {} bytes", input_.limits.text_bytes));
}

Value Machine::make(MarkedText text) {
  check_size(text.size());
  spend(text.size() / 16);
  return Value::text(std::move(text));
}

Value Machine::make_list(std::vector<Value> items, bool is_tuple) {
  List list;
  list.is_tuple = is_tuple;
  for (const Value& item : items) {
    const int depth = depth_of(item);
    if (depth >= kValueDepthMax && item.as_list() == nullptr && item.as_dict() == nullptr)
      refuse("a list cannot hold", item);
    list.depth = std::max(list.depth, depth + 1);
    list.weight += weight_of(item);
  }
  if (list.depth > kValueDepthMax) fail(fmt::format("more than {} lists and dicts in one another", kValueDepthMax));
  if (list.weight > input_.limits.steps) fail("a list that is too large");
  list.items = std::move(items);
  spend(4 * list.items.size());
  return {std::make_shared<const List>(std::move(list))};
}

Value Machine::make_dict(std::vector<std::pair<Value, Value>> items) {
  Dict dict;
  for (auto& [key, value] : items) {
    if (key.as_text() == nullptr && !key.is_number() && !key.is_none()) refuse("a key of a dict cannot be", key);
    const int depth = depth_of(value);
    if (depth >= kValueDepthMax && value.as_list() == nullptr && value.as_dict() == nullptr)
      refuse("a dict cannot hold", value);
    dict.depth = std::max(dict.depth, depth + 1);
    dict.weight += weight_of(key) + weight_of(value);
    spend(dict.items.size() / 4 + 8);
    const Value* const there = find_item(dict, key);
    if (there != nullptr) {
      *const_cast<Value*>(there) = std::move(value);
    } else {
      dict.items.emplace_back(std::move(key), std::move(value));
    }
  }
  if (dict.depth > kValueDepthMax) fail(fmt::format("more than {} lists and dicts in one another", kValueDepthMax));
  if (dict.weight > input_.limits.steps) fail("a dict that is too large");
  return {std::make_shared<const Dict>(std::move(dict))};
}

MarkedText Machine::str(const Value& value) {
  if (const MarkedText* text = value.as_text()) return *text;
  const bool is_plain = value.is_undefined() || value.is_none() || value.is_number() || value.as_list() != nullptr ||
                        value.as_dict() != nullptr;
  if (!is_plain) refuse("cannot write", value);
  MarkedText text;
  if (!append_str(text, value, input_.limits.text_bytes)) check_size(input_.limits.text_bytes + 1);
  spend(text.size() / 16);
  return text;
}

std::vector<Value> Machine::items_of(const Value& value) {
  std::vector<Value> items;
  if (const List* list = value.as_list()) {
    items = list->items;
  } else if (const Dict* dict = value.as_dict()) {
    for (const auto& [key, held] : dict->items) items.push_back(key);
  } else if (const MarkedText* text = value.as_text()) {
    spend(text->size() * 4);
    for (const CharPlace& c : chars_of(text->bytes))
      items.push_back(Value::text(text->part(c.begin, c.begin + c.size)));
  } else if (!value.is_undefined()) {
    refuse("cannot go through", value);
  }
  spend(4 * items.size());
  return items;
}

int64_t Machine::length_of(const Value& value) {
  if (const List* list = value.as_list()) return static_cast<int64_t>(list->items.size());
  if (const Dict* dict = value.as_dict()) return static_cast<int64_t>(dict->items.size());
  if (const MarkedText* text = value.as_text()) {
    spend(text->size() / 16);
    return static_cast<int64_t>(chars_of(text->bytes).size());
  }
  if (value.is_undefined()) return 0;
  refuse("there is no length of", value);
}

std::vector<const Value*> Machine::bind(std::string_view what, const Arguments& arguments,
                                        const std::vector<std::string_view>& names, size_t needed) const {
  if (arguments.positional.size() > names.size())
    fail(fmt::format("{} takes at most {} arguments, got {}", what, names.size(), arguments.positional.size()));
  std::vector<const Value*> bound(names.size(), nullptr);
  for (size_t i = 0; i < arguments.positional.size(); ++i) bound[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) fail(fmt::format("{}: the argument {} is not supported", what, name));
    bound[static_cast<size_t>(found - names.begin())] = &value;
  }
  for (size_t i = 0; i < needed; ++i) {
    if (bound[i] == nullptr) fail(fmt::format("{} needs its argument {}", what, names[i]));
  }
  return bound;
}

int64_t Machine::need_int(std::string_view what, const Value& value) const {
  int64_t number = 0;
  if (!value.as_int(number)) refuse(fmt::format("{} needs a whole number, got", what), value);
  return number;
}

const MarkedText& Machine::need_text(std::string_view what, const Value& value) const {
  const MarkedText* const text = value.as_text();
  if (text == nullptr) refuse(fmt::format("{} needs a string, got", what), value);
  return *text;
}

void Machine::check_key(const Value& value) const {
  const List* const list = value.as_list();
  if (value.as_dict() != nullptr || (list != nullptr && !list->is_tuple)) refuse("not to be looked up:", value);
  for (size_t i = 0; list != nullptr && i < list->items.size(); ++i) check_key(list->items[i]);
}

bool Machine::contains(const Value& item, const Value& in) {
  if (const MarkedText* text = in.as_text()) {
    const MarkedText& part = need_text("'in' a string", item);
    spend((text->size() / 16 + 1) * (part.size() / 16 + 1));
    return text->bytes.find(part.bytes) != std::string::npos;
  }
  if (const List* list = in.as_list()) {
    spend(list->weight);
    return std::any_of(list->items.begin(), list->items.end(), [&](const Value& one) { return is_equal(one, item); });
  }
  if (const Dict* dict = in.as_dict()) {
    check_key(item);
    spend(dict->items.size());
    return find_item(*dict, item) != nullptr;
  }
  if (in.is_undefined()) return false;
  refuse("nothing is 'in'", in);
}

int Machine::compare(const Value& a, const Value& b) {
  double real_a = 0, real_b = 0;
  int64_t whole_a = 0, whole_b = 0;
  if (a.as_int(whole_a) && b.as_int(whole_b)) return whole_a < whole_b ? -1 : whole_a > whole_b;
  if (a.as_double(real_a) && b.as_double(real_b)) return real_a < real_b ? -1 : real_a > real_b;
  if (a.as_text() != nullptr && b.as_text() != nullptr) return a.as_text()->bytes.compare(b.as_text()->bytes);
  const List *list_a = a.as_list(), *list_b = b.as_list();
  if (list_a != nullptr && list_b != nullptr && list_a->is_tuple == list_b->is_tuple) {
    for (size_t i = 0; i < std::min(list_a->items.size(), list_b->items.size()); ++i) {
      if (!is_equal(list_a->items[i], list_b->items[i])) return compare(list_a->items[i], list_b->items[i]);
    }
    return list_a->items.size() < list_b->items.size() ? -1 : list_a->items.size() > list_b->items.size();
  }
  if (a.is_undefined()) refuse("cannot compare", a);
  if (b.is_undefined()) refuse("cannot compare", b);
  fail(fmt::format("cannot compare {} with {}", type_name(a), type_name(b)));
}

namespace {

Value loop_attribute(const Loop& loop, const std::string& name) {
  const auto at = static_cast<int64_t>(loop.at), size = static_cast<int64_t>(loop.items->items.size());
  if (name == "index") return {at + 1};
  if (name == "index0") return {at};
  if (name == "revindex") return {size - at};
  if (name == "revindex0") return {size - at - 1};
  if (name == "first") return {at == 0};
  if (name == "last") return {at + 1 == size};
  if (name == "length") return {size};
  if (name == "depth") return {loop.depth};
  if (name == "depth0") return {loop.depth - 1};
  if (name == "previtem") return at == 0 ? Value::undefined("loop.previtem") : loop.items->items[loop.at - 1];
  if (name == "nextitem") return at + 1 == size ? Value::undefined("loop.nextitem") : loop.items->items[loop.at + 1];
  return Value::undefined("loop." + name);
}

bool has_method(const Value& object, const std::string& name) {
  if (object.as_text() != nullptr) return is_text_method(name);
  if (object.as_dict() != nullptr) return is_dict_method(name);
  if (object.as_list() != nullptr) return is_list_method(name);
  return object.holds<std::shared_ptr<Loop>>() && (name == "cycle" || name == "changed");
}

Value method_of(const Value& object, const std::string& name) {
  Callable method{Callable::Kind::kMethod, name, std::make_shared<const Value>(object)};
  return {std::make_shared<const Callable>(std::move(method))};
}

std::string shown_key(const Value& key) {
  const MarkedText* const text = key.as_text();
  return text != nullptr ? "['" + text->bytes + "']" : key.is_number() ? "[" + number_text(key) + "]" : "[...]";
}

}  // namespace

Value Machine::attribute(const Value& object, const std::string& name) {
  if (object.is_undefined()) refuse(fmt::format("cannot take .{} of", name), object);
  if (has_method(object, name)) return method_of(object, name);
  if (const auto* loop = std::get_if<std::shared_ptr<Loop>>(&object.is)) return loop_attribute(**loop, name);
  if (const auto* space = std::get_if<std::shared_ptr<Namespace>>(&object.is)) {
    spend((*space)->items.size());
    for (const auto& [key, value] : (*space)->items) {
      if (key == name) return value;
    }
  } else if (const Dict* dict = object.as_dict()) {
    spend(dict->items.size());
    if (const Value* value = find_item(*dict, name)) return *value;
  }
  return Value::undefined("." + name);
}

Value Machine::item(const Value& object, const Value& key) {
  if (object.is_undefined()) refuse(fmt::format("cannot take {} of", shown_key(key)), object);
  int64_t at = 0;
  if (const Dict* dict = object.as_dict()) {
    spend(dict->items.size());
    if (const Value* value = find_item(*dict, key)) return *value;
  } else if (const List* list = object.as_list(); list != nullptr && key.as_int(at)) {
    const auto size = static_cast<int64_t>(list->items.size());
    if (at < 0) at += size;
    return at >= 0 && at < size ? list->items[static_cast<size_t>(at)] : Value::undefined(shown_key(key));
  } else if (const MarkedText* text = object.as_text(); text != nullptr && key.as_int(at)) {
    spend(text->size() / 16);
    const std::vector<CharPlace> chars = chars_of(text->bytes);
    const auto size = static_cast<int64_t>(chars.size());
    if (at < 0) at += size;
    if (at < 0 || at >= size) return Value::undefined(shown_key(key));
    const CharPlace& c = chars[static_cast<size_t>(at)];
    return Value::text(text->part(c.begin, c.begin + c.size));
  }
  // As Jinja does it, a name that is no key may be a method or an attribute.
  const MarkedText* const name = key.as_text();
  if (name != nullptr && object.as_dict() == nullptr) return attribute(object, name->bytes);
  if (name != nullptr && has_method(object, name->bytes)) return method_of(object, name->bytes);
  return Value::undefined(shown_key(key));
}

}  // namespace ftok::jinja
