// Checkpoints, resuming, recipes and sampling.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "core/error.h"
#include "core/file.h"
#include "shards/format.h"
#include "tests/support/test_data.h"
#include "tests/trainer/small_model.h"
#include "trainer/bits_per_byte.h"
#include "trainer/checkpoint.h"
#include "trainer/layers/decoder.h"
#include "trainer/sample.h"
#include "trainer/train.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

class Recorder : public TrainObserver {
 public:
  void on_start(int64_t first_step, int64_t, int64_t, uint64_t) override { first = first_step; }
  void on_step(const StepReport& report, const LossCurve&) override {
    losses.push_back(report.loss);
    if (report.skipped) ++skipped;
  }
  void on_validation(int64_t, double loss) override { validation.push_back(loss); }
  void on_sample(int64_t, const std::vector<uint32_t>& tokens) override { samples.push_back(tokens); }

  int64_t first = 0, skipped = 0;
  std::vector<double> losses, validation;
  std::vector<std::vector<uint32_t>> samples;
};

// A language that is easy to learn: the next token is a function of the last, but for one in eight.
void write_language(const std::string& path, uint64_t count, uint64_t seed) {
  std::string bytes = encode_shard_header(2, count);
  uint32_t token = 0;
  for (uint64_t i = 0; i < count; ++i) {
    token = random_bits(seed, 1, i) % 8 == 0 ? random_bits(seed, 2, i) % 61 : (token * 7 + 3) % 61;
    bytes.push_back(static_cast<char>(token)), bytes.push_back(0);
  }
  write_file(path, bytes);
}

class TrainTest : public ::testing::Test {
 protected:
  TrainTest() {
    fs::create_directories(folder_.path() / "data");
    write_language(folder_ / "data/x_train_0.bin", 3000, 1);
    write_language(folder_ / "data/x_train_1.bin", 1000, 2);
    write_language(folder_ / "data/x_val_0.bin", 500, 3);
    recipe_ = load_train_recipe(
        "tiny", {"model.layers=2", "model.heads=4", "model.channels=32", "model.length=8", "model.vocabulary_size=61",
                 "training.tokens_per_step=64", "run.steps=20", "run.micro_batch=3", "run.threads=1",
                 "run.checkpoint_every=4", "run.sample_every=10", "run.sample_tokens=20", "run.keep=2",
                 "schedule.warmup_steps=5", "schedule.learning_rate=0.002", "vocabulary=''"});
  }

