// The GPU's attention kernels on the CPU, against attention in double.
#include <algorithm>

#include "tests/trainer/cuda/arrays.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/cuda/attention_tile.h"
#include "trainer/cuda/gpu_kernels.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h

struct Case {
  Extent extent;
  bool documents = false;
};

// Documents that begin at random places, so that some end inside a tile, some on its edge.
std::vector<int32_t> random_documents(int64_t B, int64_t T) {
  std::vector<int32_t> first_key;
  for (int64_t b = 0; b < B; ++b) {
    int32_t first = 0;
    for (int64_t t = 0; t < T; ++t) {
      const bool edge = t == 64 && b == 0;
      if (t > 0 && (edge || random_bits(4, static_cast<uint64_t>(b), static_cast<uint64_t>(t)) % 23 == 0))
        first = static_cast<int32_t>(t);
      first_key.push_back(first);
    }
  }
  return first_key;
}

void check(const Case& c) {
  const Extent& e = c.extent;
  SCOPED_TRACE(::testing::Message() << "B" << e.B << " T" << e.T << " C" << e.C << " H" << e.H << " K" << e.key_heads()
                                    << " D" << e.head_channels() << " window " << e.window
                                    << (c.documents ? " documents" : ""));
  const int64_t n = e.rows() * e.attention_channels(), m = e.rows() * e.qkv_channels(), sums = e.rows() * e.H;
  const std::vector<int32_t> documents = random_documents(e.B, e.T);
  const int32_t* const first_key = c.documents ? documents.data() : nullptr;
  const Bf16s qkv = random_bf16(m, 1, 1.2), dout = random_bf16(n, 2);
  Floats log_sum;
  const Bf16s out = run_in_every_order([&] {
    Bf16s result = unwritten_bf16(n);
    log_sum = unwritten_floats(sums);
    shim::attention_forward(nullptr, result.data(), log_sum.data(), qkv.data(), first_key, e);
    return result;
  });
  const auto reference = make_cpu_layers<double>(1);
  Doubles expected(static_cast<size_t>(n)), expected_sum(static_cast<size_t>(sums));
  reference->attention_forward(expected.data(), expected_sum.data(), widen(qkv).data(), first_key, e);
  expect_near(log_sum, expected_sum, 2e-5, 2e-5, "log_sum");
  expect_near(out, expected, 0.008, 0.008, "out");  // the weights are rounded as well
  EXPECT_LT(relative_distance(out, expected), 0.004);

  const Bf16s dqkv = run_in_every_order([&] {
    Bf16s result = unwritten_bf16(m);
    Floats scratch = unwritten_floats(sums);
    shim::attention_backward(nullptr, result.data(), scratch.data(), dout.data(), out.data(), log_sum.data(),
                             qkv.data(), first_key, e);
    return result;
  });
  Doubles expected_dqkv(static_cast<size_t>(m));
  reference->attention_backward(expected_dqkv.data(), widen(dout).data(), expected.data(), expected_sum.data(),
                                widen(qkv).data(), first_key, e);
  expect_near(dqkv, expected_dqkv, 0.015, 0.03, "dqkv");
  EXPECT_LT(relative_distance(dqkv, expected_dqkv), 0.008);
}

TEST(ShimAttention, HeadsOf64) { check({{2, 130, 128, 2}}); }
TEST(ShimAttention, HeadsOf64WithDocuments) { check({{2, 200, 64, 1}, true}); }
TEST(ShimAttention, WholeTiles) { check({{1, 128, 64, 1}}); }
TEST(ShimAttention, SmallHeadsAndShortSequences) {
  check({{2, 8, 32, 4}});
  check({{3, 1, 16, 1}});
  check({{1, 70, 64, 2}, true});
}
TEST(ShimAttention, HeadsOffTheVector) {
  check({{1, 33, 20, 2}});        // 10 channels: 4-byte stores
  check({{1, 67, 21, 3}, true});  // 7: single elements
  check({{1, 40, 100, 1}});
}
TEST(ShimAttention, HeadsOf128) {
  check({{1, 97, 128, 1}});
  check({{1, 97, 96, 1}, true});
}

