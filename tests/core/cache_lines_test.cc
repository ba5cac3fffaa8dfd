#include "core/cache_lines.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <new>

namespace ftok {
namespace {

TEST(LineVector, BeginsWhereACacheLineDoes) {
  for (size_t size = 1; size < 300; size += 7) {
    LineVector<float> floats(size, 1.0F), copy = floats;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(floats.data()) % kCacheLineBytes, 0U);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(copy.data()) % kCacheLineBytes, 0U);
    EXPECT_EQ(copy, floats);
  }
}

TEST(LineVector, RefusesWhatCannotBeAllocated) {
  EXPECT_THROW(CacheLineAllocator<float>().allocate(SIZE_MAX / 2), std::bad_alloc);
}

}  // namespace
}  // namespace ftok
