// Scans by AVX2: 64 bytes in two halves.
#include <immintrin.h>

#include "extract/html/scan_blocks.h"

namespace ftok::html {
namespace {

struct Avx2Block {
  explicit Avx2Block(const char* p)
      : low(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
        high(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))) {}
  uint64_t equal(char c) const {
    const __m256i value = _mm256_set1_epi8(c);
    return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, value))) |
           static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, value)))) << 32;
  }
  __m256i low, high;
};

}  // namespace

const ScanKernels kAvx2Scans = kBlockScans<Avx2Block>;

}  // namespace ftok::html
