// The GPU back end as a whole on the CPU: layers of products and kernels, the network, training. Matrix products are
// emulated as cuBLASLt documents them.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "tests/support/test_data.h"
#include "tests/trainer/cuda/arrays.h"
#include "tests/trainer/cuda/emulated_matmul.h"
#include "tests/trainer/families.h"
#include "tests/trainer/small_model.h"
#include "trainer/cuda/device_decoder.h"
#include "trainer/cuda/device_trainer.h"
#include "trainer/cuda/shim_device.h"
#include "trainer/cuda/token_order.h"
#include "trainer/training/optimizer.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h
using shim::DeviceLayers;
using shim::DeviceTrainer;

constexpr Fusion kUnfused{false, false, false, false};

class DeviceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Device> device_ = shim::make_device();
  EmulatedMatmul matmul_;
  std::unique_ptr<Layers<double>> reference_ = make_cpu_layers<double>(1);

  void check_linear(int64_t R, int64_t I, int64_t O, const Fusion& fusion) {
    SCOPED_TRACE(::testing::Message() << R << " x " << I << " x " << O << ", bias fused: " << fusion.bias);
    DeviceLayers layers(*device_, matmul_, nullptr, fusion, 100);
    const Bf16s in = random_bf16(R * I, 1), weight = random_bf16(I * O, 2, 0.3), bias = random_bf16(O, 3),
                dout = random_bf16(R * O, 4);
    const Bf16s before = random_bf16(R * I, 5);
    Bf16s out = unwritten_bf16(R * O), fc = out, din = unwritten_bf16(R * I);
    Floats dweight = random_floats(I * O, 6), dbias = random_floats(O, 7);
    Doubles e_out(out.size()), e_fc(out.size()), e_din(din.size()), e_dweight = widen(dweight), e_dbias = widen(dbias);

    layers.linear_forward(out.data(), in.data(), weight.data(), bias.data(), R, I, O);
    reference_->linear_forward(e_out.data(), widen(in).data(), widen(weight).data(), widen(bias).data(), R, I, O);
    expect_near(out, e_out, 0.01, 0.01, "linear");  // two roundings without fusion, of a sum that may cancel

    layers.linear_gelu_forward(out.data(), fc.data(), in.data(), weight.data(), bias.data(), R, I, O);
    reference_->linear_gelu_forward(e_out.data(), e_fc.data(), widen(in).data(), widen(weight).data(),
                                    widen(bias).data(), R, I, O);
    expect_near(fc, e_fc, 0.01, 0.01, "before GELU");
    expect_near(out, e_out, 0.01, 0.02, "after GELU");

    layers.linear_backward(din.data(), dweight.data(), dbias.data(), dout.data(), in.data(), weight.data(), R, I, O);
    reference_->linear_backward(e_din.data(), e_dweight.data(), e_dbias.data(), widen(dout).data(), widen(in).data(),
                                widen(weight).data(), R, I, O);
    expect_near(din, e_din, 0.004, 1e-4, "din");
    layers.linear_gelu_backward(din.data(), dweight.data(), dbias.data(), dout.data(), in.data(), before.data(),
                                weight.data(), R, I, O);
    reference_->linear_gelu_backward(e_din.data(), e_dweight.data(), e_dbias.data(), widen(dout).data(),
                                     widen(in).data(), widen(before).data(), widen(weight).data(), R, I, O);
    expect_near(din, e_din, 0.01, 1e-3, "dbefore");
    expect_near(dweight, e_dweight, 1e-5, 1e-5, "dweight");  // twice added to what was there
    expect_near(dbias, e_dbias, 1e-5, 1e-5, "dbias");
  }
};

// Sizes that differ from each other, so that no two dimensions can be mixed up.
TEST_F(DeviceTest, LinearLayersFusedAndNot) {
  check_linear(5, 7, 11, {});
  check_linear(5, 7, 11, kUnfused);
  check_linear(40, 24, 16, {});
  check_linear(40, 24, 16, kUnfused);
}

