// A language whose entropy is known: the model reaches it. Takes minutes (label `full`).
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/file.h"
#include "shards/format.h"
#include "tests/support/test_data.h"
#include "trainer/random.h"
#include "trainer/train.h"

namespace ftok {
namespace {

constexpr uint32_t kTokens = 64;
constexpr double kEntropy = 1.75 * 0.6931471805599453;  // of 1/2, 1/4, 1/8, 1/8, in nats

// After each token one of four follows, with probabilities 1/2, 1/4, 1/8 and 1/8.
std::string shard_of(uint64_t count, uint64_t seed) {
  std::string bytes = encode_shard_header(2, count);
  uint32_t token = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t draw = random_bits(seed, 1, i) % 8, rank = draw < 4 ? 0 : draw < 6 ? 1 : draw - 4;
    token = static_cast<uint32_t>(random_permutation(17, token, rank, kTokens));
    bytes.push_back(static_cast<char>(token)), bytes.push_back(0);
  }
  return bytes;
}

class LastValidation : public TrainObserver {
 public:
  void on_start(int64_t, int64_t, int64_t, uint64_t) override {}
  void on_step(const StepReport&, const LossCurve&) override {}
  void on_validation(int64_t, double value) override { loss = value; }
  void on_sample(int64_t, const std::vector<uint32_t>&) override {}
  double loss = 0;
};

TEST(Learning, ReachesTheEntropyOfASyntheticLanguage) {
  testing::TemporaryFolder folder;
  write_file(folder / "train.bin", shard_of(2'000'000, 1));
  write_file(folder / "val.bin", shard_of(100'000, 2));
  const TrainRecipe recipe = load_train_recipe(
      "tiny", {"model.layers=2", "model.heads=2", "model.channels=64", "model.length=32", "model.vocabulary_size=64",
               "run.steps=1000", "run.sample_every=1000", "run.checkpoint_every=1000", "run.validation_windows=3000",
               "run.micro_batch=64", "schedule.learning_rate=0.003", "vocabulary=''"});
  TrainInputs inputs;
  inputs.data = {{folder.path().string(), 0}};
  inputs.output = folder / "model";
  LastValidation observer;
  train(recipe, inputs, observer, [](LogLevel, const std::string&) {});
  EXPECT_NEAR(observer.loss, kEntropy, 0.02);
}

}  // namespace
}  // namespace ftok
