// The GPU's kernels, run block by block on the CPU, against the layers in double; each in every order of threads and
// blocks.
#include "trainer/cuda/gpu_kernels.h"

#include <numeric>

#include "tests/trainer/cuda/arrays.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/cuda/token_order.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h

constexpr double kRounding =
    0.0040;  // a bit above 2^-8: one rounding to bfloat16, at a number that is itself on the edge
constexpr double kFloat = 2e-5;

class KernelsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Layers<double>> reference_ = make_cpu_layers<double>(1);
};

struct Shape {
  int64_t R, C;
};

// Widths of GPT-2, one vector, off the vector, wider than the kernels with registers; rows off the tile.
const std::vector<Shape> kRowShapes = {{3, 768}, {2, 1024}, {2, 1600}, {1, 2304}, {17, 8},
                                       {9, 40},  {5, 1},    {13, 33},  {3, 301},  {41, 64}};

TEST_F(KernelsTest, LayerNormForward) {
  for (const auto& [R, C] : kRowShapes) {
    SCOPED_TRACE(::testing::Message() << R << " x " << C);
    const Bf16s in = random_bf16(R * C, 1, 2, 0.5), gain = random_bf16(C, 2), bias = random_bf16(C, 3);
    Floats mean = unwritten_floats(R), rstd = mean;
    const Bf16s out = run_in_every_order([&] {
      Bf16s result = unwritten_bf16(R * C);
      shim::layernorm_forward(nullptr, result.data(), mean.data(), rstd.data(), in.data(), gain.data(), bias.data(), R,
                              C);
      return result;
    });
    Doubles expected(out.size()), expected_mean(mean.size()), expected_rstd(mean.size());
    reference_->layernorm_forward(expected.data(), expected_mean.data(), expected_rstd.data(), widen(in).data(),
                                  widen(gain).data(), widen(bias).data(), R, C);
    expect_near(out, expected, kRounding, kFloat, "out");
    expect_near(mean, expected_mean, kFloat, kFloat, "mean");
    expect_near(rstd, expected_rstd, C == 1 ? 1e-3 : kFloat, kFloat, "rstd");
  }
}

TEST_F(KernelsTest, ResidualLayerNormIsBothOneAfterTheOther) {
  for (const auto& [R, C] : kRowShapes) {
    SCOPED_TRACE(::testing::Message() << R << " x " << C);
    const Bf16s a = random_bf16(R * C, 1), b = random_bf16(R * C, 2), gain = random_bf16(C, 3),
                bias = random_bf16(C, 4);
    Floats mean(static_cast<size_t>(R)), rstd = mean, mean_2 = mean, rstd_2 = mean;
    Bf16s sum = unwritten_bf16(R * C), out = sum, sum_2 = sum, out_2 = sum;
    shim::residual_forward(nullptr, sum.data(), a.data(), b.data(), R * C);
    shim::layernorm_forward(nullptr, out.data(), mean.data(), rstd.data(), sum.data(), gain.data(), bias.data(), R, C);
    shim::residual_layernorm_forward(nullptr, sum_2.data(), out_2.data(), mean_2.data(), rstd_2.data(), a.data(),
                                     b.data(), gain.data(), bias.data(), R, C);
    EXPECT_TRUE(same_bits(sum, sum_2) && same_bits(out, out_2) && mean == mean_2 && rstd == rstd_2);
    Bf16s in_place = a;
    shim::residual_layernorm_forward(nullptr, in_place.data(), out_2.data(), mean_2.data(), rstd_2.data(),
                                     in_place.data(), b.data(), gain.data(), bias.data(), R, C);
    EXPECT_TRUE(same_bits(sum, in_place) && same_bits(out, out_2));
  }
}

