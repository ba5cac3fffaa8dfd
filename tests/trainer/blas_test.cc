#include "trainer/cpu/blas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace ftok::cpu {
namespace {

TEST(Blas, OldKernelsAreReplacedWhereTheProcessorCanDoMore) {
  EXPECT_STREQ(better_kernels("Prescott", true, true), "SKYLAKEX");
  EXPECT_STREQ(better_kernels("Prescott", true, false), "HASWELL");
  EXPECT_EQ(better_kernels("Prescott", false, false), nullptr);
  EXPECT_STREQ(better_kernels("Barcelona", true, true), "SKYLAKEX");
  EXPECT_STREQ(better_kernels("Sandybridge", true, false), "HASWELL");
}

TEST(Blas, WhatOpenBlasChoseForAProcessorThatItKnowsStays) {
  for (const char* const known : {"Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "SapphireRapids"})
    EXPECT_EQ(better_kernels(known, true, true), nullptr) << known;
  EXPECT_EQ(better_kernels("of the year 2040", true, true), nullptr);
}

TEST(Blas, TheKernelsAreNotOlderThanTheProcessor) {
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr) GTEST_SKIP() << "OPENBLAS_CORETYPE decides";
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) GTEST_SKIP() << "a processor without AVX2";
  EXPECT_EQ(better_kernels(blas().kernels, true, false), nullptr) << blas().kernels;
  EXPECT_EQ(std::getenv("OPENBLAS_CORETYPE"), nullptr);  // for the processes that this one starts
}

TEST(Blas, Multiplies) {
  const int n = 37;  // no multiple of any kernel's tile
  std::vector<float> a(n * n), b(n * n), c(n * n);
  for (int i = 0; i < n * n; ++i) a[i] = static_cast<float>(i % 7 - 3), b[i] = static_cast<float>(i % 5 - 2);
  blas().sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      float sum = 0;  // whole numbers: exact
      for (int k = 0; k < n; ++k) sum += a[i * n + k] * b[k * n + j];
      ASSERT_EQ(c[i * n + j], sum) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace ftok::cpu