  Recorder train_to(const std::string& output, int64_t stop_after = 0) {
    Recorder recorder;
    TrainRecipe recipe = recipe_;
    if (stop_after > 0) recipe.run.steps = stop_after;
    TrainInputs inputs;
    inputs.data = {{folder_ / "data", 0}};
    inputs.output = folder_ / output;
    train(recipe, inputs, recorder, [this](LogLevel, const std::string& message) { warnings_.push_back(message); });
    return recorder;
  }
  std::string refusal(const std::string& output) {
    try {
      train_to(output, 8);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  // What a run says that goes on from step 4 with a parameter that is not a number.
  std::string failure_after_a_nan() {
    train_to("out", 4);
    Checkpoint checkpoint = last("out");
    checkpoint.parameters[0] = NAN;
    write_checkpoint(folder_ / "out/checkpoints", checkpoint, 3);
    try {
      train_to("out");
    } catch (const Error& error) {
      return error.what();
    }
    return "no failure";
  }
  Checkpoint last(const std::string& output) {
    return *read_latest_checkpoint(folder_ / (output + "/checkpoints"), [](LogLevel, const std::string&) {});
  }
  void expect_same_end(const std::string& a, const std::string& b) {
    const Checkpoint x = last(a), y = last(b);
    EXPECT_EQ(x.step, y.step);
    EXPECT_EQ(x.windows_read, y.windows_read);
    EXPECT_EQ(x.parameters, y.parameters);
    EXPECT_EQ(x.first_moments, y.first_moments);
    EXPECT_EQ(x.second_moments, y.second_moments);
  }

  testing::TemporaryFolder folder_;
  TrainRecipe recipe_;
  std::vector<std::string> warnings_;
};

// Shares that change in the middle of a round of 1,024 windows: stopped before and behind the change, the same bits.
TEST_F(TrainTest, ResumesAcrossStagesOfTheMixture) {
  fs::create_directories(folder_.path() / "other");
  write_language(folder_ / "other/y_train_0.bin", 3000, 9);
  recipe_.run.checkpoint_every = 1;
  recipe_.mixture = {{4, {{"other", 1}}}, {9, {{"data", 1}, {"other", 3}}}};
  const auto train_both = [&](const std::string& output, int64_t steps) {
    TrainRecipe recipe = recipe_;
    recipe.run.steps = steps, recipe.schedule.shape = "constant";
    TrainInputs inputs;
    inputs.data = {{folder_ / "data", 1}, {folder_ / "other/", 1}};
    inputs.output = folder_ / output;
    Recorder recorder;
    train(recipe, inputs, recorder, [](LogLevel, const std::string&) {});
  };
  train_both("whole", 14);
  for (const int64_t steps : {2, 5, 9, 14}) train_both("stopped", steps);
  expect_same_end("whole", "stopped");
  recipe_.mixture[1].weights = {{"data", 1}};
  EXPECT_THROW(train_both("stopped", 15), UsageError);  // bound to its stages
  recipe_.mixture[1].weights = {{"elsewhere", 1}};
  EXPECT_THROW(train_both("misnamed", 2), UsageError);
  recipe_.mixture[1].from_step = 4;
  EXPECT_THROW(recipe_.check(), UsageError);  // not after the stage before
  recipe_.mixture[1] = {5, {{"data", 0}}};
  EXPECT_THROW(recipe_.check(), UsageError);
}

void copy_folder(const std::string& from, const std::string& to) { fs::copy(from, to, fs::copy_options::recursive); }

size_t lines_of(const std::string& path) {
  const std::string text = read_file(path);
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(TrainTest, ResumesBitForBit) {
  const Recorder whole = train_to("whole");
  EXPECT_EQ(whole.losses.size(), 20u);
  EXPECT_EQ(whole.validation.size(), 2u);
  EXPECT_EQ(whole.samples.size(), 3u);  // before the first step, and with each validation
  EXPECT_EQ(list_checkpoints(folder_ / "whole/checkpoints").size(), 2u);  // keep = 2: steps 16 and 20
  copy_folder(folder_ / "whole", folder_ / "resumed");  // and as a kill before the last checkpoint leaves it:
  fs::remove(folder_ / "resumed/checkpoints/step-000000020.ckpt");
  const Recorder rest = train_to("resumed");
  EXPECT_EQ(rest.first, 17);
  EXPECT_EQ(rest.losses, std::vector<double>(whole.losses.begin() + 16, whole.losses.end()));
  EXPECT_EQ(rest.samples.back(), whole.samples.back());
  expect_same_end("whole", "resumed");
  EXPECT_EQ(lines_of(folder_ / "resumed/log.jsonl"), 20u);
  EXPECT_TRUE(train_to("resumed").losses.empty());  // done already
}

TEST_F(TrainTest, DamagedCheckpointFallsBackAndSaysSo) {
  train_to("whole");
  for (const size_t flip : {size_t{0}, size_t{8}, size_t{100}, size_t{5000}}) {
    fs::remove_all(folder_ / "damaged");
    copy_folder(folder_ / "whole", folder_ / "damaged");
    const std::string path = folder_ / "damaged/checkpoints/step-000000020.ckpt";
    std::string bytes = read_file(path);
    bytes[flip] ^= 1;
    write_file(path, bytes);
    warnings_.clear();
    EXPECT_EQ(train_to("damaged").first, 17);
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("step-000000020.ckpt: damaged (ckpt_bad_"), std::string::npos) << warnings_[0];
    EXPECT_NE(warnings_[0].find("resuming from the one before it"), std::string::npos);
    expect_same_end("whole", "damaged");
  }
  const std::string bytes = read_file(folder_ / "whole/checkpoints/step-000000016.ckpt");
  for (const size_t size : {size_t{10}, size_t{60}, bytes.size() - 1}) {
    write_file(folder_ / "cut.ckpt", bytes.substr(0, size));
    EXPECT_FALSE(read_checkpoint(folder_ / "cut.ckpt").ok()) << size;
  }
  for (const std::string& path : list_checkpoints(folder_ / "whole/checkpoints")) write_file(path, "");
  EXPECT_THROW(train_to("whole"), Error);
}

TEST_F(TrainTest, MicroBatchChangesNothingButRounding) {
  const Recorder three = train_to("three");
  recipe_.run.micro_batch = 8;
  const Recorder eight = train_to("eight");
  for (size_t i = 0; i < 20; ++i) EXPECT_NEAR(three.losses[i], eight.losses[i], 1e-4) << i;
}

TEST_F(TrainTest, Learns) {
  recipe_.run.steps = 400;
  recipe_.run.sample_every = 400;
  recipe_.run.checkpoint_every = 400;
  const Recorder run = train_to("learns");
  EXPECT_NEAR(run.losses.front(), std::log(61.0), 0.1);
  // Its entropy: 7/8 + 1/488 of being as expected, else one of 60 others: 0.914 nats.
  EXPECT_LT(run.validation.back(), 1.4);
  EXPECT_GT(run.validation.back(), 0.8);
}

TEST_F(TrainTest, RefusesAnotherRecipeAndOtherData) {
  train_to("out", 4);
  recipe_.schedule.learning_rate = 1;
  EXPECT_THROW(train_to("out"), UsageError);
  recipe_.schedule.learning_rate = 2e-3;
  recipe_.run.micro_batch = 8;  // [run] may change
  EXPECT_EQ(train_to("out", 5).first, 5);
  write_language(folder_ / "data/x_train_2.bin", 1000, 4);
  EXPECT_THROW(train_to("out", 6), UsageError);
}

TEST_F(TrainTest, SkipsASpikeOrStopsAtIt) {
  recipe_.schedule.learning_rate = 0;  // losses go up and down around one value
  recipe_.training.spike_factor = 1.0;
  recipe_.training.on_bad_loss = "skip";
  recipe_.run.steps = 40;
  const Recorder run = train_to("skips");
  EXPECT_GT(run.skipped, 0);
  EXPECT_LT(run.skipped, 30);
  ASSERT_FALSE(warnings_.empty());
  EXPECT_NE(warnings_[0].find("against a mean of"), std::string::npos) << warnings_[0];
  EXPECT_NE(warnings_[0].find("x_train_"), std::string::npos) << warnings_[0];
  EXPECT_NE(read_file(folder_ / "skips/log.jsonl").find("\"skipped\":true"), std::string::npos);
  recipe_.training.on_bad_loss = "stop";
  EXPECT_THROW(train_to("stops"), Error);
  recipe_.training.spike_factor = 2.0;
  EXPECT_EQ(train_to("calm").skipped, 0);
}

// The losses that a spike is measured against are in the checkpoint.
TEST_F(TrainTest, ResumesBitForBitWithSpikesLeftOut) {
  recipe_.training.spike_factor = 1.0;
  recipe_.training.on_bad_loss = "skip";
  recipe_.schedule.learning_rate = 1e-5;
  recipe_.run.steps = 40;
  const Recorder whole = train_to("whole");
  copy_folder(folder_ / "whole", folder_ / "resumed");
  fs::remove(folder_ / "resumed/checkpoints/step-000000040.ckpt");
  const Recorder rest = train_to("resumed");
  EXPECT_EQ(rest.first, 37);
  EXPECT_GT(whole.skipped, 0);
  expect_same_end("whole", "resumed");
}

TEST_F(TrainTest, TenLossesInARowThatAreNoNumbersStopASkippingRun) {
  recipe_.training.on_bad_loss = "skip";
  const std::string message = failure_after_a_nan();
  EXPECT_NE(message.find("step 14: the loss is nan"), std::string::npos) << message;
  EXPECT_NE(message.find("10 steps in a row"), std::string::npos) << message;
}

TEST_F(TrainTest, RecomputeChangesNoBit) {
  train_to("kept");
  for (const char* recompute : {"gelu", "blocks"}) {
    recipe_.run.recompute = recompute;
    train_to(recompute);
    expect_same_end("kept", recompute);
  }
}

TEST_F(TrainTest, Bfloat16LearnsToo) {
  const Recorder plain = train_to("fp32");
  recipe_.training.precision = "bf16";
  const Recorder rounded = train_to("bf16");
  for (size_t i = 0; i < 20; ++i) EXPECT_NEAR(plain.losses[i], rounded.losses[i], 0.02) << i;
  EXPECT_NE(plain.losses, rounded.losses);
}

TEST_F(TrainTest, SeveralSourcesAreMixedByWeight) {
  fs::create_directories(folder_.path() / "more");
  write_language(folder_ / "more/y_train_0.bin", 2000, 7);
  TrainInputs inputs;
  inputs.data = {{folder_ / "data", 3}, {folder_ / "more", 1}};
  inputs.output = folder_ / "mixed";
  Recorder recorder;
  recipe_.run.steps = 4;
  train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {});
  EXPECT_TRUE(last("mixed").data.starts_with("498 windows x 768 + 249 windows x 256, checksum ")) << last("mixed").data;
  inputs.data[1].weight = 2;
  EXPECT_THROW(train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {}), UsageError);  // another mixture
}

