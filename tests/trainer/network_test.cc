// The whole model: every parameter's gradient against central differences; float against double; micro-batches; masks.
#include "trainer/layers/network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "core/error.h"
#include "tests/support/test_data.h"
#include "tests/trainer/small_model.h"
#include "trainer/layers/rounding_layers.h"

namespace ftok {
namespace {

using testing::random_batch;
using testing::small_config;
using testing::SmallModel;

double step_loss(Network<double>& network, const Batch& batch) {
  return network.loss(batch.view()) / static_cast<double>(batch.tokens.size());
}

// Numeric gradients of parameters [begin, end): fourth-order differences.
void differentiate(const Batch& batch, size_t begin, size_t end, std::vector<double>& numeric) {
  SmallModel<double> model;
  constexpr double kStep = 1e-3;
  for (size_t i = begin; i < end; i += testing::kEveryNth) {
    double& x = model.network.parameters()[i];
    const double at = x;
    const auto value = [&](double offset) {
      x = at + offset;
      return step_loss(model.network, batch);
    };
    numeric[i] = (8 * (value(kStep) - value(-kStep)) - (value(2 * kStep) - value(-2 * kStep))) / (12 * kStep);
    x = at;
  }
}

// Offsets of the key biases, whose gradient is zero: a constant added to all keys adds the same to all scores of a
// query.
bool is_key_bias(const ParameterLayout& layout, const ModelConfig& config, size_t i) {
  const int64_t at = static_cast<int64_t>(i);
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const int64_t begin = layout.block(layer).qkv_bias + config.channels;
    if (at >= begin && at < begin + config.channels) return true;
  }
  return false;
}

TEST(Network, EveryGradientIsTheDerivative) {
  SmallModel<double> model;
  Network<double>& network = model.network;
  const Batch batch = random_batch(network.config(), 1, 1);
  const double loss = network.accumulate_gradients(batch.view(), 1.0 / static_cast<double>(batch.tokens.size()));
  EXPECT_EQ(loss, network.loss(batch.view()));
  const std::vector<double> analytic = testing::vector_of(network.gradients());
  std::vector<double> numeric(analytic.size());
  const size_t half = numeric.size() / 2 / testing::kEveryNth * testing::kEveryNth;
  std::thread other([&] { differentiate(batch, 0, half, numeric); });
  differentiate(batch, half, numeric.size(), numeric);
  other.join();
  double largest = 0;
  for (const double g : analytic) largest = std::max(largest, std::abs(g));
  for (size_t i = 0; i < analytic.size(); i += testing::kEveryNth) {
    if (is_key_bias(network.layout(), network.config(), i)) {
      ASSERT_LT(std::abs(analytic[i]), 1e-12) << i;
      continue;
    }
    const double scale = std::max({std::abs(numeric[i]), std::abs(analytic[i]), 1e-4 * largest});
    ASSERT_LE(std::abs(numeric[i] - analytic[i]) / scale, 1e-6) << i << ": " << analytic[i] << ", " << numeric[i];
  }
}

TEST(Network, FloatAgreesWithDouble) {
  SmallModel<double> reference;
  SmallModel<float> model;
  const Batch batch = random_batch(small_config(), 4, 2);
  const double expected = reference.network.accumulate_gradients(batch.view(), 1.0 / 32);
  EXPECT_NEAR(model.network.accumulate_gradients(batch.view(), 1.0 / 32), expected, 1e-5 * expected);
  EXPECT_LT(testing::relative_difference(reference.network.gradients(), model.network.gradients()), 1e-5);
}

TEST(Network, MicroBatchesAddUpToOneBatch) {
  const Batch batch = random_batch(small_config(), 6, 3);
  SmallModel<double> whole, parts;
  double loss = whole.network.accumulate_gradients(batch.view(), 1.0 / 48);
  for (int64_t begin = 0; begin < 6; begin += 2) {
    BatchView part = batch.view();
    part.B = 2, part.tokens += begin * part.T, part.targets += begin * part.T;
    loss -= parts.network.accumulate_gradients(part, 1.0 / 48);
  }
  EXPECT_NEAR(loss, 0, 1e-10);
  for (size_t i = 0; i < whole.network.gradients().size(); ++i) {
    ASSERT_NEAR(whole.network.gradients()[i], parts.network.gradients()[i], 1e-13) << i;
  }
}

TEST(Network, RecomputeChangesNoBit) {
  const ModelConfig config{3, 4, 32, 8, 61};
  const Batch batch = random_batch(config, 3, 6);
  SmallModel<float> kept(config);
  const double loss = kept.network.accumulate_gradients(batch.view(), 0.01);
  for (const Recompute recompute : {Recompute::kGelu, Recompute::kBlocks}) {
    Network<float> network(config, *kept.layers, recompute);
    network.parameters().assign(kept.network.parameters());
    EXPECT_EQ(network.accumulate_gradients(batch.view(), 0.01), loss);
    EXPECT_EQ(network.gradients(), kept.network.gradients());
  }
}

TEST(Network, SameBitsForAnyNumberOfThreads) {
  const ModelConfig config{2, 2, 160, 40, 300};  // larger than one block of a product
  const Batch batch = random_batch(config, 5, 4);
  SmallModel<float> one(config, 1), four(config, 4);
  EXPECT_EQ(one.network.accumulate_gradients(batch.view(), 0.01),
            four.network.accumulate_gradients(batch.view(), 0.01));
  EXPECT_EQ(one.network.gradients(), four.network.gradients());
}

TEST(Network, MaskedTargetsDoNotMatter) {
  Batch batch = random_batch(small_config(), 2, 5);
  std::vector<uint8_t> mask(batch.targets.size(), 1);
  mask[3] = mask[9] = mask[15] = 0;
  BatchView view = batch.view();
  view.loss_mask = mask.data();
  SmallModel<double> first, second;
  const double loss = first.network.accumulate_gradients(view, 0.1);
  EXPECT_LT(loss, first.network.loss(batch.view()));
  batch.targets[3] = batch.targets[9] = batch.targets[15] = 17;
  EXPECT_EQ(second.network.accumulate_gradients(view, 0.1), loss);
  EXPECT_EQ(first.network.gradients(), second.network.gradients());
}

// The gradient with weights is the sum of each target's own gradient times its weight; the loss is without them.
TEST(Network, WeightsMultiplyEachTargetsGradient) {
  Batch batch = random_batch(small_config(), 1, 5);
  batch.loss_mask = {1, 1, 1, 1, 1, 1, 1, 0};
  SmallModel<double> together, apart;
  const double loss = together.network.loss(batch.view());
  batch.loss_weights = {1, -1, 0.5, 0, 2, -0.25, 1, 3};
  EXPECT_EQ(together.network.accumulate_gradients(batch.view(), 0.1), loss);
  for (size_t t = 0; t < 7; ++t) {
    Batch one = batch;
    one.loss_weights.clear();
    one.loss_mask.assign(8, 0);
    one.loss_mask[t] = 1;
    apart.network.accumulate_gradients(one.view(), 0.1 * static_cast<double>(batch.loss_weights[t]));
  }
  EXPECT_LT(testing::relative_difference(apart.network.gradients(), together.network.gradients()), 1e-12);
}

// Powers of two are exact: twice the weight is twice the scale, to the bit.
TEST(Network, WeightsAreAsExactAsTheScale) {
  Batch batch = random_batch(small_config(), 2, 5);
  for (const bool rounds : {false, true}) {
    std::unique_ptr<Layers<float>> layers = make_cpu_layers<float>(1);
    if (rounds) layers = make_rounding_layers(std::move(layers));
    Network<float> scaled(small_config(), *layers), weighted(small_config(), *layers);
    for (Network<float>* network : {&scaled, &weighted})
      network->parameters().assign(SmallModel<float>().network.parameters());
    batch.loss_weights.clear();
    scaled.accumulate_gradients(batch.view(), 0.25);
    batch.loss_weights.assign(batch.targets.size(), 2);
    weighted.accumulate_gradients(batch.view(), 0.125);
    EXPECT_EQ(scaled.gradients(), weighted.gradients());
  }
}

// The loss of the second document's targets does not move when the first document changes, and does without the mask.
TEST(Network, DocumentMaskIsolates) {
  Batch batch = random_batch(small_config(), 1, 6);
  std::vector<uint8_t> second_half = {0, 0, 0, 0, 1, 1, 1, 1};
  const std::vector<int32_t> first_key = {0, 0, 0, 0, 4, 4, 4, 4};
  SmallModel<double> model;
  BatchView view = batch.view();
  view.loss_mask = second_half.data();
  const double open = model.network.loss(view);
  view.first_key = first_key.data();
  const double closed = model.network.loss(view);
  for (size_t t = 0; t < 4; ++t) batch.tokens[t] = (batch.tokens[t] + 13) % 61;
  EXPECT_EQ(model.network.loss(view), closed);
  view.first_key = nullptr;
  EXPECT_NE(model.network.loss(view), open);
}

TEST(Network, FutureTokensDoNotMatter) {
  Batch batch = random_batch(small_config(), 1, 7);
  const std::vector<uint8_t> first_half = {1, 1, 1, 1, 0, 0, 0, 0};
  SmallModel<double> model;
  BatchView view = batch.view();
  view.loss_mask = first_half.data();
  const double loss = model.network.loss(view);
  for (size_t t = 4; t < 8; ++t) batch.tokens[t] = (batch.tokens[t] + 13) % 61;
  EXPECT_EQ(model.network.loss(view), loss);
}

TEST(Model, StartIsAFunctionOfTheSeed) {
  const ParameterLayout layout(small_config());
  std::vector<float> a(static_cast<size_t>(layout.size())), b(a), c(a);
  initialise<float>(layout, 2, 1, a);
  initialise<float>(layout, 2, 1, b);
  initialise<float>(layout, 2, 2, c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  double squares = 0;
  const Tensor& wte = layout.tensors()[0];
  for (int64_t i = 0; i < 61 * 32; ++i) squares += std::pow(static_cast<double>(a[static_cast<size_t>(i)]), 2);
  EXPECT_NEAR(std::sqrt(squares / (61 * 32)), 0.02, 0.001);
  for (int64_t i = 61 * 32; i < wte.size(); ++i) ASSERT_EQ(a[static_cast<size_t>(i)], 0);
}

// Several threads share a large model; each element is a function of its tensor and place.
TEST(Model, StartOfALargeOneIsByPlaceAlone) {
  const ParameterLayout layout({1, 2, 256, 64, 9000});  // an embedding of 2.3 million elements
  std::vector<float> parameters(static_cast<size_t>(layout.size()));
  initialise<float>(layout, 1, 5, parameters);
  uint64_t stream = 0;
  for (const Tensor& tensor : layout.tensors()) {
    ++stream;
    const int64_t n = tensor.rows_used * tensor.columns;
    for (int64_t i = 0; i < n; i += i < 10 || n - i < 10 ? 1 : 9973) {
      const double normal = 0.02 * random_normal(5, stream, static_cast<uint64_t>(i));
      const double expected = tensor.start == Start::kOnes             ? 1
                              : tensor.start == Start::kZeros          ? 0
                              : tensor.start == Start::kResidualNormal ? normal / std::sqrt(2.0)
                                                                       : normal;
      ASSERT_FLOAT_EQ(parameters[static_cast<size_t>(tensor.offset + i)], static_cast<float>(expected))
          << tensor.name << " " << i;
    }
    for (int64_t i = n; i < tensor.size(); ++i) ASSERT_EQ(parameters[static_cast<size_t>(tensor.offset + i)], 0);
  }
}

TEST(Model, Gpt2SmallHas124Million) {
  EXPECT_EQ(ParameterLayout(ModelConfig{}).parameters(), 124'439'808);  // GPT-2's published checkpoint
}

TEST(Model, RefusesImpossibleShapes) {
  EXPECT_THROW(ParameterLayout({2, 3, 32, 8, 61}), UsageError);  // 32 is not a multiple of 3
  EXPECT_THROW(ParameterLayout({0, 4, 32, 8, 61}), UsageError);
  EXPECT_THROW(ParameterLayout({2, 4, 32, 0, 61}), UsageError);
  EXPECT_THROW(ParameterLayout({1000, 1, 1 << 17, 8, 61}), UsageError);
  EXPECT_NO_THROW(ParameterLayout({2, 4, 32, 8, 61}));
}

}  // namespace
}  // namespace ftok
