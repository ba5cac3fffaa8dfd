// The scans over blocks of 64 bytes, for any instruction set: `Block` loads 64 bytes and says where a byte stands, as a
// mask. Included by one source file an instruction set, which is compiled for it; so nothing here may be shared with
// other files.
#pragma once

#include "extract/html/scan.h"

namespace ftok::html {
namespace {

inline uint64_t below(uint64_t bit) { return (bit & (0 - bit)) - 1; }  // all bits below the lowest

template <typename Block>
const char* block_to(const char* p, const char* end, char stop, Seen& seen) {
  for (; end - p >= 64; p += 64) {
    const Block block(p);
    const uint64_t found = block.equal(stop), before = found == 0 ? ~uint64_t{0} : below(found);
    seen.ampersand |= (block.equal('&') & before) != 0;
    seen.nul |= (block.equal('\0') & before) != 0;
    if (found != 0) return p + __builtin_ctzll(found);
  }
  return kPlainScans.to(p, end, stop, seen);
}

template <typename Block>
const char* block_to_pair(const char* p, const char* end, char a, char b, Seen& seen) {
  for (; end - p >= 65; p += 64) {
    const Block block(p), next(p + 1);
    const uint64_t found = block.equal(a) & next.equal(b), before = found == 0 ? ~uint64_t{0} : below(found);
    seen.ampersand |= (block.equal('&') & before) != 0;
    seen.nul |= (block.equal('\0') & before) != 0;
    if (found != 0) return p + __builtin_ctzll(found);
  }
  return kPlainScans.to_pair(p, end, a, b, seen);
}

template <typename Block>
const char* block_to_either(const char* p, const char* end, char a, char b) {
  for (; end - p >= 64; p += 64) {
    const Block block(p);
    const uint64_t found = block.equal(a) | block.equal(b);
    if (found != 0) return p + __builtin_ctzll(found);
  }
  return kPlainScans.to_either(p, end, a, b);
}

template <typename Block>
constexpr ScanKernels kBlockScans = {block_to<Block>, block_to_pair<Block>, block_to_either<Block>};

}  // namespace
}  // namespace ftok::html
