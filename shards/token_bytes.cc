#include "shards/token_bytes.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "core/vector_clones.h"

namespace ftok {
namespace {

FTOK_VECTOR_CLONES uint32_t largest_in(const uint32_t* tokens, size_t count) {
  uint32_t largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, tokens[i]);
  return largest;
}

FTOK_VECTOR_CLONES void narrow(const uint32_t* tokens, size_t count, char* to) {
  for (size_t i = 0; i < count; ++i) {
    const auto token = static_cast<uint16_t>(tokens[i]);
    std::memcpy(to + i * sizeof token, &token, sizeof token);
  }
}

FTOK_VECTOR_CLONES void widen(const char* from, size_t count, uint32_t* tokens) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t token;
    std::memcpy(&token, from + i * sizeof token, sizeof token);
    tokens[i] = token;
  }
}

}  // namespace

uint32_t largest_of(std::span<const uint32_t> tokens) { return largest_in(tokens.data(), tokens.size()); }

void store_tokens(std::span<const uint32_t> tokens, size_t width, char* to) {
  assert(width == 2 || width == 4);
  if (width == 2) {
    narrow(tokens.data(), tokens.size(), to);
  } else if (!tokens.empty()) {
    std::memcpy(to, tokens.data(), tokens.size_bytes());
  }
}

void load_tokens(const char* from, size_t width, std::span<uint32_t> tokens) {
  assert(width == 2 || width == 4);
  if (width == 2) {
    widen(from, tokens.size(), tokens.data());
  } else if (!tokens.empty()) {
    std::memcpy(tokens.data(), from, tokens.size_bytes());
  }
}

void append_tokens(std::string_view bytes, size_t width, std::vector<uint32_t>& out) {
  const size_t had = out.size();
  out.resize(had + bytes.size() / width);
  load_tokens(bytes.data(), width, std::span(out).subspan(had));
}

}  // namespace ftok