TEST_F(TrainTest, ValidatesOnTheShardsThatAreNamed) {
  fs::create_directories(folder_.path() / "elsewhere");
  fs::rename(folder_ / "data/x_val_0.bin", folder_ / "elsewhere/held_out_train.bin");
  EXPECT_TRUE(train_to("none").validation.empty());
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("no validation shards"), std::string::npos);
  for (const std::string path : {"elsewhere", "elsewhere/held_out_train.bin"}) {
    TrainInputs inputs;
    inputs.data = {{folder_ / "data", 0}};
    inputs.output = folder_ / ("named" + std::to_string(path.size()));
    inputs.validation = folder_ / path;
    Recorder recorder;
    train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {});
    EXPECT_EQ(recorder.validation.size(), 2u);
  }
}

TEST_F(TrainTest, AValidationSetBelowAWindowIsAWarning) {
  write_language(folder_ / "data/x_val_0.bin", 9, 3);  // one window of 8 and its target
  EXPECT_EQ(train_to("one").validation.size(), 2u);
  EXPECT_TRUE(warnings_.empty());
  write_language(folder_ / "data/x_val_0.bin", 8, 3);
  const Recorder none = train_to("none");
  EXPECT_TRUE(none.validation.empty());
  EXPECT_EQ(none.losses.size(), 20u);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("x_val_0.bin: fewer tokens than one window of 9"), std::string::npos) << warnings_[0];
}

