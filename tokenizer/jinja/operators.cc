// Arithmetic, repetition and slices of values, as in Python.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tokenizer/jinja/builtins.h"

namespace ftok::jinja {
namespace {

Writer writer_of(const Value& a, const Value& b) { return a.writer != 0 ? a.writer : b.writer; }

[[noreturn]] void refuse_operands(const Machine& machine, std::string_view sign, const Value& a, const Value& b) {
  if (a.is_undefined()) machine.refuse(fmt::format("cannot compute {} of", sign), a);
  if (b.is_undefined()) machine.refuse(fmt::format("cannot compute {} of", sign), b);
  machine.fail(fmt::format("cannot compute {} of {} and {}", sign, type_name(a), type_name(b)));
}

int64_t floor_divided(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// Whole numbers; false where the result has no room in 64 bits.
bool whole_power(int64_t base, int64_t exponent, int64_t& result) {
  result = 1;
  if (base == 0 || base == 1) return result = exponent == 0 ? 1 : base, true;
  if (base == -1) return result = exponent % 2 == 0 ? 1 : -1, true;
  for (int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(result, base, &result)) return false;
  }
  return true;
}

Value of_whole(const Machine& machine, std::string_view sign, int64_t a, int64_t b, Writer writer) {
  int64_t result = 0;
  bool fits = true;
  if (sign == "+") {
    fits = !__builtin_add_overflow(a, b, &result);
  } else if (sign == "-") {
    fits = !__builtin_sub_overflow(a, b, &result);
  } else if (sign == "*") {
    fits = !__builtin_mul_overflow(a, b, &result);
  } else if (sign == "**") {
    if (b < 0) {
      if (a == 0) machine.fail("a division by zero");
      return {std::pow(static_cast<double>(a), static_cast<double>(b)), writer};
    }
    fits = whole_power(a, b, result);
  } else {
    if (b == 0) machine.fail("a division by zero");
    if (sign == "/") return {static_cast<double>(a) / static_cast<double>(b), writer};
    fits = a != INT64_MIN || b != -1;
    if (fits) result = sign == "//" ? floor_divided(a, b) : a - b * floor_divided(a, b);
  }
  if (!fits) machine.fail("a whole number beyond 64 bits");
  return {result, writer};
}

Value of_real(const Machine& machine, std::string_view sign, double a, double b, Writer writer) {
  if (sign == "+") return {a + b, writer};
  if (sign == "-") return {a - b, writer};
  if (sign == "*") return {a * b, writer};
  if (sign == "**") {
    const double power = std::pow(a, b);
    if (!std::isfinite(power)) machine.fail("a power that is no number");
    return {power, writer};
  }
  if (b == 0) machine.fail("a division by zero");
  if (sign == "/") return {a / b, writer};
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return {sign == "%" ? rest : std::floor(a / b), writer};
}

Value repeated(Machine& machine, const Value& value, int64_t times) {
  const uint64_t n = times < 0 ? 0 : static_cast<uint64_t>(times);
  if (const MarkedText* text = value.as_text()) {
    if (!text->empty() && n > machine.input().limits.text_bytes) machine.check_size(n);
    machine.check_size(text->size() * (text->empty() ? 0 : n));
    MarkedText out;
    for (uint64_t i = 0; i < n && !text->empty(); ++i) out.append(*text);
    return machine.make(std::move(out));
  }
  const List& list = *value.as_list();
  std::vector<Value> items;
  for (uint64_t i = 0; i < n && !list.items.empty(); ++i) {
    machine.spend(4 * list.items.size());
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return machine.make_list(std::move(items), list.is_tuple);
}

// What first:last:step means for `size` items.
struct SliceRange {
  int64_t first, count, step;
};

SliceRange slice_range(const Machine& machine, int64_t size, const Value& first, const Value& last, const Value& step) {
  const auto number = [&](const Value& value, int64_t otherwise) {
    return value.is_undefined() || value.is_none() ? otherwise : machine.need_int("a slice", value);
  };
  const int64_t by = number(step, 1);
  if (by == 0) machine.fail("a slice whose step is 0");
  const bool is_back = by < 0;
  const auto place = [&](const Value& value, int64_t otherwise) {
    const int64_t at = number(value, otherwise), lowest = is_back ? -1 : 0;
    if (value.is_undefined() || value.is_none()) return at;
    if (at < 0) return at < -size ? lowest : at + size;
    return std::min(at, is_back ? size - 1 : size);
  };
  const int64_t from = place(first, is_back ? size - 1 : 0), to = place(last, is_back ? -1 : size);
  const int64_t span = is_back ? from - to : to - from;
  const uint64_t width = is_back ? uint64_t{0} - static_cast<uint64_t>(by) : static_cast<uint64_t>(by);
  const auto count = span <= 0 ? 0 : static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / width + 1);
  return {from, count, by};
}

}  // namespace

Value apply_binary(Machine& machine, std::string_view sign, const Value& a, const Value& b) {
  int64_t whole_a = 0, whole_b = 0;
  double real_a = 0, real_b = 0;
  const Writer writer = writer_of(a, b);
  if (a.as_int(whole_a) && b.as_int(whole_b)) return of_whole(machine, sign, whole_a, whole_b, writer);
  if (a.as_double(real_a) && b.as_double(real_b)) return of_real(machine, sign, real_a, real_b, writer);
  const MarkedText *text_a = a.as_text(), *text_b = b.as_text();
  if (sign == "+" && text_a != nullptr && text_b != nullptr) {
    machine.check_size(text_a->size() + text_b->size());
    MarkedText text = *text_a;
    text.append(*text_b);
    return machine.make(std::move(text));
  }
  const List *list_a = a.as_list(), *list_b = b.as_list();
  if (sign == "+" && list_a != nullptr && list_b != nullptr && list_a->is_tuple == list_b->is_tuple) {
    machine.spend(list_a->items.size() + list_b->items.size());
    std::vector<Value> items = list_a->items;
    items.insert(items.end(), list_b->items.begin(), list_b->items.end());
    return machine.make_list(std::move(items), list_a->is_tuple);
  }
  if (sign == "*" && (text_a != nullptr || list_a != nullptr) && b.as_int(whole_b))
    return repeated(machine, a, whole_b);
  if (sign == "*" && (text_b != nullptr || list_b != nullptr) && a.as_int(whole_a))
    return repeated(machine, b, whole_a);
  if (sign == "%" && text_a != nullptr) machine.fail("% behind a string is not supported");
  refuse_operands(machine, sign, a, b);
}

Value apply_sign(Machine& machine, std::string_view sign, const Value& value) {
  int64_t whole = 0;
  double real = 0;
  if (value.as_int(whole)) {
    if (sign == "-" && whole == INT64_MIN) machine.fail("a whole number beyond 64 bits");
    return {sign == "-" ? -whole : whole, value.writer};
  }
  if (!value.as_double(real)) machine.refuse(fmt::format("cannot put {} before", sign), value);
  return {sign == "-" ? -real : real, value.writer};
}

Value slice(Machine& machine, const Value& object, const Value& first, const Value& last, const Value& step) {
  const MarkedText* const text = object.as_text();
  const List* const list = object.as_list();
  if (text == nullptr && list == nullptr) machine.refuse("cannot take a slice of", object);
  std::vector<CharPlace> chars;
  if (text != nullptr) {
    machine.spend(text->size() / 16);
    chars = chars_of(text->bytes);
  }
  const auto size = static_cast<int64_t>(text != nullptr ? chars.size() : list->items.size());
  const SliceRange range = slice_range(machine, size, first, last, step);
  if (text != nullptr && range.step == 1) {
    if (range.count == 0) return Value::text("");
    const CharPlace& end = chars[static_cast<size_t>(range.first + range.count - 1)];
    return machine.make(text->part(chars[static_cast<size_t>(range.first)].begin, end.begin + end.size));
  }
  MarkedText out;
  std::vector<Value> items;
  for (int64_t i = 0, at = range.first; i < range.count; ++i, at += i < range.count ? range.step : 0) {
    if (text == nullptr) {
      items.push_back(list->items[static_cast<size_t>(at)]);
    } else {
      const CharPlace& c = chars[static_cast<size_t>(at)];
      out.append(std::string_view(text->bytes).substr(c.begin, c.size), text->writers[c.begin]);
    }
  }
  return text != nullptr ? machine.make(std::move(out)) : machine.make_list(std::move(items), list->is_tuple);
}

}  // namespace ftok::jinja
