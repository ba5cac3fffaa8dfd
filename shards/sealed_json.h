// JSON files that carry their own checksum: the last field of the object is "checksum", of all bytes before it (from
// the opening brace to the end of the last other field). Every flipped byte of such a file is found.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace ftok {

// `object` is an indented JSON object as JsonWriter(true) writes it, with at least one field; returns the sealed file.
std::string seal_json(std::string_view object);

// Checks the seal; the value is the whole text, a JSON object. Damage codes: "unsealed" (no checksum where it should
// be), "bad_checksum".
Result<std::string_view> check_sealed_json(std::string_view file);

}  // namespace ftok
