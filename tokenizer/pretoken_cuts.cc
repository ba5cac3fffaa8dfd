#include "tokenizer/pretoken_cuts.h"

#include <cstdlib>

namespace ftok {
namespace {

VectorLevel detect() {
  VectorLevel level = VectorLevel::kPlain;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
      __builtin_cpu_supports("popcnt")) {
    level = VectorLevel::kAvx2;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2")) {
      level = VectorLevel::kAvx512;
    }
  }
#endif
  const char* named = std::getenv("FTOK_VECTOR");
  if (named != nullptr) {
    const std::string_view name(named);
    if (name == "plain") return VectorLevel::kPlain;
    if (name == "avx2" && level == VectorLevel::kAvx512) return VectorLevel::kAvx2;
  }
  return level;
}

}  // namespace

VectorLevel vector_level() {
  static const VectorLevel level = detect();
  return level;
}

size_t find_cuts(VectorLevel level, const CutScanner& scanner, const unsigned char* begin, const unsigned char* end,
                 uint32_t* cuts, size_t cuts_max) {
#if defined(__x86_64__)
  if (scanner.own != nullptr) level = VectorLevel::kPlain;
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
