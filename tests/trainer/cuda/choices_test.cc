// What is chosen by timing: algorithms of products, fused products or separate steps; and what a graph is recorded for.
// The times are the tests' own.
#include <gtest/gtest.h>

#include "tests/trainer/cuda/arrays.h"
#include "tests/trainer/cuda/emulated_matmul.h"
#include "tests/trainer/cuda/fake_device.h"
#include "tests/trainer/small_model.h"
#include "trainer/cuda/device_trainer.h"
#include "trainer/cuda/product_choices.h"

namespace ftok {
namespace {

using namespace testing;  // NOLINT: all of arrays.h
using shim::DeviceLayers;
using shim::DeviceTrainer;

constexpr Fusion kUnfused{false, false, false, false};

ProductAlgorithm algorithm(uint64_t number) { return {number}; }

TEST(ProductChoices, TheFastestThatRan) {
  const std::vector<ProductAlgorithm> proposals = {algorithm(0), algorithm(1), algorithm(2), algorithm(3)};
  const Floats times = {3, INFINITY, 1, 2};
  std::vector<uint64_t> tried;
  const ProductChoice choice = fastest_choice(proposals, [&](const ProductAlgorithm& a) {
    tried.push_back(a[0]);
    return times[a[0]];
  });
  EXPECT_TRUE(choice.possible);
  EXPECT_EQ(choice.algorithm, algorithm(2));
  EXPECT_EQ(choice.milliseconds, 1);
  EXPECT_EQ(tried, (std::vector<uint64_t>{0, 1, 2, 3}));
}

TEST(ProductChoices, ASingleProposalIsTriedToo) {
  int tried = 0;
  const auto take = [&](float milliseconds) {
    return fastest_choice({algorithm(7)}, [&](const ProductAlgorithm&) { return ++tried, milliseconds; });
  };
  EXPECT_TRUE(take(5).possible);
  EXPECT_FALSE(take(INFINITY).possible);
  EXPECT_EQ(tried, 2);
}

TEST(ProductChoices, NonePossibleWhereNoneRan) {
  const auto fails = [](const ProductAlgorithm&) { return INFINITY; };
  EXPECT_FALSE(fastest_choice({algorithm(0), algorithm(1)}, fails).possible);
  EXPECT_FALSE(fastest_choice({}, fails).possible);
}

TEST(ProductChoices, AreReadBack) {
  ProductChoices choices;
  const ProductKey first = {1, 0, 768, 65536, 2304, 768}, second = {0, 1, 768, 5};
  choices.set(first, {true, {1, ~uint64_t{0}, 3}, 0.5f});
  choices.set(second, {true, {4}, 0.5f});
  choices.set(second, {});  // declined later
  const std::string text = choices.text("H200, 13");
  ProductChoices read;
  EXPECT_TRUE(read.set_text("H200, 13", text));
  EXPECT_EQ(read.text("H200, 13"), text);
  ASSERT_NE(read.find(first), nullptr);
  EXPECT_TRUE(read.find(first)->possible);
  EXPECT_EQ(read.find(first)->algorithm, (ProductAlgorithm{1, ~uint64_t{0}, 3}));
  ASSERT_NE(read.find(second), nullptr);
  EXPECT_FALSE(read.find(second)->possible);
  EXPECT_EQ(read.find({9}), nullptr);

  EXPECT_FALSE(read.set_text("A100, 13", text));
  EXPECT_FALSE(read.set_text("H200, 13", text + "1 2 3\n"));
  EXPECT_FALSE(read.set_text("H200, 13", ""));
  EXPECT_EQ(read.text("H200, 13"), text) << "what cannot be read changes nothing";
}

// The four fused products of a layer, each called twice, with times of both ways.
class FusionTest : public ::testing::Test {
 protected:
  static constexpr int64_t kR = 5, kI = 7, kO = 11;

  struct Results {
    Bf16s out = unwritten_bf16(kR * kO), before = unwritten_bf16(kR * kO), din = unwritten_bf16(kR * kI);
    Floats dweight = random_floats(kI * kO, 6), dbias = random_floats(kO, 7);
  };
  Results run(DeviceLayers& layers) {
    Results r;
    for (int i = 0; i < 2; ++i) {
      layers.linear_gelu_forward(r.out.data(), r.before.data(), in_.data(), weight_.data(), bias_.data(), kR, kI, kO);
      layers.linear_forward(r.out.data(), in_.data(), weight_.data(), bias_.data(), kR, kI, kO);
      layers.linear_gelu_backward(r.din.data(), r.dweight.data(), r.dbias.data(), dout_.data(), in_.data(),
                                  before_.data(), weight_.data(), kR, kI, kO);
    }
    return r;
  }
  Results run(const Fusion& fusion) {
    DeviceLayers layers(device_, matmul_, nullptr, fusion, 100);
    return run(layers);
  }
  static bool same(const Results& a, const Results& b) {
    return same_bits(a.out, b.out) && same_bits(a.before, b.before) && same_bits(a.din, b.din) &&
           same_bits(a.dweight, b.dweight) && same_bits(a.dbias, b.dbias);
  }
  static std::set<Epilogue> fused() {
    return {Epilogue::kBias, Epilogue::kGeluAuxBias, Epilogue::kDGelu, Epilogue::kBgradA};
  }
  std::set<Epilogue> done() const {
    std::set<Epilogue> epilogues;
    for (const MatmulCall& call : matmul_.calls) epilogues.insert(call.epilogue);
    return epilogues;
  }

