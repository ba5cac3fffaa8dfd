// Which vector instructions this processor has: what every kernel that is chosen at run time asks.
#pragma once

namespace ftok {

// In order: a later level has all of an earlier one. kAvx2: with BMI 1 and 2, POPCNT and LZCNT (which came with BMI and
// is not asked for); kAvx512: with F, BW, DQ, VL, VBMI, VBMI2. Sources compiled for a level may use those and nothing
// else.
enum class VectorLevel { kPlain, kAvx2, kAvx512 };

// What this processor can do; FTOK_VECTOR=plain|avx2|avx512 in the environment lowers it (for tests and measurements).
// Found out once a process; thread-safe.
VectorLevel vector_level();

}  // namespace ftok
