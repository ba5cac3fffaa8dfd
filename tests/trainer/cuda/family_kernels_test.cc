// The GPU's kernels that GPT-2 does not need, run block by block on the CPU, against the layers in double; each in
// every order of threads and blocks.
#include "tests/trainer/cuda/arrays.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/token_order.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h

constexpr double kRounding = 0.0040, kFloat = 2e-5;  // as in kernels_test.cc

class FamilyKernelsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Layers<double>> reference_ = make_cpu_layers<double>(1);
};

struct Shape {
  int64_t R, C;
};
const std::vector<Shape> kShapes = {{3, 768}, {2, 1600}, {1, 2304}, {17, 8}, {9, 40}, {13, 33}, {4101, 8}};

TEST_F(FamilyKernelsTest, RmsNorm) {
  for (const auto& [R, C] : kShapes) {
    SCOPED_TRACE(::testing::Message() << R << " x " << C);
    const Bf16s a = random_bf16(R * C, 1, 2, 0.5), b = random_bf16(R * C, 2), gain = random_bf16(C, 3);
    Floats rstd = unwritten_floats(R);
    Bf16s sum;
    const Bf16s out = run_in_every_order([&] {
      Bf16s result = unwritten_bf16(R * C);
      sum = unwritten_bf16(R * C);
      shim::residual_rmsnorm_forward(nullptr, sum.data(), result.data(), rstd.data(), a.data(), b.data(), gain.data(),
                                     1e-3, R, C);
      return result;
    });
    Doubles expected(out.size()), expected_rstd(rstd.size());
    reference_->rmsnorm_forward(expected.data(), expected_rstd.data(), widen(sum).data(), widen(gain).data(), 1e-3, R,
                                C);
    expect_near(out, expected, kRounding, kFloat, "out");
    expect_near(rstd, expected_rstd, kFloat, kFloat, "rstd");
    Bf16s again = unwritten_bf16(R * C), added = again;
    Floats rstd_again = unwritten_floats(R);
    shim::rmsnorm_forward(nullptr, again.data(), rstd_again.data(), sum.data(), gain.data(), 1e-3, R, C);
    shim::residual_forward(nullptr, added.data(), a.data(), b.data(), R * C);
    EXPECT_TRUE(same_bits(out, again) && same_bits(sum, added) && rstd == rstd_again);

    const Bf16s dout = random_bf16(R * C, 4), start = random_bf16(R * C, 5);
    const Floats start_gain = random_floats(C, 6);
    Floats dgain;
    const auto run = [&] {
      Bf16s din = start;
      dgain = start_gain;
      Floats scratch = unwritten_floats(shim::layernorm_scratch(R, C));
      shim::rmsnorm_backward(nullptr, din.data(), dgain.data(), scratch.data(), dout.data(), sum.data(), gain.data(),
                             rstd.data(), R, C);
      return din;
    };
    const Bf16s din = run_in_every_order(run);
    const Floats gains = run_in_every_order([&] { return run(), dgain; });
    Doubles expected_din = widen(start), expected_gain = widen(start_gain);
    reference_->rmsnorm_backward(expected_din.data(), expected_gain.data(), widen(dout).data(), widen(sum).data(),
                                 widen(gain).data(), widen(rstd).data(), R, C);
    expect_near(din, expected_din, kRounding, kFloat, "din");
    expect_near(gains, expected_gain, kFloat, kFloat, "dgain");
  }
}

// Heads on, off and beyond a lane's stride; more rows than blocks; heads of keys fewer than those of queries.
const std::vector<Extent> kHeads = {
    {2, 3, 64, 2, 2, 32}, {1, 5, 0, 4, 1, 10}, {3, 7, 0, 6, 2, 128}, {1, 600, 0, 2, 1, 8}, {1, 4, 0, 3, 3, 16}};

TEST_F(FamilyKernelsTest, NormOfQueriesAndKeys) {
  for (const Extent& e : kHeads) {
    SCOPED_TRACE(::testing::Message() << e.rows() << " rows of " << e.H << ", " << e.K << " heads of " << e.D);
    const int64_t n = e.rows() * e.qkv_channels(), m = e.rows() * (e.H + e.K);
    const Bf16s qkv = random_bf16(n, 1), q_gain = random_bf16(e.D, 2), k_gain = random_bf16(e.D, 3),
                dout = random_bf16(n, 4);
    Floats rstd = unwritten_floats(m);
    const Bf16s out = run_in_every_order([&] {
      Bf16s result = unwritten_bf16(n);
      shim::qk_norm_forward(nullptr, result.data(), rstd.data(), qkv.data(), q_gain.data(), k_gain.data(), 1e-3, e);
      return result;
    });
    Doubles expected(out.size()), expected_rstd(rstd.size());
    reference_->qk_norm_forward(expected.data(), expected_rstd.data(), widen(qkv).data(), widen(q_gain).data(),
                                widen(k_gain).data(), 1e-3, e);
    expect_near(out, expected, kRounding, kFloat, "out");
    expect_near(rstd, expected_rstd, kFloat, kFloat, "rstd");

    const Floats start = random_floats(2 * e.D, 5);
    Floats gains;
    const auto run = [&] {
      Bf16s dqkv = dout;
      gains = start;
      Floats scratch = unwritten_floats(shim::qk_norm_scratch(e));
      shim::qk_norm_backward(nullptr, dqkv.data(), gains.data(), gains.data() + e.D, scratch.data(), qkv.data(),
                             q_gain.data(), k_gain.data(), rstd.data(), e);
      return dqkv;
    };
    const Bf16s dqkv = run_in_every_order(run);
    const Floats dgains = run_in_every_order([&] { return run(), gains; });
    Doubles expected_dqkv = widen(dout), expected_gains = widen(start);
    reference_->qk_norm_backward(expected_dqkv.data(), expected_gains.data(), expected_gains.data() + e.D,
                                 widen(qkv).data(), widen(q_gain).data(), widen(k_gain).data(), widen(rstd).data(), e);
    expect_near(dqkv, expected_dqkv, kRounding, kFloat, "dqkv");
    expect_near(dgains, expected_gains, kFloat, kFloat, "gains");
  }
}