  FakeDevice device_;
  EmulatedMatmul matmul_;
  const Bf16s in_ = random_bf16(kR * kI, 1), weight_ = random_bf16(kI * kO, 2), bias_ = random_bf16(kO, 3),
              dout_ = random_bf16(kR * kO, 4), before_ = random_bf16(kR * kI, 5);
};

TEST_F(FusionTest, ASlowFusedProductIsDeclinedOnce) {
  const Results unfused = run(kUnfused);
  device_.milliseconds_of_work = 1;
  for (const Epilogue epilogue : fused()) matmul_.times[epilogue] = 1.5f;
  DeviceLayers layers(device_, matmul_, nullptr, {}, 100);
  EXPECT_TRUE(same(run(layers), unfused)) << "timing changes no result";
  EXPECT_EQ(std::set<Epilogue>(matmul_.declined.begin(), matmul_.declined.end()), fused());
  EXPECT_EQ(matmul_.declined.size(), 4u);
  EXPECT_EQ(done(), std::set<Epilogue>{Epilogue::kNone});
  const int timed = device_.timed;
  run(layers);
  EXPECT_EQ(device_.timed, timed) << "the verdict is kept";
}

TEST_F(FusionTest, AFastFusedProductIsTaken) {
  Fusion untimed;
  untimed.timed = false;
  const Results fused_results = run(untimed);
  EXPECT_EQ(device_.timed, 0);
  EmulatedMatmul fresh;
  DeviceLayers layers(device_, fresh, nullptr, {}, 100);
  device_.milliseconds_of_work = 1;
  for (const Epilogue epilogue : fused()) fresh.times[epilogue] = 1;  // a draw
  EXPECT_TRUE(same(run(layers), fused_results)) << "timing changes no result";
  EXPECT_EQ(device_.timed, 4);
  EXPECT_TRUE(fresh.declined.empty());
}

// The two ways of a bias gradient are a product and the sums of columns, each timed.
TEST_F(FusionTest, TheProductCountsBesideItsSums) {
  DeviceLayers layers(device_, matmul_, nullptr, {}, 100);
  device_.milliseconds_of_work = 1;
  matmul_.times[Epilogue::kNone] = 2;
  matmul_.times[Epilogue::kBgradA] = 2.9f;
  run(layers);
  EXPECT_TRUE(matmul_.declined.empty());
  EmulatedMatmul slower;
  slower.times = {{Epilogue::kNone, 2}, {Epilogue::kBgradA, 3.1f}};
  DeviceLayers other(device_, slower, nullptr, {}, 100);
  run(other);
  EXPECT_EQ(slower.declined, std::vector<Epilogue>{Epilogue::kBgradA});
}

TEST_F(FusionTest, NothingIsTimedWhereThereIsNoFusedProduct) {
  matmul_.refused = fused();
  run(Fusion{});
  EXPECT_EQ(device_.timed, 0);
  EXPECT_TRUE(matmul_.declined.empty());
}

TrainerState start_of(SmallModel<float>& model) { return {vector_of(model.network.parameters()), {}, {}}; }

// A mask of losses makes each step's scale another one.
TEST(DeviceGraphs, AreRecordedOnceForAllScales) {
  FakeDevice device;
  EmulatedMatmul matmul;
  SmallModel<float> model;
  DeviceTrainer trainer(device, matmul, nullptr, small_config(), {});
  trainer.load(start_of(model), 0);
  const Batch batch = random_batch(small_config(), 2, 1);
  for (int i = 0; i < 5; ++i) trainer.add_gradients(batch.view(), 1.0 / (16 - i));
  EXPECT_EQ(device.graphs_begun, 1);
  EXPECT_EQ(device.graphs_queued, 4);
  BatchView shorter = batch.view();
  shorter.B = 1;
  trainer.add_gradients(shorter, 0.1);  // another shape
  trainer.add_gradients(shorter, 0.2);
  EXPECT_EQ(device.graphs_begun, 2);
}

// The scale is read where a replayed graph would read it.
TEST(DeviceGraphs, TheScaleOfEachBatchCounts) {
  FakeDevice device;
  EmulatedMatmul matmul;
  SmallModel<float> model;
  DeviceTrainerOptions options;
  options.graphs = false;
  DeviceTrainer trainer(device, matmul, nullptr, small_config(), options);
  trainer.load(start_of(model), 0);
  const Batch batch = random_batch(small_config(), 1, 1);
  const auto norm = [&](double scale) {
    trainer.zero_gradients();
    trainer.add_gradients(batch.view(), scale);
    return trainer.norm();
  };
  const double once = norm(0.125);
  EXPECT_NEAR(norm(0.25), 2 * once, 0.01 * once);
  EXPECT_EQ(norm(0), 0);
  EXPECT_EQ(norm(0.125), once);
}

}  // namespace
}  // namespace ftok
