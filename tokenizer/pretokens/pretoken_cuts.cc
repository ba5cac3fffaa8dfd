#include "tokenizer/pretokens/pretoken_cuts.h"

namespace ftok {
size_t find_cuts(VectorLevel level, const CutScanner& scanner, const unsigned char* begin, const unsigned char* end,
                 uint32_t* cuts, size_t cuts_max) {
#if defined(__x86_64__)
  const bool has_windows =
      scanner.own == nullptr && scanner.pattern != Pattern::kSmollm && scanner.pattern != Pattern::kTekken;
  if (!has_windows) level = VectorLevel::kPlain;
  if (level == VectorLevel::kAvx512) return find_cuts_avx512(scanner, begin, end, cuts, cuts_max);
  if (level == VectorLevel::kAvx2) return find_cuts_avx2(scanner, begin, end, cuts, cuts_max);
#else
  (void)level;
#endif
  size_t count = 0;
  for (const unsigned char* p = begin; p < end && count + 64 <= cuts_max;) {
    p = scanner.next(p, end);
    cuts[count++] = static_cast<uint32_t>(p - begin);
  }
  return count;
}

}  // namespace ftok
