// Little-endian integers in byte strings, at any alignment.
#pragma once

#include <bit>
#include <cassert>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {

static_assert(std::endian::native == std::endian::little, "ftok's formats are little-endian and read in place");

template <std::integral T>
void append_little_endian(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// The integer at `offset`; the caller has made sure that it lies within `bytes`.
template <std::integral T>
T load_little_endian(std::string_view bytes, size_t offset) {
  assert(offset + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Replaces `out` by the tokens of `width` (2 or 4) bytes each that `bytes` holds.
inline void read_tokens(std::string_view bytes, size_t width, std::vector<uint32_t>& out) {
  assert(width == 2 || width == 4);
  out.resize(bytes.size() / width);
  if (width == 4) {
    std::memcpy(out.data(), bytes.data(), out.size() * width);
    return;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t token;
    std::memcpy(&token, bytes.data() + i * sizeof token, sizeof token);
    out[i] = token;
  }
}

}  // namespace ftok
