// Bytes as base64 (RFC 4648, section 4): letters, digits, "+" and "/", ended by "=".
#pragma once

#include <string>
#include <string_view>

namespace ftok {

std::string base64(std::string_view bytes);

}  // namespace ftok