TEST_F(KernelsTest, LayerNormBackward) {
  std::vector<Shape> shapes = kRowShapes;
  shapes.push_back({4101, 8});  // more rows than blocks
  for (const auto& [R, C] : shapes) {
    SCOPED_TRACE(::testing::Message() << R << " x " << C);
    if (C == 1) continue;  // the gradient is zero but for rounding
    const Bf16s in = random_bf16(R * C, 1, 2, 0.5), gain = random_bf16(C, 2), dout = random_bf16(R * C, 3),
                start = random_bf16(R * C, 4);
    const Doubles wide_in = widen(in), wide_gain = widen(gain), zeros(static_cast<size_t>(C));
    Doubles unused(in.size()), mean(static_cast<size_t>(R)), rstd = mean;
    reference_->layernorm_forward(unused.data(), mean.data(), rstd.data(), wide_in.data(), wide_gain.data(),
                                  zeros.data(), R, C);
    const Floats mean_f(mean.begin(), mean.end()), rstd_f(rstd.begin(), rstd.end());
    const Floats start_gain = random_floats(C, 5), start_bias = random_floats(C, 6);
    Floats dgain, dbias;
    const auto run = [&] {
      Bf16s din = start;
      dgain = start_gain, dbias = start_bias;
      Floats scratch = unwritten_floats(shim::layernorm_scratch(R, C));
      shim::layernorm_backward(nullptr, din.data(), dgain.data(), dbias.data(), scratch.data(), dout.data(), in.data(),
                               gain.data(), mean_f.data(), rstd_f.data(), R, C);
      return din;
    };
    const Bf16s din = run_in_every_order(run);
    const Floats again =
        run_in_every_order([&] { return run(), dgain.insert(dgain.end(), dbias.begin(), dbias.end()), dgain; });
    Doubles expected = widen(start), expected_gain = widen(start_gain), expected_bias = widen(start_bias);
    reference_->layernorm_backward(expected.data(), expected_gain.data(), expected_bias.data(), widen(dout).data(),
                                   wide_in.data(), wide_gain.data(), mean.data(), rstd.data(), R, C);
    expect_near(din, expected, kRounding, kFloat, "din");
    expected_gain.insert(expected_gain.end(), expected_bias.begin(), expected_bias.end());
    expect_near(again, expected_gain, kFloat, kFloat, "dgain, dbias");
  }
}

struct EncoderShape {
  int64_t B, T, C, V;
};
const std::vector<EncoderShape> kEncoderShapes = {
    {2, 9, 32, 7}, {3, 5, 33, 11}, {1, 40, 768, 3}, {2, 1, 1, 1}, {4, 64, 264, 500}};

TEST_F(KernelsTest, Encoder) {
  for (const auto& [B, T, C, V] : kEncoderShapes) {
    SCOPED_TRACE(::testing::Message() << B << " x " << T << " x " << C << ", " << V);
    const Extent extent{B, T, C, 1};
    std::vector<uint32_t> tokens;
    for (int64_t i = 0; i < B * T; ++i) {
      tokens.push_back(static_cast<uint32_t>(random_bits(1, 2, static_cast<uint64_t>(i)) % static_cast<uint64_t>(V)));
    }
    const Bf16s wte = random_bf16(V * C, 1), wpe = random_bf16(T * C, 2), dout = random_bf16(B * T * C, 3);
    const Bf16s out = run_in_every_order([&] {
      Bf16s result = unwritten_bf16(B * T * C);
      shim::encoder_forward(nullptr, result.data(), tokens.data(), wte.data(), wpe.data(), extent);
      return result;
    });
    Doubles expected(out.size());
    reference_->encoder_forward(expected.data(), tokens.data(), widen(wte).data(), widen(wpe).data(), extent);
    expect_near(out, expected, kRounding, kFloat, "out");

    const TokenOrder order = make_token_order(tokens.data(), B * T, V);
    const Floats start = random_floats(V * C, 4), start_wpe = random_floats(T * C, 5);
    const Floats gradients = run_in_every_order([&] {
      Floats dwte = start, dwpe = start_wpe;
      shim::encoder_backward(nullptr, dwte.data(), dwpe.data(), dout.data(), tokens.data(),
                             {order.rows.data(), order.begins.data(), static_cast<int64_t>(order.begins.size()) - 1},
                             extent);
      dwte.insert(dwte.end(), dwpe.begin(), dwpe.end());
      return dwte;
    });
    Doubles dwte = widen(start), dwpe = widen(start_wpe);
    reference_->encoder_backward(dwte.data(), dwpe.data(), widen(dout).data(), tokens.data(), extent);
    dwte.insert(dwte.end(), dwpe.begin(), dwpe.end());
    expect_near(gradients, dwte, kFloat, kFloat, "dwte, dwpe");
  }
}

