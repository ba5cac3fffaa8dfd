// Tests: what stands behind `is` in a template.
#include <fmt/format.h>

#include <algorithm>

#include "tokenizer/jinja/builtins.h"

namespace ftok::jinja {
namespace {

using Test = bool (*)(Machine&, const Value&, const Value*);

struct NamedTest {
  std::string_view name;
  bool takes_argument;
  Test test;
};

template <int kSign>
bool is_ordered(Machine& machine, const Value& value, const Value* other) {
  const int order = machine.compare(value, *other);
  return kSign < 0 ? order < 0 : order > 0;
}

bool is_remainder(Machine& machine, const Value& value, int64_t divisor, int64_t rest) {
  int64_t number = 0;
  if (!value.as_int(number)) machine.refuse("a test of divisibility needs a whole number, got", value);
  if (divisor == 0) machine.fail("a division by zero");
  if (divisor == -1) return true;
  return std::abs(number % divisor) == rest;
}

bool is_case(Machine& machine, const Value& value, LetterCase letter_case) {
  const MarkedText text = machine.str(value);
  const auto has_case = [](const MarkedText& one) {
    return in_case(one, LetterCase::kUpper).bytes != in_case(one, LetterCase::kLower).bytes;
  };
  return has_case(text) && in_case(text, letter_case).bytes == text.bytes;
}

bool is_iterable(const Value& value) {
  return value.as_list() != nullptr || value.as_dict() != nullptr || value.as_text() != nullptr || value.is_undefined();
}

bool is_same(const Value& a, const Value& b) {
  if (a.is.index() != b.is.index()) return false;
  if (a.is_none() || a.holds<bool>()) return a.is == b.is;
  return a.is_number() || a.as_text() != nullptr ? is_equal(a, b) : a.is == b.is;
}

constexpr NamedTest kTests[] = {
    {"defined", false, [](Machine&, const Value& v, const Value*) { return !v.is_undefined(); }},
    {"undefined", false, [](Machine&, const Value& v, const Value*) { return v.is_undefined(); }},
    {"none", false, [](Machine&, const Value& v, const Value*) { return v.is_none(); }},
    {"string", false, [](Machine&, const Value& v, const Value*) { return v.as_text() != nullptr; }},
    {"mapping", false, [](Machine&, const Value& v, const Value*) { return v.as_dict() != nullptr; }},
    {"iterable", false, [](Machine&, const Value& v, const Value*) { return is_iterable(v); }},
    {"sequence", false, [](Machine&, const Value& v, const Value*) { return is_iterable(v); }},
    {"number", false, [](Machine&, const Value& v, const Value*) { return v.is_number(); }},
    {"integer", false, [](Machine&, const Value& v, const Value*) { return v.holds<int64_t>(); }},
    {"float", false, [](Machine&, const Value& v, const Value*) { return v.holds<double>(); }},
    {"boolean", false, [](Machine&, const Value& v, const Value*) { return v.holds<bool>(); }},
    {"true", false, [](Machine&, const Value& v, const Value*) { return v.holds<bool>() && is_true(v); }},
    {"false", false, [](Machine&, const Value& v, const Value*) { return v.holds<bool>() && !is_true(v); }},
    {"callable", false,
     [](Machine&, const Value& v, const Value*) { return v.holds<std::shared_ptr<const Callable>>(); }},
    {"even", false, [](Machine& m, const Value& v, const Value*) { return is_remainder(m, v, 2, 0); }},
    {"odd", false, [](Machine& m, const Value& v, const Value*) { return is_remainder(m, v, 2, 1); }},
    {"upper", false, [](Machine& m, const Value& v, const Value*) { return is_case(m, v, LetterCase::kUpper); }},
    {"lower", false, [](Machine& m, const Value& v, const Value*) { return is_case(m, v, LetterCase::kLower); }},
    {"divisibleby", true,
     [](Machine& m, const Value& v, const Value* a) { return is_remainder(m, v, m.need_int("divisibleby", *a), 0); }},
    {"equalto", true, [](Machine&, const Value& v, const Value* a) { return is_equal(v, *a); }},
    {"eq", true, [](Machine&, const Value& v, const Value* a) { return is_equal(v, *a); }},
    {"==", true, [](Machine&, const Value& v, const Value* a) { return is_equal(v, *a); }},
    {"ne", true, [](Machine&, const Value& v, const Value* a) { return !is_equal(v, *a); }},
    {"!=", true, [](Machine&, const Value& v, const Value* a) { return !is_equal(v, *a); }},
    {"lt", true, is_ordered<-1>},
    {"<", true, is_ordered<-1>},
    {"lessthan", true, is_ordered<-1>},
    {"gt", true, is_ordered<1>},
    {">", true, is_ordered<1>},
    {"greaterthan", true, is_ordered<1>},
    {"le", true, [](Machine& m, const Value& v, const Value* a) { return m.compare(v, *a) <= 0; }},
    {"<=", true, [](Machine& m, const Value& v, const Value* a) { return m.compare(v, *a) <= 0; }},
    {"ge", true, [](Machine& m, const Value& v, const Value* a) { return m.compare(v, *a) >= 0; }},
    {">=", true, [](Machine& m, const Value& v, const Value* a) { return m.compare(v, *a) >= 0; }},
    {"in", true, [](Machine& m, const Value& v, const Value* a) { return m.contains(v, *a); }},
    {"sameas", true, [](Machine&, const Value& v, const Value* a) { return is_same(v, *a); }},
};

}  // namespace

bool apply_test(Machine& machine, const std::string& name, const Value& input, const Arguments& arguments) {
  for (const NamedTest& one : kTests) {
    if (one.name != name) continue;
    if (one.takes_argument) {
      const Value* const other = machine.bind(name, arguments, {"other"}, 1)[0];
      machine.spend(std::min(weight_of(input), weight_of(*other)));
      return one.test(machine, input, other);
    }
    machine.bind(name, arguments, {}, 0);
    return one.test(machine, input, nullptr);
  }
  machine.fail(fmt::format("the test {} is not supported", name));
}

}  // namespace ftok::jinja
