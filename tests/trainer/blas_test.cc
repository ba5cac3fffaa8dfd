#include "trainer/cpu/blas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <type_traits>
#include <vector>

#include "tests/trainer/small_model.h"
#include "trainer/cpu/kernels.h"

namespace ftok::cpu {
namespace {

using ftok::testing::random_numbers;

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

template <typename Real>
class RowProduct : public ::testing::Test {};
using RowTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(RowProduct, RowTypes);

// One row by loops of our own, against OpenBLAS: every form of the operands; columns that fill no block, rows that fill
// no group.
TYPED_TEST(RowProduct, IsWhatOpenBlasSays) {
  using Real = TypeParam;
  const double most = std::is_same_v<Real, float> ? 1e-4 : 1e-12;
  for (const int64_t N : {1, 15, 300, 9001}) {
    for (const int64_t K : {1, 8, 21, 64}) {
      const auto in = random_numbers<Real>(K * 3, 1), matrix = random_numbers<Real>(N * K, 2),
                 before = random_numbers<Real>(N, 3);
      for (const int form : {0, 1, 2, 3, 4, 5, 6, 7}) {
        const bool in_column = form & 1, transposed = form & 2, keeps = form & 4;
        const Matrix<Real> a{in.data(), in_column ? 3 : K, in_column}, b{matrix.data(), transposed ? K : N, transposed};
        const auto product = [&](std::vector<Real>& out) {
          return Product<Real>{1, N, K, a, b, out.data(), N, Real(1.5), Real(keeps ? 1 : 0)};
        };
        std::vector<Real> expected = before, out = before, by_three = before;
        multiply(product(expected));
        Workers one(1), three(3);
        multiply(one, product(out));
        multiply(three, product(by_three));
        EXPECT_EQ(out, by_three) << N << " " << K << " " << form;
        for (int64_t c = 0; c < N; ++c)
          ASSERT_NEAR(out[c], expected[c], most) << N << " " << K << " " << form << " " << c;
      }
    }
  }
}

}  // namespace
}  // namespace ftok::cpu