TEST_F(TrainTest, RefusesAShardForBothSplits) {
  TrainInputs inputs;
  inputs.data = {{folder_ / "data", 0}};
  inputs.output = folder_ / "out";
  fs::create_symlink(folder_ / "data/x_train_1.bin", folder_ / "other_name.bin");
  for (const std::string path : {"data/x_train_1.bin", "other_name.bin"}) {
    inputs.validation = folder_ / path;
    Recorder recorder;
    try {
      train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {});
      FAIL() << path;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("is used for both training and validation"), std::string::npos);
    }
  }
  EXPECT_FALSE(fs::exists(folder_ / "out/checkpoints"));
}

TEST_F(TrainTest, RefusesOtherBytesOfTheSameSize) {
  train_to("out", 4);
  write_language(folder_ / "data/x_train_1.bin", 1000, 2);  // the same bytes, another file
  EXPECT_EQ(train_to("out", 8).first, 5);
  write_language(folder_ / "data/x_train_1.bin", 1000, 9);
  EXPECT_THROW(train_to("out"), UsageError);
  // A checkpoint of 0.1.0 knows the size alone.
  Checkpoint old = last("out");
  old.data = old.data.substr(0, old.data.find(", checksum"));
  write_checkpoint(folder_ / "out/checkpoints", old, 1);
  EXPECT_EQ(train_to("out").first, 9);
}

TEST_F(TrainTest, LeavesOutAStepWithoutTargets) {
  recipe_.training.shuffle = false;
  std::string mask(3000, '\1');
  std::fill(mask.begin() + 1 + 64, mask.begin() + 1 + 128, '\0');  // the targets of step 2
  write_file(folder_ / "data/x_train_0.mask", mask);
  const Recorder masked = train_to("masked");
  ASSERT_EQ(masked.losses.size(), 20u);
  EXPECT_EQ(masked.skipped, 1);
  EXPECT_TRUE(std::isnan(masked.losses[1]));
  EXPECT_EQ(lines_of(folder_ / "masked/log.jsonl"), 20u);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("step 2: its 8 windows, which begin at "), std::string::npos) << warnings_[0];
  mask[1 + 64] = 1;  // one target counts
  write_file(folder_ / "data/x_train_0.mask", mask);
  EXPECT_EQ(train_to("one").skipped, 0);
}

