// SHA-1 (FIPS 180-4) of short strings, for FineWeb-compatible shingle hashes alone: it is no security here.
#pragma once

#include <cstdint>
#include <string_view>

namespace ftok {

// The first 8 bytes of the digest as a little-endian integer. Thread-safe.
uint64_t sha1_64(std::string_view bytes);

}  // namespace ftok
