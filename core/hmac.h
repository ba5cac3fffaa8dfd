// HMAC-SHA-256 (RFC 2104, FIPS 198-1) over libcrypto, and the comparison of what it gives.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// The 32 bytes for `text` under `key`. Throws Error where libcrypto refuses.
std::string hmac_sha256(std::string_view key, std::string_view text);

// Whether two secrets are equal, in a time that depends on their sizes alone.
bool are_equal_secrets(std::string_view a, std::string_view b);

}  // namespace ftok
