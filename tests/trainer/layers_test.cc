// Each layer's backward pass against central differences of its forward pass, in double; and float against double.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/trainer/small_model.h"

namespace ftok {
namespace {

using testing::random_numbers;
using Numbers = std::vector<double>;

double dot(const Numbers& a, const Numbers& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The derivative of f with respect to x[i], by differences of fourth order.
double derivative(const std::function<double()>& f, double& x) {
  constexpr double kStep = 1e-3;
  const double at = x;
  const auto value = [&](double offset) {
    x = at + offset;
    return f();
  };
  const double slope = (8 * (value(kStep) - value(-kStep)) - (value(2 * kStep) - value(-2 * kStep))) / (12 * kStep);
  x = at;
  return slope;
}

// Every element of `gradient` against the derivative of f with respect to the same element of `x`.
void expect_gradient(const std::function<double()>& f, Numbers& x, const Numbers& gradient, const char* what) {
  double largest = 0;
  for (const double g : gradient) largest = std::max(largest, std::abs(g));
  ASSERT_GT(largest, 0) << what;
  for (size_t i = 0; i < x.size(); ++i) {
    const double numeric = derivative(f, x[i]);
    const double scale = std::max({std::abs(numeric), std::abs(gradient[i]), 1e-4 * largest});
    ASSERT_LE(std::abs(numeric - gradient[i]) / scale, 1e-6)
        << what << "[" << i << "]: " << gradient[i] << ", " << numeric;
  }
}

class LayersTest : public ::testing::Test {
 protected:
  std::unique_ptr<Layers<double>> layers_ = make_cpu_layers<double>(1);
};

TEST_F(LayersTest, EncoderGradient) {
  const Extent extent{2, 3, 5, 1};
  const std::vector<uint32_t> tokens = {1, 0, 1, 3, 1, 2};  // one token thrice: its gradients add up
  Numbers wte = random_numbers<double>(4 * 5, 1), wpe = random_numbers<double>(3 * 5, 2);
  const Numbers up = random_numbers<double>(30, 3);
  Numbers out(30), dwte(20), dwpe(15);
  const auto f = [&] {
    layers_->encoder_forward(out.data(), tokens.data(), wte.data(), wpe.data(), extent);
    return dot(out, up);
  };
  layers_->encoder_backward(dwte.data(), dwpe.data(), up.data(), tokens.data(), extent);
  expect_gradient(f, wte, dwte, "wte");
  expect_gradient(f, wpe, dwpe, "wpe");
}

TEST_F(LayersTest, LayerNormGradient) {
  const int64_t R = 5, C = 7;
  Numbers in = random_numbers<double>(R * C, 1), gain = random_numbers<double>(C, 2),
          bias = random_numbers<double>(C, 3);
  const Numbers up = random_numbers<double>(R * C, 4);
  Numbers out(35), mean(5), rstd(5), din(35), dgain(7), dbias(7);
  const auto f = [&] {
    layers_->layernorm_forward(out.data(), mean.data(), rstd.data(), in.data(), gain.data(), bias.data(), R, C);
    return dot(out, up);
  };
  f();
  layers_->layernorm_backward(din.data(), dgain.data(), dbias.data(), up.data(), in.data(), gain.data(), mean.data(),
                              rstd.data(), R, C);
  expect_gradient(f, in, din, "in");
  expect_gradient(f, gain, dgain, "gain");
  expect_gradient(f, bias, dbias, "bias");
}

TEST_F(LayersTest, LinearGradient) {
  const int64_t R = 5, I = 4, O = 6;
  Numbers in = random_numbers<double>(R * I, 1), weight = random_numbers<double>(I * O, 2),
          bias = random_numbers<double>(O, 3);
  const Numbers up = random_numbers<double>(R * O, 4);
  Numbers out(30), din(20), dweight(24), dbias(6);
  const auto f = [&] {
    layers_->linear_forward(out.data(), in.data(), weight.data(), bias.data(), R, I, O);
    return dot(out, up);
  };
  layers_->linear_backward(din.data(), dweight.data(), dbias.data(), up.data(), in.data(), weight.data(), R, I, O);
  expect_gradient(f, in, din, "in");
  expect_gradient(f, weight, dweight, "weight");
  expect_gradient(f, bias, dbias, "bias");
}

TEST_F(LayersTest, EncoderWithoutPositions) {
  const Extent extent{2, 2, 3, 1};
  const std::vector<uint32_t> tokens = {1, 0, 1, 3};
  Numbers wte = random_numbers<double>(12, 1);
  const Numbers up = random_numbers<double>(12, 2);
  Numbers out(12), dwte(12);
  const auto f = [&] {
    layers_->encoder_forward(out.data(), tokens.data(), wte.data(), nullptr, extent);
    return dot(out, up);
  };
  layers_->encoder_backward(dwte.data(), nullptr, up.data(), tokens.data(), extent);
  expect_gradient(f, wte, dwte, "wte");
}

TEST_F(LayersTest, RmsNormGradientAndValues) {
  const int64_t R = 5, C = 19;
  Numbers in = random_numbers<double>(R * C, 1), gain = random_numbers<double>(C, 2);
  const Numbers up = random_numbers<double>(R * C, 4), start = random_numbers<double>(R * C, 5);
  Numbers out(95), rstd(5), din = start, dgain(19);
  const auto f = [&] {
    layers_->rmsnorm_forward(out.data(), rstd.data(), in.data(), gain.data(), 1e-2, R, C);
    return dot(out, up);
  };
  f();
  for (int64_t r = 0; r < R; ++r) {
    double squares = 0;
    for (int64_t c = 0; c < C; ++c) squares += in[static_cast<size_t>(r * C + c)] * in[static_cast<size_t>(r * C + c)];
    for (int64_t c = 0; c < C; ++c) {
      const size_t i = static_cast<size_t>(r * C + c);
      EXPECT_NEAR(out[i], in[i] / std::sqrt(squares / 19 + 1e-2) * gain[static_cast<size_t>(c)], 1e-13);
    }
  }
  layers_->rmsnorm_backward(din.data(), dgain.data(), up.data(), in.data(), gain.data(), rstd.data(), R, C);
  for (size_t i = 0; i < din.size(); ++i) din[i] -= start[i];  // it is added to what was there
  expect_gradient(f, in, din, "in");
  expect_gradient(f, gain, dgain, "gain");
}

// Three heads of queries and one of keys, over more rows than one thread sums gains of; values pass.
TEST_F(LayersTest, QkNormGradientAndValues) {
  const Extent extent{1, 70, 12, 3, 1, 4};
  const int64_t n = extent.rows() * extent.qkv_channels();
  ASSERT_EQ(n, 70 * 20);
  Numbers qkv = random_numbers<double>(n, 1), q_gain = random_numbers<double>(4, 2),
          k_gain = random_numbers<double>(4, 3);
  const Numbers up = random_numbers<double>(n, 4);
  Numbers out(static_cast<size_t>(n)), rstd(70 * 4), dqkv = up, dq(4), dk(4);
  const auto f = [&] {
    layers_->qk_norm_forward(out.data(), rstd.data(), qkv.data(), q_gain.data(), k_gain.data(), 1e-2, extent);
    return dot(out, up);
  };
  f();
  for (size_t i = 16; i < 20; ++i) EXPECT_EQ(out[i], qkv[i]);
  const double rms =
      std::sqrt((qkv[12] * qkv[12] + qkv[13] * qkv[13] + qkv[14] * qkv[14] + qkv[15] * qkv[15]) / 4 + 1e-2);
  EXPECT_NEAR(out[13], qkv[13] / rms * k_gain[1], 1e-13);
  layers_->qk_norm_backward(dqkv.data(), dq.data(), dk.data(), qkv.data(), q_gain.data(), k_gain.data(), rstd.data(),
                            extent);
  expect_gradient(f, qkv, dqkv, "qkv");
  expect_gradient(f, q_gain, dq, "gain of queries");
  expect_gradient(f, k_gain, dk, "gain of keys");
}

// Pair (x, y) of position t becomes (x cos - y sin, y cos + x sin); values pass; the way back is the backward pass.
TEST_F(LayersTest, RotaryGradientAndValues) {
  const Extent extent{2, 3, 12, 3, 1, 4};
  const int64_t W = extent.qkv_channels();
  Numbers qkv = random_numbers<double>(6 * W, 1), cosines, sines;
  for (int i = 0; i < 6; ++i) cosines.push_back(std::cos(0.7 * i)), sines.push_back(std::sin(0.7 * i));
  const Numbers up = random_numbers<double>(6 * W, 2);
  Numbers out, dqkv = up;
  const auto f = [&] {
    out = qkv;
    layers_->rotary(out.data(), cosines.data(), sines.data(), false, extent);
    return dot(out, up);
  };
  f();
  const size_t at = static_cast<size_t>(4 * W + 4);  // position 1 of the second sequence, head 1: the table's row 1
  EXPECT_NEAR(out[at + 1], qkv[at + 1] * std::cos(2.1) - qkv[at + 3] * std::sin(2.1), 1e-13);
  EXPECT_NEAR(out[at + 3], qkv[at + 3] * std::cos(2.1) + qkv[at + 1] * std::sin(2.1), 1e-13);
  for (size_t c = 16; c < 20; ++c) EXPECT_EQ(out[4 * 20 + c], qkv[4 * 20 + c]);
  layers_->rotary(dqkv.data(), cosines.data(), sines.data(), true, extent);
  expect_gradient(f, qkv, dqkv, "qkv");
  f();
  layers_->rotary(out.data(), cosines.data(), sines.data(), true, extent);
  for (size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], qkv[i], 1e-14);
}

TEST_F(LayersTest, Relu2GradientAndValues) {
  Numbers in = random_numbers<double>(200, 1, 2.0), out(200), din(200);
  for (double& x : in) x += x > 0 ? 0.01 : -0.01;  // differences do not reach over the bend
  const Numbers up = random_numbers<double>(200, 2);
  const auto f = [&] {
    layers_->relu2_forward(out.data(), in.data(), 200);
    return dot(out, up);
  };
  f();
  for (size_t i = 0; i < 200; ++i) EXPECT_EQ(out[i], in[i] > 0 ? in[i] * in[i] : 0);
  layers_->relu2_backward(din.data(), up.data(), in.data(), 200);
  expect_gradient(f, in, din, "in");
  in[3] = NAN;
  f();
  EXPECT_TRUE(std::isnan(out[3]));
}

TEST_F(LayersTest, SwigluGradientAndValues) {
  const int64_t R = 3, F = 21;
  Numbers in = random_numbers<double>(R * 2 * F, 1, 2.0), out(63), din(126);
  in[0] = 40, in[1] = -40;
  const Numbers up = random_numbers<double>(R * F, 2);
  const auto f = [&] {
    layers_->swiglu_forward(out.data(), in.data(), R, F);
    return dot(out, up);
  };
  f();
  for (size_t r = 0; r < 3; ++r) {
    for (size_t i = 0; i < 21; ++i) {
      const double gate = in[r * 42 + i], x = in[r * 42 + 21 + i];
      EXPECT_NEAR(out[r * 21 + i], gate / (1 + std::exp(-gate)) * x, 1e-14 * (1 + std::abs(out[r * 21 + i])));
    }
  }
  layers_->swiglu_backward(din.data(), up.data(), in.data(), R, F);
  expect_gradient(f, in, din, "in");
}

TEST_F(LayersTest, LinearWithoutBias) {
  const int64_t R = 5, I = 4, O = 6;
  Numbers in = random_numbers<double>(R * I, 1), weight = random_numbers<double>(I * O, 2);
  const Numbers up = random_numbers<double>(R * O, 4), zeros(6);
  Numbers out(30, 7), with_zeros(30), din(20), dweight(24);
  const auto f = [&] {
    layers_->linear_forward(out.data(), in.data(), weight.data(), nullptr, R, I, O);
    return dot(out, up);
  };
  f();
  layers_->linear_forward(with_zeros.data(), in.data(), weight.data(), zeros.data(), R, I, O);
  EXPECT_EQ(out, with_zeros);
  layers_->linear_backward(din.data(), dweight.data(), nullptr, up.data(), in.data(), weight.data(), R, I, O);
  expect_gradient(f, in, din, "in");
  expect_gradient(f, weight, dweight, "weight");
}

void check_attention(Layers<double>& layers, const Extent& extent, const int32_t* first_key) {
  const int64_t n = extent.rows() * extent.attention_channels(), m = extent.rows() * extent.qkv_channels();
  Numbers qkv = random_numbers<double>(m, 1);
  const Numbers up = random_numbers<double>(n, 2);
  Numbers out(static_cast<size_t>(n)), log_sum(static_cast<size_t>(extent.rows() * extent.H)),
      dqkv(static_cast<size_t>(m), 9);
  const auto f = [&] {
    layers.attention_forward(out.data(), log_sum.data(), qkv.data(), first_key, extent);
    return dot(out, up);
  };
  f();
  layers.attention_backward(dqkv.data(), up.data(), out.data(), log_sum.data(), qkv.data(), first_key, extent);
  expect_gradient(f, qkv, dqkv, "qkv");
}

TEST_F(LayersTest, AttentionGradient) { check_attention(*layers_, {2, 5, 6, 2}, nullptr); }

TEST_F(LayersTest, AttentionGradientBeyondOneBlockOfQueries) { check_attention(*layers_, {1, 70, 2, 1}, nullptr); }

TEST_F(LayersTest, AttentionGradientWithDocumentMask) {
  const std::vector<int32_t> first_key = {0, 0, 2, 2, 4, 0, 1, 1, 1, 1};
  check_attention(*layers_, {2, 5, 6, 2}, first_key.data());
}

TEST_F(LayersTest, AttentionGradientOfSharedKeys) {
  check_attention(*layers_, {2, 5, 8, 4, 2, 3}, nullptr);
  check_attention(*layers_, {1, 70, 2, 2, 1, 1}, nullptr);
}

TEST_F(LayersTest, AttentionGradientWithAWindow) {
  const std::vector<int32_t> first_key = {0, 0, 0, 3, 3, 0, 1, 1, 1, 1};
  check_attention(*layers_, {2, 5, 6, 2, 1, 3, 2}, nullptr);
  check_attention(*layers_, {2, 5, 6, 2, 2, 3, 3}, first_key.data());
  check_attention(*layers_, {1, 70, 2, 1, 1, 2, 66}, nullptr);
}

// Against the definition, written down once more without blocks.
void check_definition(Layers<double>& layers, const Extent& extent) {
  const int64_t T = extent.T, D = extent.head_channels(), W = extent.qkv_channels(), K = extent.key_heads();
  const int64_t A = extent.attention_channels();
  const Numbers qkv = random_numbers<double>(extent.rows() * W, 1);
  Numbers out(static_cast<size_t>(extent.rows() * A)), log_sum(static_cast<size_t>(extent.rows() * extent.H));
  layers.attention_forward(out.data(), log_sum.data(), qkv.data(), nullptr, extent);
  for (int64_t r = 0; r < extent.rows(); ++r) {
    for (int64_t h = 0; h < extent.H; ++h) {
      Numbers value(static_cast<size_t>(D));
      double sum = 0;
      const int64_t shared = h / (extent.H / K), first = extent.window > 0 ? r % T - extent.window + 1 : 0;
      for (int64_t k = r / T * T + std::max<int64_t>(0, first); k <= r; ++k) {
        const double* const query = qkv.data() + r * W + h * D;
        const double* const key = qkv.data() + k * W + (extent.H + shared) * D;
        double score = 0;
        for (int64_t c = 0; c < D; ++c) score += query[c] * key[c];
        const double weight = std::exp(score / std::sqrt(static_cast<double>(D)));
        sum += weight;
        for (int64_t c = 0; c < D; ++c) value[static_cast<size_t>(c)] += weight * key[K * D + c];
      }
      for (int64_t c = 0; c < D; ++c)
        ASSERT_NEAR(out[static_cast<size_t>(r * A + h * D + c)], value[static_cast<size_t>(c)] / sum, 1e-12);
    }
  }
}

TEST_F(LayersTest, AttentionIsSoftmaxOfScaledProducts) {
  check_definition(*layers_, {2, 67, 6, 2});
  check_definition(*layers_, {2, 67, 6, 6, 2, 5});
  check_definition(*layers_, {2, 130, 6, 2, 1, 3, 65});
}

// One position after the other, from a cache.
TEST_F(LayersTest, DecodedAttentionIsThatOfThePositions) {
  for (const Extent& e : {Extent{1, 9, 6, 2}, Extent{1, 9, 12, 4, 2, 5}, Extent{1, 9, 6, 2, 1, 3, 4}}) {
    const int64_t W = e.qkv_channels(), A = e.attention_channels();
    const Numbers qkv = random_numbers<double>(e.T * W, 1);
    Numbers all(static_cast<size_t>(e.T * A)), log_sum(static_cast<size_t>(e.T * e.H)),
        cache(static_cast<size_t>(e.T * (W - A))), out(static_cast<size_t>(A));
    layers_->attention_forward(all.data(), log_sum.data(), qkv.data(), nullptr, e);
    Extent one = e;
    one.T = 1;
    for (int64_t t = 0; t < e.T; ++t) {
      layers_->keep_keys_values(cache.data(), qkv.data() + t * W, t, one);
      layers_->decode_attention(out.data(), qkv.data() + t * W, cache.data(), t, one);
      for (int64_t c = 0; c < A; ++c)
        ASSERT_NEAR(out[static_cast<size_t>(c)], all[static_cast<size_t>(t * A + c)], 1e-13);
    }
  }
}

TEST_F(LayersTest, GeluGradientAndValues) {
  Numbers in = random_numbers<double>(200, 1, 2.0);
  in[0] = 0, in[1] = 40, in[2] = -40;
  const Numbers up = random_numbers<double>(200, 2);
  Numbers out(200), din(200);
  const auto f = [&] {
    layers_->gelu_forward(out.data(), in.data(), 200);
    return dot(out, up);
  };
  f();
  for (size_t i = 0; i < 200; ++i) {
    const double u = std::sqrt(2 / M_PI) * (in[i] + 0.044715 * in[i] * in[i] * in[i]);
    ASSERT_NEAR(out[i], 0.5 * in[i] * (1 + std::tanh(u)), 1e-14);
  }
  layers_->gelu_backward(din.data(), up.data(), in.data(), 200);
  expect_gradient(f, in, din, "in");
}

TEST_F(LayersTest, ClassifierGradientWithMask) {
  const int64_t R = 6, C = 5, V = 9;
  Numbers hidden = random_numbers<double>(R * C, 1), wte = random_numbers<double>(V * C, 2);
  const std::vector<uint32_t> ids = {0, 8, 3, 3, 1, 7};
  const std::vector<uint8_t> mask = {1, 1, 0, 1, 0, 1};
  const Layers<double>::Targets targets{ids.data(), mask.data(), R, C, V};
  Numbers dhidden(30, 9), dwte(45);
  const auto f = [&] { return 0.25 * layers_->classifier(nullptr, nullptr, hidden.data(), wte.data(), targets, 0); };
  const double loss = layers_->classifier(dhidden.data(), dwte.data(), hidden.data(), wte.data(), targets, 0.25);
  EXPECT_EQ(0.25 * loss, f());
  expect_gradient(f, hidden, dhidden, "hidden");
  expect_gradient(f, wte, dwte, "wte");
  for (int64_t c = 0; c < C; ++c) EXPECT_EQ(dhidden[static_cast<size_t>(2 * C + c)], 0);
}

TEST_F(LayersTest, ClassifierOfUniformLogitsIsLogOfVocabulary) {
  const int64_t R = 700, C = 2, V = 9;  // more rows than one chunk would hold at a large V; zero weights
  const Numbers hidden(1400, 1), wte(18, 0);
  const std::vector<uint32_t> ids(700, 4);
  const double loss =
      layers_->classifier(nullptr, nullptr, hidden.data(), wte.data(), {ids.data(), nullptr, R, C, V}, 0);
  EXPECT_NEAR(loss / 700, std::log(9.0), 1e-12);
}

}  // namespace
}  // namespace ftok
