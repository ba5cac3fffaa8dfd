// Token ids in memory (uint32) and as they lie in files, two or four bytes each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ftok {

// The largest id, 0 when there is none.
uint32_t largest_of(std::span<const uint32_t> tokens);

// Writes tokens to `to`, `width` (2 or 4) bytes each; they fit.
void store_tokens(std::span<const uint32_t> tokens, size_t width, char* to);

// Fills `tokens` from bytes that hold `width` (2 or 4) bytes for each.
void load_tokens(const char* from, size_t width, std::span<uint32_t> tokens);

// Puts the tokens of `width` (2 or 4) bytes each that `bytes` holds behind what `out` holds.
void append_tokens(std::string_view bytes, size_t width, std::vector<uint32_t>& out);

}  // namespace ftok