TEST_F(DeviceTest, FallsBackWhereThereIsNoFusedProduct) {
  DeviceLayers layers(*device_, matmul_, nullptr, {}, 100);
  DeviceLayers unfused(*device_, matmul_, nullptr, kUnfused, 100);
  matmul_.refused = {Epilogue::kBias, Epilogue::kGeluAuxBias, Epilogue::kDGelu, Epilogue::kBgradA};
  const Bf16s in = random_bf16(15, 1), weight = random_bf16(21, 2), bias = random_bf16(7, 3);
  Bf16s out = unwritten_bf16(35), before = out, out_2 = out, before_2 = out;
  layers.linear_gelu_forward(out.data(), before.data(), in.data(), weight.data(), bias.data(), 5, 3, 7);
  unfused.linear_gelu_forward(out_2.data(), before_2.data(), in.data(), weight.data(), bias.data(), 5, 3, 7);
  EXPECT_TRUE(same_bits(out, out_2) && same_bits(before, before_2));
}

// Padded rows of wte are zero; those of dwte stay so. Rows in chunks that do not divide them.
TEST_F(DeviceTest, ClassifierInChunks) {
  const int64_t R = 7, C = 24, V = 61, padded = 128;
  DeviceLayers layers(*device_, matmul_, nullptr, {}, 3);
  const Bf16s hidden = random_bf16(R * C, 1);
  Bf16s wte = random_bf16(padded * C, 2);
  std::fill(wte.begin() + V * C, wte.end(), Bf16{0});
  const std::vector<uint32_t> ids = {0, 60, 3, 3, 1, 7, 59};
  const std::vector<uint8_t> mask = {1, 1, 0, 1, 0, 1, 1};
  Bf16s dhidden = unwritten_bf16(R * C);
  Floats dwte = random_floats(padded * C, 3);
  Doubles e_dhidden(dhidden.size()), e_dwte = widen(dwte);
  EXPECT_EQ(layers.classifier(dhidden.data(), dwte.data(), hidden.data(), wte.data(),
                              {ids.data(), mask.data(), R, C, V}, 0.5),
            0);
  const double loss = reference_->classifier(e_dhidden.data(), e_dwte.data(), widen(hidden).data(), widen(wte).data(),
                                             {ids.data(), mask.data(), R, C, V}, 0.5);
  EXPECT_NEAR(layers.take_loss() / loss, 1, 0.005);  // logits are rounded
  EXPECT_EQ(layers.take_loss(), 0);
  EXPECT_LT(relative_distance(dhidden, e_dhidden), 0.01);
  EXPECT_LT(relative_distance(dwte, e_dwte), 0.002);
  for (int64_t i = V * C; i < padded * C; ++i)
    EXPECT_EQ(static_cast<double>(dwte[static_cast<size_t>(i)]), e_dwte[static_cast<size_t>(i)]);
  layers.classifier(nullptr, nullptr, hidden.data(), wte.data(), {ids.data(), mask.data(), R, C, V}, 0);
  EXPECT_NEAR(layers.take_loss() / loss, 1, 0.005);
}

TrainerState state_of(const std::vector<float>& parameters) {
  return {parameters, std::vector<float>(parameters.size()), std::vector<float>(parameters.size())};
}

// The angle's cosine and the relative distance of two gradients, tensor by tensor.
void expect_same_gradients(const ParameterLayout& layout, const float* got, const std::vector<double>& expected,
                           double distance) {
  for (const Tensor& tensor : layout.tensors()) {
    const size_t begin = static_cast<size_t>(tensor.offset), n = static_cast<size_t>(tensor.size());
    const Floats here(got + begin, got + begin + n);
    const Doubles there(expected.begin() + tensor.offset, expected.begin() + tensor.offset + tensor.size());
    EXPECT_LT(relative_distance(here, there), distance) << tensor.name;
  }
}

struct NetworkCase {
  Fusion fusion;
  Recompute recompute = Recompute::kNothing;
  bool documents = false;
  ModelConfig config = small_config();
  bool weights = false;
};

