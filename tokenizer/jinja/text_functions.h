// What filters and methods of strings share.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/jinja/machine.h"

namespace ftok::jinja {

// At most `count` times, from the left; below 0: all.
Value replaced(Machine& machine, const MarkedText& text, const MarkedText& old, const MarkedText& by, int64_t count);
Value joined(Machine& machine, const std::vector<Value>& items, const MarkedText& between, bool converts);

// A number of a string, as Python's int() and float() read it, white space around it included; false where it is none.
bool read_int(std::string_view text, int64_t& number);
bool read_float(std::string_view text, double& number);

}  // namespace ftok::jinja
