// Scans for the bytes that end a run of markup. 16 bytes at a time where the machine has SSE2 (every x86-64), one at a time
// elsewhere; both give the same answer.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ftok::html {

// The first `stop` in [p, end), else end. `special` becomes true when a '&' or NUL comes before it, `nul` when a NUL does.
inline const char* scan_to(const char* p, const char* end, char stop, bool& special, bool& nul) {
#if defined(__SSE2__)
  const __m128i stops = _mm_set1_epi8(stop), ampersands = _mm_set1_epi8('&'), zeros = _mm_setzero_si128();
  while (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const uint32_t found = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, stops)));
    const uint32_t zero = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, zeros)));
    const uint32_t ampersand = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, ampersands)));
    const uint32_t before = found == 0 ? 0xFFFF : (found & (0 - found)) - 1;
    special |= ((zero | ampersand) & before) != 0;
    nul |= (zero & before) != 0;
    if (found != 0) return p + __builtin_ctz(found);
    p += 16;
  }
#endif
  for (; p < end && *p != stop; ++p) {
    special |= *p == '&' || *p == '\0';
    nul |= *p == '\0';
  }
  return p;
}

}  // namespace ftok::html
