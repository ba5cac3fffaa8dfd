// Escaping for JSON strings at the speed of reading, for lines that one half of the program writes and the other parses
// (core/json.h is for what people and other programs read).
#pragma once

#include <string>
#include <string_view>

#include "core/vector_level.h"

namespace ftok {

// Appends what stands between the quotes of a JSON string, in its shortest form: '"', '\' and what is below 0x20 are
// escaped, all else stays as it is, bytes that are not UTF-8 too. Each `level` up to vector_level() gives the same.
void append_json_escaped(std::string& out, std::string_view text, VectorLevel level = vector_level());

}  // namespace ftok
