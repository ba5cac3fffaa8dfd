// Muon of the GPU back end on the CPU, beside the CPU's own in double: one update, fifty steps, ranges, batches.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/trainer/cuda/arrays.h"
#include "tests/trainer/cuda/emulated_matmul.h"
#include "tests/trainer/cuda/fake_device.h"
#include "tests/trainer/small_model.h"
#include "trainer/cuda/device_trainer.h"
#include "trainer/cuda/shim_device.h"
#include "trainer/memory_need.h"
#include "trainer/training/muon.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h
using shim::DeviceTrainer;

// Wide, tall and square maps, some off the vector width; gate and up side by side; fewer heads of keys.
std::vector<ModelConfig> muon_models() {
  ModelConfig llama = small_config(), odd = small_config(), nano = small_config();
  llama.norm = "rmsnorm", llama.positions = "rotary", llama.mlp = "swiglu", llama.mlp_channels = 40, llama.kv_heads = 2;
  odd.heads = 3, odd.channels = 36, odd.mlp_channels = 52;
  nano.norm = "rmsnorm", nano.positions = "rotary", nano.mlp = "relu2", nano.qk_norm = true;
  nano.qkv_bias = nano.projection_bias = nano.mlp_bias = false;
  return {small_config(), llama, odd, nano};
}

DeviceTrainerOptions muon_trainer_options() {
  DeviceTrainerOptions options;
  options.optimizer.matrices = "muon", options.optimizer.muon_rate = 1.5, options.optimizer.clip_norm = 20;
  return options;
}

class DeviceMuonTest : public ::testing::Test {
 protected:
  // Three updates with gradients of normal numbers; what each makes of them is the test's.
  template <typename Update>
  void three_updates(const ParameterLayout& layout, const Update& update) {
    for (int64_t step = 1; step <= 3; ++step) {
      Floats gradients = random_floats(layout.size(), static_cast<uint64_t>(10 + step));
      update(step, gradients);
    }
  }

  TrainerState device_state(const ModelConfig& config, const Floats& start, const DeviceTrainerOptions& options) {
    DeviceTrainer trainer(*device_, matmul_, nullptr, config, options);
    trainer.load({start, {}, {}}, 0);
    three_updates(trainer.layout(), [&](int64_t step, const Floats& gradients) {
      std::copy(gradients.begin(), gradients.end(), trainer.gradients());
      trainer.update(step, 0.02, 100);
      trainer.update_matrices(step, 0.02);
    });
    parameters_.assign(trainer.network().parameters().data(),
                       trainer.network().parameters().data() + trainer.layout().size());
    return trainer.save();
  }

  std::unique_ptr<Device> device_ = shim::make_device();
  EmulatedMatmul matmul_;
  Bf16s parameters_;  // as the layers read them, after device_state()
};

TEST_F(DeviceMuonTest, FollowsTheCpus) {
  for (const ModelConfig& config : muon_models()) {
    const ParameterLayout layout(config);
    const OptimizerOptions options = muon_trainer_options().optimizer;
    const Floats start = random_floats(layout.size(), 1);
    const TrainerState got = device_state(config, start, muon_trainer_options());

    const auto layers = make_cpu_layers<double>(1);
    Doubles expected(start.begin(), start.end());
    AdamW<double> adamw(layout, options, *layers);
    Muon<double> muon(layout, options, *layers, {0, layout.size()}, adamw.first_moments());
    three_updates(layout, [&](int64_t step, const Floats& gradients) {
      Doubles directions(gradients.begin(), gradients.end());
      adamw.update(expected, directions, step, 0.02, 100);
      muon.direct(directions, 100);
      muon.update(expected, directions, 0.02);
    });
    for (const Tensor& tensor : layout.tensors()) {
      const auto begin = static_cast<size_t>(tensor.offset), n = static_cast<size_t>(tensor.size());
      Floats change;
      Doubles expected_change, first, expected_first;
      for (size_t i = begin; i < begin + n; ++i) {
        change.push_back(got.parameters[i] - start[i]);
        expected_change.push_back(expected[i] - static_cast<double>(start[i]));
      }
      // Products of bfloat16 make a map orthogonal to about two digits; all else is as exact as fp32.
      EXPECT_LT(relative_distance(change, expected_change), tensor.maps.empty() ? 1e-5 : 0.03) << tensor.name;
      const Floats moments(got.first_moments.begin() + tensor.offset,
                           got.first_moments.begin() + tensor.offset + tensor.size());
      const Doubles wanted(adamw.first_moments().begin() + tensor.offset,
                           adamw.first_moments().begin() + tensor.offset + tensor.size());
      EXPECT_LT(relative_distance(moments, wanted), 1e-6) << tensor.name;
    }
  }
}

TEST_F(DeviceMuonTest, OrderOfThreadsChangesNoBit) {
  const ModelConfig config = muon_models()[1];
  const Floats start = random_floats(ParameterLayout(config).size(), 1);
  const Floats weights =
      run_in_every_order([&] { return device_state(config, start, muon_trainer_options()).parameters; });
  const Bf16s rounded = parameters_;
  EXPECT_TRUE(same_bits(weights, device_state(config, start, muon_trainer_options()).parameters));
  EXPECT_TRUE(same_bits(rounded, parameters_));
}