class DeviceNetworkTest : public DeviceTest {
 protected:
  // Gradients of a batch, from weights that are exact in bfloat16, against double.
  Floats check(const NetworkCase& c) {
    SmallModel<double> model(c.config);
    for (double& x : model.network.parameters()) x = static_cast<double>(to_float(to_bfloat16(static_cast<float>(x))));
    const ModelConfig config = model.network.config();
    Batch batch = random_batch(config, 3, 2);
    if (c.documents) batch.first_key = {0, 0, 2, 2, 2, 5, 5, 7, 0, 0, 0, 0, 4, 4, 4, 4, 0, 1, 2, 3, 4, 5, 6, 7};
    if (c.weights) {
      for (int t = 0; t < 24; ++t) batch.loss_weights.push_back(static_cast<float>(t % 5 - 1));
    }
    std::vector<uint8_t> mask(24, 1);
    mask[4] = mask[20] = 0;
    BatchView view = batch.view();
    view.loss_mask = mask.data();
    const double loss = model.network.accumulate_gradients(view, 1.0 / 22);

    DeviceTrainerOptions options;
    options.fusion = c.fusion, options.recompute = c.recompute, options.chunk_rows = 10,
    options.stochastic_rounding = false;
    DeviceTrainer trainer(*device_, matmul_, nullptr, config, options);
    trainer.load(state_of({model.network.parameters().begin(), model.network.parameters().end()}), 0);
    trainer.add_gradients(view, 1.0 / 22);
    EXPECT_NEAR(trainer.take_loss() / loss, 1, 0.003);
    EXPECT_NEAR(trainer.loss(view) / loss, 1, 0.003);
    // Sums over few channels, as the gains of heads have them, keep more of the rounding.
    expect_same_gradients(model.network.layout(), trainer.gradients(), vector_of(model.network.gradients()),
                          c.config.is_gpt2() ? 0.03 : 0.05);
    double squares = 0;
    for (const double g : model.network.gradients()) squares += g * g;
    EXPECT_NEAR(trainer.norm() / std::sqrt(squares), 1, 0.01);
    return {trainer.gradients(), trainer.gradients() + model.network.layout().size()};
  }
};

// The key bias has no gradient: the relative distance of its tensor, which also holds those of queries and values, does
// not see it.
TEST_F(DeviceNetworkTest, GradientsAreThoseOfTheReference) {
  check({});
  check({kUnfused});
}

TEST_F(DeviceNetworkTest, WithWeights) {
  NetworkCase c;
  c.weights = true;
  check(c);
}

TEST_F(DeviceNetworkTest, WithDocuments) { check({{}, Recompute::kNothing, true}); }

// The same sizes with the equations of other families.
std::vector<Family> device_families() {
  std::vector<Family> families = small_families();
  for (Family& family : families) {
    family.config.length = 8, family.config.vocabulary_size = 61;
    family.config.channels = family.config.heads == 3 ? 48 : 32;
    if (family.config.mlp_channels > 0) family.config.mlp_channels = 40;
  }
  return families;
}

TEST_F(DeviceNetworkTest, GradientsOfOtherFamilies) {
  for (const Family& family : device_families()) {
    SCOPED_TRACE(family.name);
    const Floats kept = check({{}, Recompute::kNothing, false, family.config});
    if (testing::kSanitized) continue;
    check({kUnfused, Recompute::kNothing, true, family.config});
    EXPECT_TRUE(same_bits(kept, check({{}, Recompute::kBlocks, false, family.config})));
  }
}

TEST_F(DeviceNetworkTest, RecomputeChangesNoBit) {
  const Floats kept = check({kUnfused});
  EXPECT_TRUE(same_bits(kept, check({kUnfused, Recompute::kBlocks})));
  EXPECT_TRUE(same_bits(kept, check({kUnfused, Recompute::kGelu})));
  EXPECT_TRUE(same_bits(check({}), check({{}, Recompute::kBlocks})));
  // What makes GELU again does not fuse it: forward and backward see the same bits.
  EXPECT_TRUE(same_bits(check({{true, false, true, true}}), check({{}, Recompute::kGelu})));
}

