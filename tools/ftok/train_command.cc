// `ftok train`: a GPT from token shards.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/train.h"

namespace ftok::cli {
namespace {

struct TrainFlags {
  std::string recipe, data, output, initial;
  std::optional<int64_t> steps, seed;
  std::vector<std::string> sets;
  bool show = false;
};

// A line a step on standard error; samples there too: the model is the data, and it lies in files.
class Progress : public TrainObserver {
 public:
  explicit Progress(const Encoding* encoding) : encoding_(encoding) {}

  void on_start(int64_t first_step, int64_t steps, int64_t parameters, uint64_t windows) override {
    if (first_step > steps) {
      fmt::print(stderr, "ftok: all {} steps are done; --steps asks for more\n", steps);
    } else {
      fmt::print(stderr, "ftok: {} parameters, {} windows an epoch, steps {} to {}\n", parameters, windows, first_step, steps);
    }
  }
  void on_step(const StepReport& report) override {
    fmt::print(stderr, "step {}/{}  loss {:.4f}  norm {:.3f}  lr {:.3g}  {:.0f} tokens/s\n", report.step, report.steps,
               report.loss, report.norm, report.learning_rate, report.tokens_per_second);
  }
  void on_validation(int64_t step, double loss) override {
    fmt::print(stderr, "step {}  validation loss {:.4f} (perplexity {:.2f})\n", step, loss, std::exp(loss));
  }
  void on_sample(int64_t step, const std::vector<uint32_t>& tokens) override {
    fmt::print(stderr, "step {}  sample: {}\n", step, text_of(tokens));
  }

 private:
  std::string text_of(const std::vector<uint32_t>& tokens) const {
    if (encoding_ == nullptr) return fmt::format("{}", fmt::join(tokens, " "));
    std::string text;
    for (const uint32_t token : tokens) text += encoding_->token_bytes(token);
    std::string quoted;  // one line, and valid UTF-8 where a sample breaks a character
    append_json_string(quoted, text);
    return quoted;
  }

  const Encoding* encoding_;
};

void run(const TrainFlags& flags) {
  std::vector<std::string> sets = flags.sets;
  if (flags.steps) sets.push_back(fmt::format("run.steps={}", *flags.steps));
  if (flags.seed) sets.push_back(fmt::format("training.seed={}", *flags.seed));
  const TrainRecipe recipe = load_train_recipe(flags.recipe, sets);
  if (flags.show) {
    print_out(train_recipe_text(recipe, true));
    return;
  }
  if (flags.data.empty() || flags.output.empty()) throw UsageError("ftok train needs --data and --output");
  std::optional<Encoding> encoding;
  if (!recipe.vocabulary.empty()) encoding.emplace(Encoding::load(find_vocabulary(recipe.vocabulary)));
  std::optional<ModelFile> initial;
  if (!flags.initial.empty()) initial.emplace(read_model(flags.initial, recipe.model.heads, stderr_log()));
  const TrainInputs inputs{flags.data, flags.output, encoding ? &*encoding : nullptr, initial ? &*initial : nullptr};
  Progress progress(inputs.encoding);
  train(recipe, inputs, progress, stderr_log());
}

}  // namespace

void add_train_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a GPT on token shards, on the CPU; goes on where it stopped");
  const auto flags = std::make_shared<TrainFlags>();
  std::string names;
  for (const auto& [name, about] : train_presets()) names += fmt::format("\n  {:<12}{}", name, about);
  command->add_option("RECIPE", flags->recipe, "A preset or a TOML file")->required();
  command->add_option("--data", flags->data, "Folder of shards: *train*.bin, and *val*.bin for the validation loss");
  command->add_option("--output", flags->output, "Folder for checkpoints and log.jsonl; one that holds a run is gone on with");
  command->add_option("--init", flags->initial, "Start from this model's weights (as `ftok model info` reads them), not from random ones");
  command->add_option("--steps", flags->steps, "The whole run's steps: run.steps");
  command->add_option("--seed", flags->seed, "Of weights and data order: training.seed");
  command->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")->take_all()->allow_extra_args(false);
  command->add_flag("--show", flags->show, "Print the recipe with all keys and what they mean, and stop");
  command->callback([flags] { run(*flags); });
  command->footer("Presets:" + names +
                  "\nExamples:\n"
                  "  ftok train tiny --data shards --output model\n"
                  "  ftok train tiny --data shards --output model --steps 500 --set run.threads=2\n"
                  "  ftok train tiny --show > mine.toml");
}

}  // namespace ftok::cli
