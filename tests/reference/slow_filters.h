// The quality filters written down as plainly as possible, with copies of strings and ordered maps: what the fast ones
// in filters/ are held against. They share only the word and sentence splitting with them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ftok::testing {

// Reason -> the value that is compared with the threshold.
using Values = std::map<std::string, double>;

Values slow_gopher_repetition(const std::string& text, bool head);
Values slow_gopher_quality(const std::string& text, bool head);
Values slow_fineweb(const std::string& text, bool head);

// With default options, whole text; `rewritten` becomes the kept lines.
Values slow_c4(const std::string& text, bool head, std::string& rewritten);

}  // namespace ftok::testing
