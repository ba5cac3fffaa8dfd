// Trains a small model on the shards in a folder, then reads it back, measures it and lets it write:
// trainer_alone SHARDS OUTPUT. Prints the losses that training ended with and that the model has on the same shards.
#include <cstdio>
#include <string>
#include <vector>

#include "trainer/evaluate.h"
#include "trainer/model_file.h"
#include "trainer/sample.h"
#include "trainer/train.h"

namespace {

class LastLoss final : public ftok::TrainObserver {
 public:
  void on_start(int64_t, int64_t, int64_t, uint64_t) override {}
  void on_step(const ftok::StepReport& report, const ftok::LossCurve&) override { loss = report.loss; }
  void on_validation(int64_t, double) override {}
  void on_sample(int64_t, const std::vector<uint32_t>&) override {}

  double loss = 0;
};

}  // namespace

int main(int, char** argv) {
  const std::string shards = argv[1], output = argv[2];
  const ftok::TrainRecipe recipe = ftok::load_train_recipe(
      "tiny", {"model.layers=2", "model.channels=32", "model.length=16", "model.vocabulary_size=64",
               "training.tokens_per_step=64", "run.micro_batch=4", "run.steps=30", "vocabulary=''"});
  const ftok::Log quiet = [](ftok::LogLevel, const std::string&) {};
  ftok::TrainInputs inputs;
  inputs.data = {{shards, 0}};
  inputs.output = output;
  LastLoss last;
  if (!ftok::train(recipe, inputs, last, quiet)) return 1;

  const ftok::ModelFile model = ftok::read_model(output, 0, quiet);
  const auto evaluator = ftok::make_cpu_evaluator(model.config, model.parameters, 1);
  const ftok::Mixture data = ftok::open_evaluation_data(shards, model.config, nullptr);
  const ftok::Batch batch = data.batch(0, static_cast<int64_t>(data.windows()));
  const double loss = evaluator->loss(batch.view()) / static_cast<double>(batch.counted());

  const auto predictor = ftok::make_cpu_decoder(model.config, model.parameters, 1);
  const std::vector<uint32_t> prompt = {1};
  size_t drawn = 0;
  ftok::generate(*predictor, model.config, prompt, 20, {}, [&](uint32_t) { return ++drawn < 20; });
  std::printf("%.4f %.4f %zu\n", last.loss, loss, drawn);
  return 0;
}
