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

void check_attention(Layers<double>& layers, const Extent& extent, const int32_t* first_key) {
  const int64_t n = extent.rows() * extent.C;
  Numbers qkv = random_numbers<double>(3 * n, 1);
  const Numbers up = random_numbers<double>(n, 2);
  Numbers out(static_cast<size_t>(n)), log_sum(static_cast<size_t>(extent.rows() * extent.H)),
      dqkv(static_cast<size_t>(3 * n), 9);
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

// Against the definition, written down once more without blocks.
TEST_F(LayersTest, AttentionIsSoftmaxOfScaledProducts) {
  const Extent extent{2, 67, 6, 2};
  const int64_t T = extent.T, C = extent.C, size = 3;
  const Numbers qkv = random_numbers<double>(extent.rows() * 3 * C, 1);
  Numbers out(static_cast<size_t>(extent.rows() * C)), log_sum(static_cast<size_t>(extent.rows() * 2));
  layers_->attention_forward(out.data(), log_sum.data(), qkv.data(), nullptr, extent);
  for (int64_t r = 0; r < extent.rows(); ++r) {
    for (int64_t h = 0; h < extent.H; ++h) {
      Numbers value(3);
      double sum = 0;
      for (int64_t k = r / T * T; k <= r; ++k) {
        double score = 0;
        for (int64_t c = 0; c < size; ++c) {
          score += qkv[static_cast<size_t>(r * 3 * C + h * size + c)] *
                   qkv[static_cast<size_t>((k * 3 + 1) * C + h * size + c)];
        }
        const double weight = std::exp(score / std::sqrt(3.0));
        sum += weight;
        for (int64_t c = 0; c < size; ++c) {
          value[static_cast<size_t>(c)] += weight * qkv[static_cast<size_t>((k * 3 + 2) * C + h * size + c)];
        }
      }
      for (int64_t c = 0; c < size; ++c) {
        ASSERT_NEAR(out[static_cast<size_t>(r * C + h * size + c)], value[static_cast<size_t>(c)] / sum, 1e-12);
      }
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
