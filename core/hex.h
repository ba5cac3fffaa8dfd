// Bytes as hexadecimal digits, two per byte in lower case, and back: how checksums and digests are written.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

std::string to_hex(std::string_view bytes);

// `hex` is what to_hex() gives.
std::string from_hex(std::string_view hex);

}  // namespace ftok