TEST_F(FamilyKernelsTest, Rotary) {
  for (const Extent& e : kHeads) {
    SCOPED_TRACE(::testing::Message() << e.rows() << " rows of " << e.H << ", " << e.K << " heads of " << e.D);
    const Bf16s qkv = random_bf16(e.rows() * e.qkv_channels(), 1);
    const Floats cosines = random_floats(e.T * e.D / 2, 2), sines = random_floats(e.T * e.D / 2, 3);
    for (const bool back : {false, true}) {
      const Bf16s out = run_in_every_order([&] {
        Bf16s result = qkv;
        shim::rotary(nullptr, result.data(), cosines.data(), sines.data(), back, e);
        return result;
      });
      Doubles expected = widen(qkv);
      reference_->rotary(expected.data(), widen(cosines).data(), widen(sines).data(), back, e);
      expect_near(out, expected, kRounding, kFloat, "turned");
    }
  }
}

TEST_F(FamilyKernelsTest, ActivationsOfMlps) {
  for (const auto& [R, F] : std::vector<Shape>{{5, 64}, {3, 21}, {1, 1}, {2, 4099}}) {
    SCOPED_TRACE(::testing::Message() << R << " x " << F);
    const int64_t n = R * F;
    const Bf16s in = random_bf16(2 * n, 1, 2), dout = random_bf16(n, 2);
    Bf16s out = unwritten_bf16(n), din = unwritten_bf16(2 * n);
    Doubles e_out(out.size()), e_din(din.size());
    shim::swiglu_forward(nullptr, out.data(), in.data(), R, F);
    shim::swiglu_backward(nullptr, din.data(), dout.data(), in.data(), R, F);
    reference_->swiglu_forward(e_out.data(), widen(in).data(), R, F);
    reference_->swiglu_backward(e_din.data(), widen(dout).data(), widen(in).data(), R, F);
    expect_near(out, e_out, kRounding, kFloat, "SwiGLU");
    expect_near(din, e_din, kRounding, kFloat, "its gradient");

    Bf16s squares = unwritten_bf16(n), slopes = dout;
    Doubles e_squares(squares.size()), e_slopes(squares.size());
    const Bf16s x(in.begin(), in.begin() + n);
    shim::relu2_forward(nullptr, squares.data(), x.data(), n);
    shim::relu2_backward(nullptr, slopes.data(), slopes.data(), x.data(), n);  // in place
    reference_->relu2_forward(e_squares.data(), widen(x).data(), n);
    reference_->relu2_backward(e_slopes.data(), widen(dout).data(), widen(x).data(), n);
    expect_near(squares, e_squares, kRounding, kFloat, "squared ReLU");
    expect_near(slopes, e_slopes, kRounding, kFloat, "its gradient");
  }
}

TEST_F(FamilyKernelsTest, TokensWithoutPositions) {
  const Extent e{2, 3, 40, 1};
  const std::vector<uint32_t> tokens = {1, 0, 1, 3, 1, 2};
  const Bf16s wte = random_bf16(4 * e.C, 1), dout = random_bf16(e.rows() * e.C, 2);
  const TokenOrder order = make_token_order(tokens.data(), e.rows(), 4);
  const shim::TokenRuns runs{order.rows.data(), order.begins.data(), static_cast<int64_t>(order.begins.size()) - 1};
  Bf16s out = unwritten_bf16(e.rows() * e.C);
  Floats dwte(static_cast<size_t>(4 * e.C));
  shim::encoder_forward(nullptr, out.data(), tokens.data(), wte.data(), nullptr, e);
  shim::encoder_backward(nullptr, dwte.data(), nullptr, dout.data(), tokens.data(), runs, e);
  Doubles expected(out.size()), expected_dwte(dwte.size());
  reference_->encoder_forward(expected.data(), tokens.data(), widen(wte).data(), nullptr, e);
  reference_->encoder_backward(expected_dwte.data(), nullptr, widen(dout).data(), tokens.data(), e);
  expect_near(out, expected, 0, 0, "out");
  expect_near(dwte, expected_dwte, kFloat, kFloat, "dwte");
}

}  // namespace
}  // namespace ftok
