// Scans for the bytes that end a run of markup: '<', a quote, "--", "]]". Chosen at run time: AVX-512, AVX2, or words
// of eight bytes. All give the same answers.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/vector_level.h"

namespace ftok::html {

// What was met before the place a scan stopped at. Scans set flags and never clear them.
struct Seen {
  bool ampersand = false;
  bool nul = false;
};

// One instruction set's scans. Each looks at [p, end) alone and returns `end` where nothing is found.
struct ScanKernels {
  // The first `stop`, which is neither '&' nor NUL.
  const char* (*to)(const char* p, const char* end, char stop, Seen& seen);
  // The first place where `a` and then `b` stand; both within [p, end).
  const char* (*to_pair)(const char* p, const char* end, char a, char b, Seen& seen);
  // The first `a` or `b`.
  const char* (*to_either)(const char* p, const char* end, char a, char b);
};

// The kernels of a level, which the processor must have.
const ScanKernels& kernels_of(VectorLevel level);

// Those of vector_level().
const ScanKernels& scan_kernels();

extern const ScanKernels kPlainScans, kAvx2Scans, kAvx512Scans;

// kernels.to, whose first bytes are looked at without a call: most runs are short.
inline const char* scan_to(const ScanKernels& kernels, const char* p, const char* end, char stop, Seen& seen) {
#if defined(__SSE2__)
  const __m128i stops = _mm_set1_epi8(stop), ampersands = _mm_set1_epi8('&'), zeros = _mm_setzero_si128();
  for (int i = 0; i < 2; ++i) {
    if (end - p < 16) break;
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const uint32_t found = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, stops)));
    const uint32_t zero = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, zeros)));
    const uint32_t ampersand = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, ampersands)));
    const uint32_t before = found == 0 ? 0xFFFF : (found & (0 - found)) - 1;
    seen.ampersand |= (ampersand & before) != 0;
    seen.nul |= (zero & before) != 0;
    if (found != 0) return p + __builtin_ctz(found);
    p += 16;
  }
#endif
  return kernels.to(p, end, stop, seen);
}

}  // namespace ftok::html
