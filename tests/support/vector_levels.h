// The vector instructions that a test can try here.
#pragma once

#include <vector>

#include "core/vector_level.h"

namespace ftok::testing {

// Those of this processor, or up to the one that FTOK_VECTOR names; the plain one first.
inline std::vector<VectorLevel> vector_levels_here() {
  std::vector<VectorLevel> levels;
  for (const VectorLevel level : {VectorLevel::kPlain, VectorLevel::kAvx2, VectorLevel::kAvx512}) {
    if (level <= vector_level()) levels.push_back(level);
  }
  return levels;
}

}  // namespace ftok::testing
