// What templates can call: filters (filters.cc), tests behind "is" (is_tests.cc), methods and functions (methods.cc),
// and operators (operators.cc).
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/jinja/machine.h"

namespace ftok::jinja {

// Tables of the subset. Each throws Failure for a name that it does not have, saying so.
Value apply_filter(Machine& machine, const std::string& name, const Value& input, const Arguments& arguments);
bool apply_test(Machine& machine, const std::string& name, const Value& input, const Arguments& arguments);
Value call_method(Machine& machine, const Value& object, const std::string& name, const Arguments& arguments);
Value call_function(Machine& machine, const std::string& name, const Arguments& arguments);
bool is_function(std::string_view name);
bool is_text_method(std::string_view name);
bool is_dict_method(std::string_view name);
bool is_list_method(std::string_view name);

// + - * / // % ** of two values, and - + of one.
Value apply_binary(Machine& machine, std::string_view sign, const Value& a, const Value& b);
Value apply_sign(Machine& machine, std::string_view sign, const Value& value);
// [first:last:step]; undefined: left out.
Value slice(Machine& machine, const Value& object, const Value& first, const Value& last, const Value& step);

}  // namespace ftok::jinja
