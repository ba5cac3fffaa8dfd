#include "extract/html/scan.h"

#include <cstring>

namespace ftok::html {
namespace {

// Words of eight bytes: the bits 0x80 of the result say which bytes of `word` equal those of `repeated`. A byte above
// an equal one may be marked wrongly, the lowest mark is always right.
constexpr uint64_t kOnes = 0x0101010101010101U, kHighs = 0x8080808080808080U;
uint64_t repeated(char c) { return kOnes * static_cast<unsigned char>(c); }
uint64_t zero_bytes(uint64_t word) { return (word - kOnes) & ~word & kHighs; }

uint64_t load(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

void note(char c, Seen& seen) {
  seen.ampersand |= c == '&';
  seen.nul |= c == '\0';
}

const char* plain_to(const char* p, const char* end, char stop, Seen& seen) {
  const uint64_t stops = repeated(stop), ampersands = repeated('&');
  for (; end - p >= 8; p += 8) {
    const uint64_t word = load(p);
    if (zero_bytes(word ^ stops) != 0) break;
    seen.ampersand |= zero_bytes(word ^ ampersands) != 0;
    seen.nul |= zero_bytes(word) != 0;
  }
  for (; p < end && *p != stop; ++p) note(*p, seen);
  return p;
}

const char* plain_to_pair(const char* p, const char* end, char a, char b, Seen& seen) {
  while (true) {
    p = plain_to(p, end, a, seen);
    if (end - p < 2) {
      if (p < end) note(a, seen);
      return end;
    }
    if (p[1] == b) return p;
    note(*p++, seen);
  }
}

const char* plain_to_either(const char* p, const char* end, char a, char b) {
  const uint64_t as = repeated(a), bs = repeated(b);
  for (; end - p >= 8; p += 8) {
    const uint64_t word = load(p);
    if ((zero_bytes(word ^ as) | zero_bytes(word ^ bs)) != 0) break;
  }
  while (p < end && *p != a && *p != b) ++p;
  return p;
}

}  // namespace

const ScanKernels kPlainScans = {plain_to, plain_to_pair, plain_to_either};

const ScanKernels& kernels_of(VectorLevel level) {
#if defined(__x86_64__)
  if (level == VectorLevel::kAvx512) return kAvx512Scans;
  if (level == VectorLevel::kAvx2) return kAvx2Scans;
#endif
  (void)level;
  return kPlainScans;
}

const ScanKernels& scan_kernels() {
  static const ScanKernels& kernels = kernels_of(vector_level());
  return kernels;
}

}  // namespace ftok::html