TEST_F(DeviceNetworkTest, OrderOfThreadsChangesNoBit) {
  run_in_every_order([&] { return check({}); });
}

// Fifty steps (five under the sanitizers) beside the CPU in float, which rounds nothing to bfloat16.
TEST_F(DeviceTest, FiftyStepsFollowTheCpu) {
  const ModelConfig config = small_config();
  SmallModel<float> cpu;
  AdamW<float> optimizer(cpu.network.layout(), {}, *cpu.layers);
  DeviceTrainer trainer(*device_, matmul_, nullptr, config, {});
  trainer.load(state_of(vector_of(cpu.network.parameters())), 0);
  double first = 0, last = 0;
  const int64_t steps = testing::kSanitized ? 5 : 50;
  for (int64_t step = 1; step <= steps; ++step) {
    const Batch batch = random_batch(config, 2, static_cast<uint64_t>(step % 16));
    cpu.network.clear_gradients();
    const double expected = cpu.network.accumulate_gradients(batch.view(), 1.0 / 16) / 16;
    const double norm = optimizer.norm(cpu.network.gradients());
    optimizer.update(cpu.network.parameters(), cpu.network.gradients(), step, 1e-3, norm);
    trainer.zero_gradients();
    BatchView half = batch.view();
    half.B = 1;
    trainer.add_gradients(half, 1.0 / 16);  // two micro-batches
    half.tokens += config.length, half.targets += config.length;
    trainer.add_gradients(half, 1.0 / 16);
    const double loss = trainer.take_loss() / 16;
    EXPECT_NEAR(loss, expected, 0.02 * expected) << step;
    const double device_norm = trainer.norm();
    EXPECT_NEAR(device_norm / norm, 1, 0.1) << step;
    trainer.update(step, 1e-3, device_norm);
    if (step == 1) first = loss;
    last = loss;
  }
  if (!testing::kSanitized) {
    EXPECT_LT(last, 0.9 * first);
  }
}

TEST_F(DeviceTest, SavedAndLoadedGoesOnBitForBit) {
  const ModelConfig config = small_config();
  SmallModel<float> start;
  const auto steps = [&](DeviceTrainer& trainer, int64_t begin, int64_t end) {
    double loss = 0;
    for (int64_t step = begin; step < end; ++step) {
      trainer.zero_gradients();
      trainer.add_gradients(random_batch(config, 1, static_cast<uint64_t>(step)).view(), 1.0 / 8);
      loss = trainer.take_loss();
      trainer.update(step, 1e-3, trainer.norm());
    }
    return loss;
  };
  DeviceTrainer whole(*device_, matmul_, nullptr, config, {}), resumed(*device_, matmul_, nullptr, config, {});
  whole.load(state_of(vector_of(start.network.parameters())), 0);
  steps(whole, 1, 4);
  resumed.load(whole.save(), 3);
  EXPECT_EQ(steps(whole, 4, 7), steps(resumed, 4, 7));
  EXPECT_EQ(whole.save().parameters, resumed.save().parameters);
}

