// Scans by AVX-512: 64 bytes at once.
#include <immintrin.h>

#include "extract/html/scan_blocks.h"

namespace ftok::html {
namespace {

struct Avx512Block {
  explicit Avx512Block(const char* p) : bytes(_mm512_loadu_si512(p)) {}
  uint64_t equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)); }
  __m512i bytes;
};

}  // namespace

const ScanKernels kAvx512Scans = kBlockScans<Avx512Block>;

}  // namespace ftok::html