// A stretch of more than one block: 300 x 300 elements.
TEST_F(DeviceMuonTest, SumsOfManyBlocks) {
  const int64_t n = 300, elements = n * n;
  const MuonMap map{0, n};
  const Floats directions = random_floats(elements, 1);
  const Floats values = run_in_every_order([&] {
    Floats out = unwritten_floats(elements);
    Bf16s narrow = unwritten_bf16(elements);
    Doubles sums(2, std::nan(""));
    shim::muon_gather(nullptr, {&map, 1, n, n, elements, out.data(), narrow.data(), sums.data()}, directions.data(), 2);
    return out;
  });
  double squares = 0;
  for (const float x : directions) squares += static_cast<double>(x) * static_cast<double>(x);
  Doubles expected;
  for (const float x : directions) expected.push_back(2 * static_cast<double>(x) / std::sqrt(squares));
  expect_near(values, expected, 1e-6, 0, "values");
}

// A direction of zeros leaves the weights to decay alone.
TEST_F(DeviceMuonTest, ZerosStayFinite) {
  const ModelConfig config = small_config();
  DeviceTrainer trainer(*device_, matmul_, nullptr, config, muon_trainer_options());
  const Floats start = random_floats(trainer.layout().size(), 1);
  trainer.load({start, {}, {}}, 0);
  trainer.zero_gradients();
  trainer.update(1, 0.02, 0);
  trainer.update_matrices(1, 0.02);
  const TrainerState after = trainer.save();
  const auto at = static_cast<size_t>(trainer.layout().block(1).qkv_weight);
  EXPECT_NEAR(after.parameters[at], start[at] * (1 - 0.02f * 0.1f), 1e-6f);
}

// As many maps at once as memory allows, or one after the other.
TEST_F(DeviceMuonTest, BatchesMakeTheSameBits) {
  const ModelConfig config = muon_models()[1];
  const Floats start = random_floats(ParameterLayout(config).size(), 1);
  const Floats together = device_state(config, start, muon_trainer_options()).parameters;
  const auto is_batch = [](const MatmulCall& call) { return call.batch > 1; };
  EXPECT_TRUE(std::any_of(matmul_.calls.begin(), matmul_.calls.end(), is_batch));
  for (const int64_t elements : {1, 3000}) {
    matmul_.calls.clear();
    DeviceTrainerOptions options = muon_trainer_options();
    options.muon_batch_elements = elements;
    EXPECT_TRUE(same_bits(together, device_state(config, start, options).parameters)) << elements;
    EXPECT_EQ(std::any_of(matmul_.calls.begin(), matmul_.calls.end(), is_batch), elements > 1);
  }
}

// Ranks that keep a part each, cut within a map's row: the directions are exchanged, then the weights.
TEST_F(DeviceMuonTest, RangesMakeTheSameWeights) {
  const ModelConfig config = muon_models()[1];
  const ParameterLayout layout(config);
  const int64_t n = layout.size(), cut = n / 2 / 16 * 16 + 8;
  const Floats start = random_floats(n, 1);
  const TrainerState whole = device_state(config, start, muon_trainer_options());
  DeviceTrainer low(*device_, matmul_, nullptr, config, muon_trainer_options(), {0, cut}),
      high(*device_, matmul_, nullptr, config, muon_trainer_options(), {cut, n});
  low.load({{start.begin(), start.begin() + cut}, {}, {}}, 0);
  high.load({{start.begin() + cut, start.end()}, {}, {}}, 0);
  three_updates(layout, [&](int64_t step, const Floats& gradients) {
    for (DeviceTrainer* const trainer : {&low, &high}) {
      std::copy(gradients.begin(), gradients.end(), trainer->gradients());
      trainer->update(step, 0.02, 100);
    }
    std::copy_n(low.gradients(), cut, high.gradients());
    std::copy_n(high.gradients() + cut, n - cut, low.gradients() + cut);
    for (DeviceTrainer* const trainer : {&low, &high}) trainer->update_matrices(step, 0.02);
  });
  const TrainerState first = low.save(), second = high.save();
  EXPECT_TRUE(std::equal(first.parameters.begin(), first.parameters.end(), whole.parameters.begin()));
  EXPECT_TRUE(std::equal(second.parameters.begin(), second.parameters.end(), whole.parameters.begin() + cut));
  EXPECT_TRUE(std::equal(second.first_moments.begin(), second.first_moments.end(), whole.first_moments.begin() + cut));
}

