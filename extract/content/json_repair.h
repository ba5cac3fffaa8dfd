// JSON as sites write it in their scripts, made strict.
#pragma once

#include <string>
#include <string_view>

namespace ftok::html {

// JSON that is strict, out of JSON as sites write it: comments, commas behind a last member, raw line breaks and quotes
// in strings, escapes that JSON does not know, white space of Unicode, several values one after the other, and what
// wraps a script's content ("<!--", "//<![CDATA[", a closing semicolon). Halves of surrogate pairs stay: parse_json()
// (core/lenient_json.h) reads the result.
std::string repaired_json(std::string_view script);

}  // namespace ftok::html