// Two that keep half of the moments each (cut within a tensor, and within a vector) make the same weights as one that
// keeps all.
TEST_F(DeviceTest, RangesOfTheOptimizerMakeTheSameWeights) {
  const ModelConfig config = small_config();
  SmallModel<float> start;
  const int64_t n = start.network.layout().size(), cut = n / 2 / 16 * 16 + 8;
  const std::vector<float> weights = vector_of(start.network.parameters());
  DeviceTrainer whole(*device_, matmul_, nullptr, config, {});
  whole.load(state_of(weights), 0);
  DeviceTrainer low(*device_, matmul_, nullptr, config, {}, {0, cut}),
      high(*device_, matmul_, nullptr, config, {}, {cut, n});
  low.load(state_of({weights.begin(), weights.begin() + cut}), 0);
  high.load(state_of({weights.begin() + cut, weights.end()}), 0);
  const auto exchange = [&] {  // each takes over the weights that the other keeps
    std::copy_n(low.network().parameters().data(), cut, high.network().parameters().data());
    std::copy_n(high.network().parameters().data() + cut, n - cut, low.network().parameters().data() + cut);
  };
  exchange();
  for (int64_t step = 1; step <= 3; ++step) {
    const Batch batch = random_batch(config, 1, static_cast<uint64_t>(step));
    for (DeviceTrainer* const trainer : {&whole, &low, &high}) {
      trainer->zero_gradients();
      trainer->add_gradients(batch.view(), 1.0 / 8);
    }
    const double norm = whole.norm();
    EXPECT_NEAR(std::sqrt(low.norm() * low.norm() + high.norm() * high.norm()), norm, 1e-6 * norm);
    for (DeviceTrainer* const trainer : {&whole, &low, &high}) trainer->update(step, 1e-3, norm);
    exchange();
  }
  const TrainerState all = whole.save(), first = low.save(), second = high.save();
  EXPECT_TRUE(std::equal(first.parameters.begin(), first.parameters.end(), all.parameters.begin()));
  EXPECT_TRUE(std::equal(second.second_moments.begin(), second.second_moments.end(), all.second_moments.begin() + cut));
  EXPECT_EQ(
      std::memcmp(low.network().parameters().data(), whole.network().parameters().data(), static_cast<size_t>(n) * 2),
      0);
}

TEST_F(DeviceTest, HeadsThatKernelsDoNotTakeAreNamed) {
  EXPECT_THROW(DeviceTrainer(*device_, matmul_, nullptr, {1, 1, 192, 8, 61}, {}), UsageError);
}

TEST(TokenOrder, RunsOfRows) {
  const std::vector<uint32_t> tokens = {5, 2, 5, 0, 2, 5};
  const TokenOrder order = make_token_order(tokens.data(), 6, 100);
  EXPECT_EQ(order.rows, (std::vector<int32_t>{3, 1, 4, 0, 2, 5}));
  EXPECT_EQ(order.begins, (std::vector<int32_t>{0, 1, 3, 6, 6, 6, 6}));
  EXPECT_EQ(make_token_order(tokens.data(), 6, 6).begins.size(), 7u);
  const std::vector<uint32_t> same(9, 0);
  EXPECT_EQ(make_token_order(same.data(), 9, 1).begins, (std::vector<int32_t>{0, 9}));
}

// The same weights, exact in bfloat16, in the decoder of the CPU: a prompt at once, the positions after it, and another
// prompt.
class DeviceDecoderTest : public DeviceTest, public ::testing::WithParamInterface<Family> {};
INSTANTIATE_TEST_SUITE_P(Families, DeviceDecoderTest, ::testing::ValuesIn(device_families()),
                         [](const auto& family) { return family.param.name; });

TEST_P(DeviceDecoderTest, FollowsTheCpus) {
  const ModelConfig config = GetParam().config;
  SmallModel<float> cpu(config);
  for (float& x : cpu.network.parameters()) x = to_float(to_bfloat16(x));
  Decoder<float> expected(config, *cpu.layers, cpu.network.parameters().data());
  shim::DeviceDecoder decoder(*device_, matmul_, config, cpu.network.parameters());
  const auto check = [&](std::span<const float> got, std::span<const float> wanted) {
    EXPECT_LT(relative_distance(Floats(got.begin(), got.end()), Doubles(wanted.begin(), wanted.end())), 0.02);
    EXPECT_EQ(decoder.position(), expected.position());
  };
  for (const std::vector<uint32_t>& prompt : {std::vector<uint32_t>{3, 60, 17, 17, 0}, {5}, {1, 2, 3, 4, 5, 6, 7, 8}}) {
    check(decoder.read(prompt), expected.read(prompt));
    while (decoder.position() < config.length) check(decoder.next(9), expected.next(9));
  }
}

TEST_F(DeviceTest, DecoderNamesWhatItDoesNotTake) {
  EXPECT_THROW(shim::DeviceDecoder(*device_, matmul_, {1, 1, 12, 8, 61}, std::vector<float>(100'000)), UsageError);
}

}  // namespace
}  // namespace ftok