TEST_F(KernelsTest, ElementByElement) {
  for (const int64_t n : {1, 7, 8, 9, 2048, 2055, 5000}) {
    SCOPED_TRACE(n);
    Bf16s in = random_bf16(n, 1, 3);
    in[0] = to_bfloat16(n % 2 == 0 ? 40.0f : -40.0f);
    const Bf16s other = random_bf16(n, 2);
    const auto run = [&](const auto& operation) {
      return run_in_every_order([&] {
        Bf16s out = unwritten_bf16(n);
        operation(out.data());
        return out;
      });
    };
    Doubles expected(in.size());
    reference_->gelu_forward(expected.data(), widen(in).data(), n);
    expect_near(run([&](Bf16* out) { shim::gelu_forward(nullptr, out, in.data(), n); }), expected, kRounding, kFloat,
                "gelu");
    reference_->gelu_backward(expected.data(), widen(other).data(), widen(in).data(), n);
    expect_near(run([&](Bf16* out) { shim::gelu_backward(nullptr, out, other.data(), in.data(), n); }), expected,
                kRounding, kFloat, "gelu backward");
    reference_->residual_forward(expected.data(), widen(in).data(), widen(other).data(), n);
    expect_near(run([&](Bf16* out) { shim::residual_forward(nullptr, out, in.data(), other.data(), n); }), expected,
                kRounding, kFloat, "residual");
    Bf16s in_place = other;
    shim::gelu_backward(nullptr, in_place.data(), in_place.data(), in.data(), n);
    EXPECT_TRUE(
        same_bits(in_place, run([&](Bf16* out) { shim::gelu_backward(nullptr, out, other.data(), in.data(), n); })));
  }
}

TEST_F(KernelsTest, BiasesAndColumnSums) {
  for (const auto& [R, O] : std::vector<Shape>{{1, 1}, {3, 8}, {257, 24}, {2000, 5}, {70, 768}, {9, 3072}}) {
    SCOPED_TRACE(::testing::Message() << R << " x " << O);
    const Bf16s in = random_bf16(R * O, 1), bias = random_bf16(O, 2);
    const Floats start = random_floats(O, 3);
    const Bf16s out = run_in_every_order([&] {
      Bf16s result = in;
      shim::add_bias(nullptr, result.data(), bias.data(), R, O);
      return result;
    });
    const Floats sums = run_in_every_order([&] {
      Floats result = start, scratch = unwritten_floats(shim::column_sums_scratch(R, O));
      shim::column_sums(nullptr, result.data(), scratch.data(), in.data(), R, O);
      return result;
    });
    Doubles expected = widen(in), expected_sums = widen(start);
    for (int64_t i = 0; i < R * O; ++i) {
      expected_sums[static_cast<size_t>(i % O)] += expected[static_cast<size_t>(i)];
      expected[static_cast<size_t>(i)] += static_cast<double>(to_float(bias[static_cast<size_t>(i % O)]));
    }
    expect_near(out, expected, kRounding, kFloat, "out");
    expect_near(sums, expected_sums, kFloat, kFloat, "sums");
  }
}

}  // namespace
}  // namespace ftok
