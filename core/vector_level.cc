#include "core/vector_level.h"

#include <cstdlib>
#include <string_view>

namespace ftok {
namespace {

VectorLevel level_of_processor() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("popcnt")) {
    return VectorLevel::kPlain;
  }
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512vbmi") || !__builtin_cpu_supports("avx512vbmi2")) {
    return VectorLevel::kAvx2;
  }
  return VectorLevel::kAvx512;
#else
  return VectorLevel::kPlain;
#endif
}

VectorLevel detect() {
  const VectorLevel level = level_of_processor();
  const char* named = std::getenv("FTOK_VECTOR");
  const std::string_view name(named == nullptr ? "" : named);
  if (name == "plain") return VectorLevel::kPlain;
  if (name == "avx2" && level == VectorLevel::kAvx512) return VectorLevel::kAvx2;
  return level;
}

}  // namespace

VectorLevel vector_level() {
  static const VectorLevel level = detect();
  return level;
}

}  // namespace ftok
