// Little-endian integers in byte strings, at any alignment.
#pragma once

#include <bit>
#include <cassert>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>

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

}  // namespace ftok
