#include "dedup/kernels/sha1.h"

#include <bit>
#include <cstring>

namespace ftok {
namespace {

constexpr size_t kBlockBytes = 64;

struct State {
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
};

void add_block(State& state, const unsigned char* block) {
  uint32_t w[80];
  for (int t = 0; t < 16; ++t) {
    uint32_t word;
    std::memcpy(&word, block + 4 * t, 4);
    w[t] = __builtin_bswap32(word);
  }
  for (int t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  uint32_t a = state.h[0], b = state.h[1], c = state.h[2], d = state.h[3], e = state.h[4];
  const auto round = [&](uint32_t f, uint32_t k, uint32_t word) {
    const uint32_t next = std::rotl(a, 5) + f + e + k + word;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  };
  for (int t = 0; t < 20; ++t) round((b & c) | (~b & d), 0x5A827999, w[t]);
  for (int t = 20; t < 40; ++t) round(b ^ c ^ d, 0x6ED9EBA1, w[t]);
  for (int t = 40; t < 60; ++t) round((b & c) | (b & d) | (c & d), 0x8F1BBCDC, w[t]);
  for (int t = 60; t < 80; ++t) round(b ^ c ^ d, 0xCA62C1D6, w[t]);
  state.h[0] += a;
  state.h[1] += b;
  state.h[2] += c;
  state.h[3] += d;
  state.h[4] += e;
}

}  // namespace

uint64_t sha1_64(std::string_view bytes) {
  State state;
  const uint64_t bits = static_cast<uint64_t>(bytes.size()) * 8;
  while (bytes.size() >= kBlockBytes) {
    add_block(state, reinterpret_cast<const unsigned char*>(bytes.data()));
    bytes.remove_prefix(kBlockBytes);
  }
  unsigned char last[2 * kBlockBytes] = {};
  if (!bytes.empty()) std::memcpy(last, bytes.data(), bytes.size());
  last[bytes.size()] = 0x80;
  const size_t padded = bytes.size() + 9 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  for (int i = 0; i < 8; ++i) last[padded - 1 - static_cast<size_t>(i)] = static_cast<unsigned char>(bits >> (8 * i));
  add_block(state, last);
  if (padded > kBlockBytes) add_block(state, last + kBlockBytes);
  return __builtin_bswap32(state.h[0]) | static_cast<uint64_t>(__builtin_bswap32(state.h[1])) << 32;
}

}  // namespace ftok
