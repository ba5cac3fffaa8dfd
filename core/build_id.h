// The build ID of this program: a digest of it that the linker writes into it.
#pragma once

#include <string>

namespace ftok {

// In hexadecimal digits; empty where the program was linked without one.
std::string build_id();

}  // namespace ftok