TEST_F(TrainTest, RefusesMasksThatCountNothing) {
  std::string mask(3000, '\0');
  mask[0] = mask[2993] = 1;  // no target, and behind the 374 windows
  write_file(folder_ / "data/x_train_0.mask", mask);
  write_file(folder_ / "data/x_train_1.mask", std::string(1000, '\0'));
  recipe_.run.steps = 2;
  EXPECT_NE(refusal("nothing").find("no target of any window counts"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "nothing/checkpoints"));
  mask[2992] = 1;
  write_file(folder_ / "data/x_train_0.mask", mask);
  EXPECT_EQ(train_to("one").skipped, 2);
}

// As training data. A run that began without validation may get some.
TEST_F(TrainTest, RefusesOtherValidationData) {
  fs::create_directories(folder_ / "kept");
  train_to("out", 4);
  fs::rename(folder_ / "data/x_val_0.bin", folder_ / "kept/x_val_0.bin");
  EXPECT_NE(refusal("out").find("but the validation data is now gone; use another output folder"), std::string::npos);
  write_language(folder_ / "data/x_val_0.bin", 500, 9);
  EXPECT_NE(refusal("out").find("was validated on 62 windows, checksum "), std::string::npos) << refusal("out");
  fs::copy_file(folder_ / "kept/x_val_0.bin", folder_ / "data/x_val_0.bin", fs::copy_options::overwrite_existing);
  write_file(folder_ / "data/x_val_0.mask", std::string(500, '\1'));
  EXPECT_NE(refusal("out"), "");
  fs::remove(folder_ / "data/x_val_0.mask");
  EXPECT_EQ(refusal("out"), "");
  fs::remove(folder_ / "data/x_val_0.bin");
  train_to("none", 4);
  fs::copy_file(folder_ / "kept/x_val_0.bin", folder_ / "data/x_val_0.bin");
  EXPECT_EQ(refusal("none"), "");
}

TEST_F(TrainTest, ValidationWithoutTargetsIsSaidOnce) {
  write_file(folder_ / "data/x_val_0.mask", std::string(500, '\0'));
  EXPECT_TRUE(train_to("none").validation.empty());
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("nothing to validate: the 32 windows have no target that counts"), std::string::npos)
      << warnings_[0];
}

TEST_F(TrainTest, AStopWritesACheckpoint) {
  train_to("whole");
  TrainInputs inputs;
  inputs.data = {{folder_ / "data", 0}};
  inputs.output = folder_ / "stopped";
  Recorder recorder;
  inputs.stop = [&] { return recorder.losses.size() == 3; };
  EXPECT_FALSE(train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {}));
  EXPECT_EQ(last("stopped").step, 3u);                         // checkpoint_every is 4
  inputs.stop = [&] { return recorder.losses.size() == 20; };  // the last step is the end anyway
  EXPECT_TRUE(train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {}));
  expect_same_end("whole", "stopped");
}

TEST_F(TrainTest, StartsFromAModel) {
  train_to("first", 4);
  const ModelFile model = read_model(folder_ / "first", 0, [](LogLevel, const std::string&) {});
  EXPECT_EQ(model.step, 4u);
  TrainInputs inputs;
  inputs.data = {{folder_ / "data", 0}};
  inputs.output = folder_ / "second";
  inputs.initial = &model;
  recipe_.schedule.learning_rate = 0;
  recipe_.run.steps = 1;
  Recorder recorder;
  train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {});
  EXPECT_EQ(last("second").parameters, model.parameters);
  recipe_.model.length = 4;
  inputs.output = folder_ / "third";
  EXPECT_THROW(train(recipe_, inputs, recorder, [](LogLevel, const std::string&) {}), UsageError);
}

TEST_F(TrainTest, StopsAtALossThatIsNoNumber) {
  const std::string message = failure_after_a_nan();
  EXPECT_NE(message.find("step 5: the loss is nan"), std::string::npos) << message;
  EXPECT_NE(message.find("x_train_"), std::string::npos) << message;
}