TEST(ShimAttention, HeadsThatShareKeys) {
  check({{2, 130, 0, 4, 2, 64}});
  check({{1, 70, 0, 6, 1, 32}, true});
  check({{1, 67, 0, 4, 2, 10}});
  check({{1, 40, 0, 2, 1, 128}});
}
TEST(ShimAttention, Windows) {
  check({{1, 200, 64, 1, 1, 64, 64}});
  check({{1, 200, 64, 1, 1, 64, 65}});
  check({{2, 130, 0, 4, 2, 32, 7}, true});
  check({{1, 70, 0, 2, 1, 16, 1}});
  check({{1, 70, 0, 2, 1, 16, 500}});
}

// Tensor-core operands, load by load: A B and A B^T against sums written down.
TEST(ShimAttention, OperandsAreWhatTheProductNeeds) {
  using namespace shim;
  static Tile<16, 32> a;
  static Tile<32, 32> b;
  static float products[2][16][32];
  for (int i = 0; i < 32; ++i) {
    for (int k = 0; k < 32; ++k) {
      if (i < 16) a.at[i][k] = to_bfloat16(static_cast<float>((i * 7 + k * 3) % 11 - 5));
      b.at[i][k] = to_bfloat16(static_cast<float>((i * 5 + k * 2) % 13 - 6));
    }
  }
  run_grid(1, 1, 1, 32, [] {
    float transposed[4][4], rows[4][4] = {}, values[4][4];
    multiply_transposed(transposed, a, 0, b);
    for (int n = 0; n < 4; ++n) {
      for (int i = 0; i < 4; ++i) values[n][i] = to_float(a.at[row_of(i)][column_of(n, i)]);
    }
    multiply_add_rows(rows, values, b);
    for (int n = 0; n < 4; ++n) {
      for (int i = 0; i < 4; ++i) {
        products[0][row_of(i)][column_of(n, i)] = transposed[n][i];
        products[1][row_of(i)][column_of(n, i)] = rows[n][i];
      }
    }
  });
  for (int r = 0; r < 16; ++r) {
    for (int c = 0; c < 32; ++c) {
      float transposed = 0, rows = 0;
      for (int k = 0; k < 32; ++k) {
        transposed += to_float(a.at[r][k]) * to_float(b.at[c][k]);
        rows += to_float(a.at[r][k]) * to_float(b.at[k][c]);
      }
      ASSERT_EQ(products[0][r][c], transposed);
      ASSERT_EQ(products[1][r][c], rows);
    }
  }
}

// One query against the rows before it: heads on, off and beyond a lane's stride; fewer positions than warps, and many;
// heads that share keys and values, a window.
TEST(ShimAttention, OfOneNewPosition) {
  for (const Extent& e : {Extent{1, 1, 64, 1}, Extent{1, 5, 128, 2}, Extent{1, 8, 32, 4}, Extent{1, 9, 40, 2},
                          Extent{1, 100, 256, 2}, Extent{1, 33, 21, 3}, Extent{1, 40, 48, 6, 2, 16},
                          Extent{1, 30, 10, 4, 2, 5}, Extent{1, 30, 32, 4, 1, 8, 7}, Extent{1, 6, 32, 4, 4, 8, 7}}) {
    SCOPED_TRACE(::testing::Message() << "T" << e.T << " C" << e.C << " H" << e.H);
    const int64_t width = e.attention_channels(), row = e.qkv_channels();
    const Bf16s qkv = random_bf16(e.T * row, 1, 1.2);
    Extent two = e;  // the cache is filled in two parts
    two.T = e.T / 2;
    const Bf16s out = run_in_every_order([&] {
      Bf16s result = unwritten_bf16(width), cache = unwritten_bf16(e.T * (row - width));
      Extent rest = e;
      rest.T = e.T - two.T;
      if (two.T > 0) shim::keep_keys_values(nullptr, cache.data(), qkv.data(), 0, two);
      shim::keep_keys_values(nullptr, cache.data(), qkv.data() + two.T * row, two.T, rest);
      shim::decode_attention(nullptr, result.data(), qkv.data() + (e.T - 1) * row, cache.data(), e.T - 1, e);
      return result;
    });
    const auto reference = make_cpu_layers<double>(1);
    Doubles all(static_cast<size_t>(e.T * width)), sums(static_cast<size_t>(e.T * e.H));
    reference->attention_forward(all.data(), sums.data(), widen(qkv).data(), nullptr, e);
    expect_near(out, Doubles(all.end() - width, all.end()), 0.004, 2e-5, "out");
  }
}

}  // namespace
}  // namespace ftok