// Fifty steps (five under the sanitizers) beside the CPU in float.
TEST_F(DeviceMuonTest, FiftyStepsFollowTheCpu) {
  const ModelConfig config = muon_models()[3];
  OptimizerOptions optimizer;
  optimizer.matrices = "muon";
  SmallModel<float> cpu(config);
  AdamW<float> adamw(cpu.network.layout(), optimizer, *cpu.layers);
  Muon<float> muon(cpu.network.layout(), optimizer, *cpu.layers, adamw.range(), adamw.first_moments());
  DeviceTrainerOptions options;
  options.optimizer = optimizer;
  DeviceTrainer trainer(*device_, matmul_, nullptr, config, options);
  trainer.load({vector_of(cpu.network.parameters()), {}, {}}, 0);
  double first = 0, last = 0;
  const int64_t steps = testing::kSanitized ? 5 : 50;
  for (int64_t step = 1; step <= steps; ++step) {
    const Batch batch = random_batch(config, 2, static_cast<uint64_t>(step % 16));
    cpu.network.clear_gradients();
    const double expected = cpu.network.accumulate_gradients(batch.view(), 1.0 / 16) / 16;
    const double norm = adamw.norm(cpu.network.gradients());
    adamw.update(cpu.network.parameters(), cpu.network.gradients(), step, 1e-3, norm);
    muon.direct(cpu.network.gradients(), norm);
    muon.update(cpu.network.parameters(), cpu.network.gradients(), 1e-3);
    trainer.zero_gradients();
    trainer.add_gradients(batch.view(), 1.0 / 16);
    last = trainer.take_loss() / 16;
    EXPECT_NEAR(last, expected, 0.02 * expected) << step;
    trainer.update(step, 1e-3, trainer.norm());
    trainer.update_matrices(step, 1e-3);
    if (step == 1) first = last;
  }
  if (!testing::kSanitized) {
    EXPECT_LT(last, 0.9 * first);
  }
}

TEST_F(DeviceMuonTest, SavedAndLoadedGoesOnBitForBit) {
  const ModelConfig config = muon_models()[3];
  const auto steps = [&](DeviceTrainer& trainer, int64_t begin, int64_t end) {
    for (int64_t step = begin; step < end; ++step) {
      trainer.zero_gradients();
      trainer.add_gradients(random_batch(config, 1, static_cast<uint64_t>(step)).view(), 1.0 / 8);
      trainer.update(step, 1e-3, trainer.norm());
      trainer.update_matrices(step, 1e-3);
    }
  };
  SmallModel<float> start(config);
  DeviceTrainer whole(*device_, matmul_, nullptr, config, muon_trainer_options()),
      resumed(*device_, matmul_, nullptr, config, muon_trainer_options());
  whole.load({vector_of(start.network.parameters()), {}, {}}, 0);
  steps(whole, 1, 4);
  resumed.load(whole.save(), 3);
  EXPECT_EQ(std::memcmp(whole.network().parameters().data(), resumed.network().parameters().data(),
                        static_cast<size_t>(whole.layout().size()) * sizeof(Bf16)),
            0);
  steps(whole, 4, 7), steps(resumed, 4, 7);
  EXPECT_EQ(whole.save().parameters, resumed.save().parameters);
  EXPECT_EQ(whole.save().first_moments, resumed.save().first_moments);
}

TEST_F(DeviceMuonTest, ItsMemoryIsReckoned) {
  const ModelConfig config = muon_models()[1];
  const auto bytes_with = [&](const DeviceTrainerOptions& options) {
    FakeDevice device;
    const DeviceTrainer trainer(device, matmul_, nullptr, config, options);
    return device.bytes;
  };
  const auto need_with = [&](const std::string& matrices) {
    TrainRecipe recipe;
    recipe.model = config, recipe.optimizer.matrices = matrices;
    return memory_need(recipe, 1, Processor::kGpu).fixed_bytes;
  };
  // The list of pieces may differ by the last ones of tensors, not of kinds: it is the same length.
  EXPECT_EQ(bytes_with(muon_trainer_options()) - bytes_with({}), need_with("muon") - need_with("adamw"));
}

TEST(MuonGroups, MapsOfOneShapeTogether) {
  const ParameterLayout layout(muon_models()[1]);  // C 32, 16 channels of keys, F 40
  const std::vector<MuonGroup> groups = muon_groups(layout, {0, layout.size()});
  ASSERT_EQ(groups.size(), 4u);
  const auto shape = [&](size_t i) { return std::tuple(groups[i].rows, groups[i].columns, groups[i].maps.size()); };
  EXPECT_EQ(shape(0), std::tuple(32, 32, 4u));  // queries and attention's projection, of two layers
  EXPECT_EQ(shape(1), std::tuple(32, 16, 4u));
  EXPECT_EQ(shape(2), std::tuple(32, 40, 4u));
  EXPECT_EQ(shape(3), std::tuple(40, 32, 2u));
  EXPECT_EQ(groups[1].maps[1].offset, layout.block(0).qkv_weight + 48);
  EXPECT_EQ(groups[1].maps[1].row_stride, 64);
  EXPECT_TRUE(muon_groups(layout, {0, layout.wte + 8}).empty());
  // The range's last element is the first of layer 1's attention matrix, or the one before it.
  const int64_t second = layout.block(1).qkv_weight;
  EXPECT_EQ(muon_groups(layout, {0, second + 1})[1].maps.size(), 4u);
  EXPECT_EQ(muon_groups(layout, {0, second})[1].maps.size(), 2u);
}

}  // namespace
}  // namespace ftok