TEST(TrainRecipe, PresetsAreValidAndRoundTrip) {
  for (const auto& [name, about] : train_presets()) {
    const TrainRecipe recipe = load_train_recipe(name, {});
    const std::string text = train_recipe_text(recipe, true);
    EXPECT_EQ(train_recipe_text(parse_train_recipe(text, name), true), text);
  }
  EXPECT_EQ(ParameterLayout(load_train_recipe("gpt2-1558m", {}).model).parameters(),
            1'557'611'200);  // GPT-2's checkpoint
  EXPECT_EQ(ParameterLayout(load_train_recipe("llama-124m", {}).model).parameters(), 123'551'232);
}

TEST(TrainRecipe, NamesMistakes) {
  EXPECT_THROW(load_train_recipe("tiiny", {}), UsageError);
  EXPECT_THROW(load_train_recipe("tiny", {"model.layerz=3"}), UsageError);
  EXPECT_THROW(load_train_recipe("tiny", {"training.tokens_per_step=2047"}), UsageError);
  EXPECT_THROW(load_train_recipe("tiny", {"run.micro_batch=0"}), UsageError);
  EXPECT_THROW(load_train_recipe("tiny", {"schedule.shape=linear"}), UsageError);
  EXPECT_EQ(load_train_recipe("tiny", {"model.layers=3"}).model.layers, 3);
}

// Every logit of the decoder against the network: the loss of a target is -log softmax(logits)[target].
TEST(Decoder, AgreesWithTheNetwork) {
  testing::SmallModel<float> model;
  Decoder<float> decoder(model.network.config(), *model.layers, model.network.parameters().data());
  const Batch batch = testing::random_batch(model.network.config(), 1, 8);
  for (int round = 0; round < 2; ++round) {
    decoder.reset();
    for (size_t t = 0; t < 8; ++t) {
      const std::span<const float> logits = decoder.next(batch.tokens[t]);
      double sum = 0;
      for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
      for (const uint32_t target : {0u, 17u, 60u}) {
        std::vector<uint8_t> mask(8, 0);
        mask[t] = 1;
        std::vector<uint32_t> targets(8, target);
        BatchView view = batch.view();
        view.targets = targets.data(), view.loss_mask = mask.data();
        EXPECT_NEAR(model.network.loss(view), std::log(sum) - static_cast<double>(logits[target]), 2e-5);
      }
    }
  }
}

// A prompt read at once leaves the same logits, keys and values as one read token by token.
TEST(Decoder, ReadsAPromptAtOnce) {
  testing::SmallModel<float> model;
  Decoder<float> once(model.network.config(), *model.layers, model.network.parameters().data());
  Decoder<float> singly(model.network.config(), *model.layers, model.network.parameters().data());
  const Batch batch = testing::random_batch(model.network.config(), 1, 8);
  for (const size_t size : {5u, 1u, 8u}) {
    const std::span<const float> read = once.read(std::span(batch.tokens).first(size));
    std::span<const float> logits;
    singly.reset();
    for (size_t t = 0; t < size; ++t) logits = singly.next(batch.tokens[t]);
    const auto expect_equal = [&] {
      for (size_t id = 0; id < logits.size(); ++id) ASSERT_NEAR(read[id], logits[id], 2e-5) << size << " " << id;
    };
    expect_equal();
    EXPECT_EQ(once.position(), static_cast<int64_t>(size));
    if (size == 8) break;
    once.next(7), singly.next(7);  // the spans are of the next logits now
    expect_equal();
  }
}

TEST(Sample, DrawsWhatTheOptionsAllow) {
  const std::vector<float> logits = {0, 3, 1, 2, 3};
  EXPECT_EQ(draw_token(logits, {0, 0, 1, 1}, 0), 1u);  // ties: the smaller id
  std::vector<int> counts(5), top(5), nucleus(5);
  for (uint64_t i = 0; i < 20000; ++i) {
    ++counts[draw_token(logits, {1, 0, 1, 1}, i)];
    ++top[draw_token(logits, {1, 2, 1, 1}, i)];
    ++nucleus[draw_token(logits, {1, 0, 0.85, 1}, i)];
  }
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (size_t i = 0; i < 5; ++i) {
    const double p = std::exp(static_cast<double>(logits[i])) / sum;
    EXPECT_NEAR(counts[i], 20000 * p, 5 * std::sqrt(20000 * p)) << i;
  }
  EXPECT_EQ(top[0] + top[2] + top[3], 0);  // the two likeliest
  EXPECT_EQ(nucleus[0] + nucleus[2], 0);   // 0.40 + 0.40 + 0.15 reach 0.85
  EXPECT_GT(nucleus[3], 0);
}

TEST(Sample, DrawsFromNumbersAlone) {
  std::vector<float> logits = {0, 3, -INFINITY, 2};
  for (uint64_t i = 0; i < 1000; ++i) EXPECT_NE(draw_token(logits, {1, 0, 1, 1}, i), 2u);
  EXPECT_EQ(likeliest_tokens(logits, 1, 4).back().probability, 0);
  for (const float bad : {NAN, INFINITY}) {
    logits[3] = bad;
    EXPECT_THROW((void)draw_token(logits, {0, 0, 1, 1}, 0), Error);
    EXPECT_THROW((void)draw_token(logits, {1, 2, 0.9, 1}, 0), Error);
    EXPECT_THROW((void)likeliest_tokens(logits, 1, 2), Error);
  }
  EXPECT_THROW((void)draw_token(std::vector<float>(4, -INFINITY), {1, 0, 1, 1}, 0), Error);
}

TEST(Sample, NeverDrawsIdsThatAreNoToken) {
  Vocabulary vocabulary;  // the bytes, and a special token behind a hole
  for (uint32_t byte = 0; byte < 256; ++byte) {
    vocabulary.bytes.push_back(static_cast<char>(byte));
    vocabulary.offsets.push_back(byte + 1);
  }
  vocabulary.specials.push_back({"<|endoftext|>", 258});
  const Encoding encoding(vocabulary);
  ASSERT_EQ(encoding.n_vocab(), 259u);
  std::vector<float> logits(300, 0.0f);
  leave_out_no_tokens(logits, nullptr);
  EXPECT_EQ(std::count(logits.begin(), logits.end(), 0.0f), 300);
  leave_out_no_tokens(logits, &encoding);
  EXPECT_EQ(std::count(logits.begin(), logits.end(), 0.0f), 257);
  for (const size_t id : {0u, 255u, 258u}) EXPECT_EQ(logits[id], 0.0f) << id;
  for (const size_t id : {256u, 257u, 259u, 299u}) EXPECT_EQ(logits[id], -INFINITY) << id;
}

// A special token has a loss and no bytes; what the mask leaves out has neither; ids beyond the vocabulary have no
// bytes.
TEST(BitsPerByte, AreOfTheTextOfTargetsThatCount) {
  Vocabulary vocabulary;
  for (uint32_t id = 0; id < 256; ++id) {
    vocabulary.bytes.push_back(static_cast<char>(id));
    if (id >= 250) vocabulary.bytes += "two more";
    vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
  }
  vocabulary.specials.push_back({"<|endoftext|>", 256});
  const Encoding encoding(vocabulary);
  Batch batch;
  batch.B = 1, batch.T = 5;
  batch.tokens = {1, 2, 3, 4, 5}, batch.targets = {7, 255, 256, 300, 8};
  EXPECT_EQ(target_bytes(encoding, batch), 1u + 9 + 0 + 0 + 1);
  batch.loss_mask = {1, 1, 1, 1, 0};
  EXPECT_EQ(target_bytes(encoding, batch), 10u);
  EXPECT_DOUBLE_EQ(bits_per_byte(10 * std::log(2.0), 20).value(), 0.5);
  EXPECT_EQ(bits_per_byte(1, 0), std::nullopt);
}

TEST(Sample, GoesOnBeyondTheContext) {
  testing::SmallModel<float> model;
  Decoder<float> decoder(model.network.config(), *model.layers, model.network.parameters().data());
  const std::vector<uint32_t> prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};  // longer than T = 8
  const auto run = [&](int64_t count) {
    std::vector<uint32_t> tokens;
    generate(decoder, model.network.config(), prompt, count, {}, [&](uint32_t token) {
      tokens.push_back(token);
      return true;
    });
    return tokens;
  };
  const std::vector<uint32_t> tokens = run(30);
  EXPECT_EQ(tokens.size(), 30u);
  EXPECT_EQ(tokens, run(30));
  EXPECT_TRUE(run(0).empty());
}

}  // namespace
}  // namespace ftok
