// How a rank waits for others, with a clock of the test's own; and how much memory a trainer takes beside what is said.
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/trainer/cuda/emulated_matmul.h"
#include "tests/trainer/cuda/fake_device.h"
#include "tests/trainer/small_model.h"
#include "trainer/cuda/device_trainer.h"
#include "trainer/cuda/wait_for_ranks.h"
#include "trainer/memory_need.h"
#include "trainer/training/engine.h"

namespace ftok {
namespace {

struct FakeWatch {
  double now = 0;
  double done_at = 1e9, error_at = 1e9;
  int looks = 0;
  RanksWatch watch() {
    return {[this] { return ++looks, now >= done_at; }, [this] { return now >= error_at ? "unhandled" : ""; },
            [this] { return now; }, [this](double seconds) { now += seconds; }};
  }
};

std::string message_of(FakeWatch& fake, double seconds_max) {
  try {
    wait_for_ranks(fake.watch(), seconds_max);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(WaitForRanks, ReturnsWhenTheWorkIsDone) {
  FakeWatch fake;
  fake.done_at = 0;
  EXPECT_EQ(message_of(fake, 10), "");
  EXPECT_EQ(fake.looks, 1);
  EXPECT_EQ(fake.now, 0) << "nothing is slept away";
  fake.done_at = 9.99;
  EXPECT_EQ(message_of(fake, 10), "");
  EXPECT_LT(fake.now, 10);
}

TEST(WaitForRanks, ThrowsWhenAnotherRankHasFailed) {
  FakeWatch fake;
  fake.error_at = 3;
  EXPECT_EQ(message_of(fake, 10), "NCCL: another rank failed: unhandled");
  EXPECT_LT(fake.now, 3.1);
}

TEST(WaitForRanks, ThrowsWhenNothingHappens) {
  FakeWatch fake;
  EXPECT_NE(message_of(fake, 10).find("did not finish within 10 s"), std::string::npos);
  EXPECT_GT(fake.now, 10);
  EXPECT_LT(fake.now, 10.1);
}

TEST(WaitForRanks, PassesOnWhatTheDeviceThrows) {
  FakeWatch fake;
  RanksWatch watch = fake.watch();
  watch.is_done = []() -> bool { throw Error("GPU: an operation failed"); };
  EXPECT_THROW(wait_for_ranks(watch, 1), Error);
}

// The reckoning beside what a trainer allocates: the libraries' scratch, which the shim has none of, aside.
TEST(MemoryNeed, OfAGpuIsWhatATrainerTakes) {
  for (const char* const recompute : {"nothing", "gelu", "blocks"}) {
    SCOPED_TRACE(recompute);
    TrainRecipe recipe;
    recipe.model = {3, 2, 32, 64, 200};
    recipe.run.micro_batch = 4, recipe.run.recompute = recompute;
    testing::FakeDevice device;
    testing::EmulatedMatmul matmul;
    DeviceTrainerOptions options;
    options.recompute = recompute_of(recipe);
    options.fusion.timed = false;
    shim::DeviceTrainer trainer(device, matmul, nullptr, recipe.model, options);
    const Batch batch = testing::random_batch(recipe.model, 4, 1);
    trainer.add_gradients(batch.view(), 0.1);
    const uint64_t need = memory_need(recipe, 1, Processor::kGpu).total();
    const uint64_t scratch = (uint64_t{256} << 20) + 2 * 4 * 2 * 64 * 64;
    EXPECT_NEAR(static_cast<double>(device.bytes) / static_cast<double>(need - scratch), 1, 0.15);
  }
}

}  // namespace
}  // namespace ftok
