// Messages quote what a user gave, and addresses may hold passwords: everything that shows or keeps a message takes
// them out first.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// A message without what opens a door: without_secrets() (core/shown.h) of each address in it. An address ends at white
// space or a quotation mark.
std::string hide_secrets(std::string_view message);

}  // namespace ftok
